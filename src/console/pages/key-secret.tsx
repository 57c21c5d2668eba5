import type { FC } from "hono/jsx";
import type { CreatedKey, Key } from "../../api-types/keys.ts";
import type { Console, ConsoleContext } from "../context.ts";
import { firstCallOf } from "../key-form/first-call.ts";
import { Facts } from "../parts/ui.tsx";
import { FirstCallCard } from "../parts/first-call.tsx";
import { endOf, isRetiring } from "../parts/key-end.tsx";
import { bare } from "../parts/page.tsx";
import { SecretOnce } from "../parts/secret-once.tsx";
import { Moment } from "../parts/time.tsx";
import { HOME } from "../paths.ts";

/**
 * The one page that ever holds a secret: the answer to the form that made the key, kept nowhere. There is no way on but
 * through the acknowledgement. Sent anew, the form makes no second key and shows no secret.
 */
export function secretPage(
  c: ConsoleContext,
  { policy, config }: Console,
  created: CreatedKey,
  replaced: Key | null,
): Response | Promise<Response> {
  const { id, key, name, keyPrefix, expiresAt } = created;
  const call = firstCallOf(created, policy.operations);
  const isHere = config.controlHostname === null;
  const origin = isHere ? new URL(c.req.url).origin : "https://your-gateway.example";
  const content = (
    <SecretOnce
      title="Store the key now"
      label="The key"
      secret={key}
      file={`${keyPrefix}.txt`}
      onward={`${HOME}/${encodeURIComponent(id)}`}
      text={
        <>
          This is the only time that the key <b>{name}</b> is shown. If you lose it, rotate the key.
        </>
      }
    >
      <Facts
        rows={[
          ["Expires", <Moment time={expiresAt} otherwise="Never" />],
          ...(replaced === null ? [] : [["The old key", <OldKey key_={replaced} />] as const]),
        ]}
      />
      {call && <FirstCallCard call={call} secret={key} origin={origin} isHere={isHere} />}
    </SecretOnce>
  );
  return bare(c, "Store the key", content, { contained: true });
}

const OldKey: FC<{ key_: Key }> = ({ key_: key }) => (
  <>
    <code>{key.keyPrefix}…</code>{" "}
    {isRetiring(key) ? (
      <>
        works until <Moment time={endOf(key)} otherwise="" />
      </>
    ) : (
      "no longer works."
    )}
  </>
);
