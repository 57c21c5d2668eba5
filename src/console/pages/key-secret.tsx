import type { CreatedKey, Key } from "../api-types.ts";
import type { ConsoleContext } from "../context.ts";
import { Facts } from "../parts/bits.tsx";
import { Icon } from "../parts/icons.tsx";
import { bare } from "../parts/page.tsx";
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
  const page = `${HOME}/${encodeURIComponent(id)}`;
  const content = (
    <div class="secret" data-once={page}>
      <h1>
        <Icon name="key" /> Store the key now
      </h1>
      <p>
        This is the only time that the key <b>{name}</b> is shown. Portcullis keeps no copy: what is lost can
        only be rotated.
      </p>
      <p class="secret-value">
        <code id="secret" tabindex={0} aria-label="The key">
          {key}
        </code>
      </p>
      <p class="secret-actions">
        <button type="button" data-copy="secret" hidden>
          <Icon name="copy" /> Copy
        </button>
        <button
          type="button"
          class="secondary outline"
          data-download={`${keyPrefix}.txt`}
          data-of="secret"
          hidden
        >
          <Icon name="download" /> Download
        </button>
        <span id="said" role="status"></span>
      </p>
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
      <form method="get" action={page} data-acknowledge="">
        <label>
          <input type="checkbox" required /> I have stored the key in a safe place
        </label>
        <button>Done</button>
      </form>
    </div>
  );
  return bare(c, "Store the key", content, { contained: true });
}
