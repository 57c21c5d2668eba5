import type { CreatedKey, Key } from "../../api-types/keys.ts";
import type { ConsoleContext } from "../context.ts";
import { Facts } from "../parts/bits.tsx";
import { bare } from "../parts/page.tsx";
import { SecretOnce } from "../parts/secret-once.tsx";
import { Moment } from "../parts/time.tsx";
import { HOME } from "../paths.ts";

/** The key that a new one has taken the place of, and how much longer it works. */
export interface Replaced {
  readonly old: Key;
  /** `null` where it works no more. */
  readonly worksUntil: string | null;
}

/**
 * The one page that ever holds a secret: the answer to the form that made the key, kept nowhere. There is no way on but
 * through the acknowledgement. Sent anew, the form makes no second key and shows no secret.
 */
export function secretPage(
  c: ConsoleContext,
  { id, key, name, keyPrefix, expiresAt }: CreatedKey,
  replaced: Replaced | null,
): Response | Promise<Response> {
  const content = (
    <SecretOnce
      title="Store the key now"
      label="The key"
      secret={key}
      file={`${keyPrefix}.txt`}
      onward={`${HOME}/${encodeURIComponent(id)}`}
      text={
        <>
          This is the only time that the key <b>{name}</b> is shown. Portcullis keeps no copy: what is lost
          can only be rotated.
        </>
      }
    >
      <Facts
        rows={[
          ["Expires", <Moment time={expiresAt} otherwise="Never" />],
          ...(replaced === null
            ? []
            : [
                [
                  "The key before",
                  replaced.worksUntil === null ? (
                    <>
                      <code>{replaced.old.keyPrefix}…</code> works no more.
                    </>
                  ) : (
                    <>
                      <code>{replaced.old.keyPrefix}…</code> works until{" "}
                      <Moment time={replaced.worksUntil} otherwise="" />
                    </>
                  ),
                ] as const,
              ]),
        ]}
      />
    </SecretOnce>
  );
  return bare(c, "Store the key", content, { contained: true });
}
