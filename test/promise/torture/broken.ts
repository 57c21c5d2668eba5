import { bundledWorker } from "../../support/build-bundle.ts";
import { replaceOnce } from "../protocol/patched-rules.ts";

/** A product with one fault: a piece of the Worker's bundle that stands there once is replaced. */
interface BrokenProduct {
  readonly name: string;
  readonly instead: readonly (readonly [snippet: string, replacement: string])[];
  /** Whether the fault takes a restart to show. */
  readonly shows: "by itself" | "after a restore";
}

export const BROKEN: readonly BrokenProduct[] = [
  {
    name: "a change waits for no lease",
    instead: [
      ["waitMs: longestOutstanding(memory.given), settles: revision", "waitMs: 0, settles: revision"],
    ],
    shows: "by itself",
  },
  {
    name: "an isolate does not hear what has changed",
    instead: [["if (stored.revision > have) changed[id] = guardedKey(stored);", ""]],
    shows: "by itself",
  },
  {
    name: "a guard confirms an operator's cut and ignores it",
    instead: [
      ["current.revokedAt === null ? revoked(current, change.cut.at) : null", "false ? null : null"],
      [": inForce.revokedAt !== null;", ": true;"],
      [
        "function tombstoned(confirmation) {",
        "function tombstoned(live) { const confirmation = live && { ...live, record: { ...live.record, revokedAt: 1 } };",
      ],
    ],
    shows: "by itself",
  },
  {
    name: "a change of roles is not told to the keys",
    instead: [["else if (!sameRoles) this.#touchKeys(personId);", ""]],
    shows: "by itself",
  },
  {
    name: "somebody who is deactivated keeps the keys",
    instead: [["this.#parts.revokeKeysOf(author, personId, now);", ""]],
    shows: "by itself",
  },
  {
    name: "a revoked token is not denied",
    instead: [["= stored.denials !== denials;", "= false;"]],
    shows: "by itself",
  },
  {
    name: "a rotation without an overlap leaves the old key alive",
    instead: [
      [
        "this.#table.retire(keyId, now + overlapMs, old.disabled || overlapMs === 0);",
        "this.#table.retire(keyId, now + overlapMs + 60000, old.disabled);",
      ],
    ],
    shows: "by itself",
  },
  {
    name: "an expiry in the past does not end a key",
    instead: [['if (key.expiresAt !== null && key.expiresAt <= now) return "expired";', ""]],
    shows: "by itself",
  },
  {
    name: "an address is not looked at once the key is known",
    instead: [["(held.allowsAddress(address) ? null : WRONG_ADDRESS)", "null"]],
    shows: "by itself",
  },
  {
    name: "a restored organisation is not reconciled",
    instead: [
      [
        "if (!fix || found.length === 0) return found;",
        "return found.map((each) => ({ ...each, settled: true }));",
      ],
    ],
    shows: "after a restore",
  },
];

/** The Worker of a broken product. */
export function brokenWorker({ instead }: BrokenProduct): string {
  return instead.reduce(
    (text, [snippet, replacement]) => replaceOnce(text, { file: "the bundle", snippet, replacement }),
    bundledWorker(),
  );
}
