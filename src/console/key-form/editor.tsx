import type { Child, FC } from "hono/jsx";
import { VAULT } from "../../core/policy/resource-types.ts";
import type { Console } from "../context.ts";
import { NotSaved, Refused } from "../parts/outcome-banners.tsx";
import type { Problems } from "../parts/problems.ts";
import { FieldGroup, Problem, described, TextArea, TextField } from "../parts/fields.tsx";
import { Cancel, Form } from "../parts/form.tsx";
import { AddressEditor } from "./address-editor.tsx";
import { Expiry, RateFields } from "./limits.tsx";
import type { Owner } from "./owner.ts";
import { FIELD_LABELS, type Notice } from "./problems.ts";
import type { Preview } from "./preview.ts";
import type { KnownVaults } from "./known.ts";
import { EffectiveAccessCard } from "./effective-access-card.tsx";
import { ScopeBuilder } from "./scope-builder.tsx";
import { lifetimeOf, type KeyForm } from "./values.ts";
import { VaultPicker } from "./vault-picker.tsx";

interface Props {
  action: string;
  csrf: string;
  api: Pick<Console, "config" | "policy">;
  form: KeyForm;
  owner: Owner;
  /** The possible owners, where there is a choice. */
  owners?: readonly Owner[];
  preview: Preview;
  /** `null` where it cannot be told which vaults there are. */
  knownVaults: KnownVaults | null;
  problems: Problems;
  /** A message about the form as a whole. */
  notice?: Notice | null;
  /** The address of the person who fills in the form. */
  address: string;
  /** Where to go on by keyboard: a row of the scopes. */
  focus?: number | null;
  /** When the key ends as it is; absent for a new one. */
  expiresAt?: string | null;
  /** When it stops working because it was rotated. */
  retiresAt?: string | null;
  /** What is sent along unseen. */
  hidden: Readonly<Record<string, string>>;
  submit: { readonly label: string; readonly value: string };
  cancel: string;
  children?: Child;
}

/** The form of a key, new or to be changed, with what follows from it beside. */
export const KeyEditor: FC<Props> = (props) => {
  const { form, owner, owners = [], preview, problems, submit } = props;
  const problemOf = (field: string) => problems[field];
  const vaults =
    owner.vaults === "*" || owner.vaults === null
      ? [...new Set([...form.vaults, ...(props.knownVaults?.inUse ?? [])])]
      : owner.vaults;
  return (
    <Form action={props.action} csrf={props.csrf} keep="key" live unsaved class="editor">
      {/* The first button is the one that the Enter key presses. */}
      <button hidden name="do" value={submit.value} />
      {Object.entries(props.hidden).map(([name, value]) => (
        <input type="hidden" name={name} value={value} data-kept="" />
      ))}
      <div class="editor-fields">
        <Refused notice={props.notice ?? null} />
        <NotSaved problems={problems} labels={FIELD_LABELS} />
        {props.children}
        <FieldGroup name="about" title="Details">
          {(owners.length > 1 || (owners.length === 1 && owner.id !== "")) && (
            <OwnerField owner={owner} owners={owners} problem={problemOf("owner")} />
          )}
          <TextField name="name" label="Name" value={form.name} problem={problemOf("name")} />
          <TextArea
            name="description"
            label="Description"
            rows={2}
            value={form.description}
            problem={problemOf("description")}
          />
        </FieldGroup>
        <ScopeBuilder
          rows={form.scopes}
          types={props.api.policy.resourceTypes}
          previews={preview.scopes}
          vaults={vaults}
          problem={problemOf("scopes")}
          focus={props.focus ?? null}
        />
        {props.api.policy.resourceTypes.has(VAULT) ? (
          <VaultPicker
            form={form}
            owner={owner}
            known={props.knownVaults}
            unknown={preview.unknownVaults}
            problem={problemOf("vaults")}
          />
        ) : (
          <input type="hidden" name="vaults" value="all" />
        )}
        <AddressEditor
          text={form.addresses}
          checks={preview.addresses}
          ownAddress={preview.ownAddress}
          address={props.address}
          problem={problemOf("allowedIps")}
        />
        <Expiry
          form={form}
          usual={lifetimeOf(props.api.config.defaultKeyExpiryMs)}
          current={props.expiresAt}
          retiresAt={props.retiresAt}
          problem={problemOf("expiry")}
        />
        <RateFields form={form} usual={props.api.config.rateLimit} problem={problemOf("rateLimit")} />
      </div>
      <aside class="editor-side">
        <EffectiveAccessCard
          form={form}
          preview={preview}
          hasVaults={props.api.policy.resourceTypes.has(VAULT)}
          ownerVaultsKnown={owner.vaults !== null}
        />
        <noscript>
          <button name="do" value="check" class="secondary outline">
            Bring this up to date
          </button>
        </noscript>
      </aside>
      <footer class="editor-actions">
        <button name="do" value={submit.value}>
          {submit.label}
        </button>
        <Cancel href={props.cancel} />
      </footer>
    </Form>
  );
};

const OwnerField: FC<{ owner: Owner; owners: readonly Owner[]; problem: string | undefined }> = ({
  owner,
  owners,
  problem,
}) => (
  <div class="field">
    <label for="owner">Owner</label>
    <select id="owner" name="owner" data-rebuild="" {...described("owner", false, problem)}>
      {owners.map(({ id, name }) => (
        <option value={id} selected={id === owner.id}>
          {name}
        </option>
      ))}
    </select>
    <Problem of="owner" problem={problem} />
  </div>
);
