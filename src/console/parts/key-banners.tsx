import type { FC } from "hono/jsx";
import { isRefusal } from "../../core/refusal.ts";
import type { Key, KeyDetails } from "../../api-types/keys.ts";
import type { Me } from "../../api-types/me.ts";
import type { ApiResult } from "../api.ts";
import { duplicatePage, keyPage } from "../paths.ts";
import { confirmationOf } from "./confirmation.ts";
import { Form } from "./form.tsx";
import type { Section } from "./navigation.tsx";
import { Banner } from "./banner.tsx";
import { endOf, isRetiring } from "./key-end.tsx";
import { Moment } from "./time.tsx";

/** The section that a key's pages belong to: one's own keys, or everybody's. */
export function sectionOf({ owner }: Pick<Key, "owner">, me: ApiResult<Me>): Section {
  return isRefusal(me) || owner.id === me.id ? "keys" : "all-keys";
}

export const KeyLink: FC<{ id: string }> = ({ id }) => (
  <a href={keyPage(id)}>
    <code>{id}</code>
  </a>
);

/** The state of a key, above all else on its page. */
export const KeyBanners: FC<{ key_: KeyDetails; csrf: string; successor: Key | null }> = ({
  key_: key,
  csrf,
  successor,
}) => (
  <>
    {isRetiring(key) && (
      <Banner kind="warn" title="This key was rotated">
        <p>
          It stops working <Moment time={endOf(key)} otherwise="" />.
          {key.successorId !== null && <Successor id={key.successorId} of={key.id} key_={successor} />}
        </p>
      </Banner>
    )}
    {key.reachesNothing && (
      <Banner kind="warn" title="This key reaches nothing">
        <p>
          No operation of the API accepts it: its scopes and vaults do not overlap with its owner's roles.
          Edit the key, or give its owner a role on one of its vaults.
        </p>
      </Banner>
    )}
    {key.status === "revoked" && key.receipt === undefined && <Unconfirmed key_={key} csrf={csrf} />}
  </>
);

const Successor: FC<{ id: string; of: string; key_: Key | null }> = ({ id, of, key_: successor }) =>
  successor?.status === "revoked" ? (
    <>
      {" "}
      The new key <KeyLink id={id} /> is revoked. A key can be rotated once: for another key with the same
      settings, <a href={duplicatePage(of)}>duplicate this one</a>.
    </>
  ) : (
    <>
      {" "}
      The new key with the same settings is <KeyLink id={id} />.
    </>
  );

const Unconfirmed: FC<{ key_: Key; csrf: string }> = ({ key_: key, csrf }) => (
  <Banner kind="warn" title="The revocation is not confirmed everywhere yet">
    <p>It is recorded and final. Portcullis keeps trying until every location has confirmed it.</p>
    <Form action={`${keyPage(key.id)}/revoke`} csrf={csrf}>
      <input type="hidden" name="name" value={confirmationOf(key.name)} />
      <button class="secondary outline">Ask for the receipt</button>
    </Form>
  </Banner>
);
