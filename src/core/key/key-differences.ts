import { commonRanges } from "./ip-allowlist.ts";
import type { KeyRecord, RateLimit } from "./key-record.ts";
import { commonScopes, commonVaults, holdsVaults } from "./narrowing.ts";
import { keysOf } from "../keys-of.ts";

/** What two records of a key can differ in and still be of the same key. */
const SETTLED_FIELDS = [
  "scopes",
  "vaults",
  "allowedIps",
  "rateLimit",
  "expiresAt",
  "retiresAt",
  "disabled",
] as const;
type SettledField = (typeof SETTLED_FIELDS)[number];

/** The settings on which the holders of a key's record must agree. */
export type Settled = Pick<KeyRecord, SettledField>;

/** The fields in which two records differ; nothing else counts once both say that the key is revoked. */
export function differingFields(a: KeyRecord, b: KeyRecord): (keyof KeyRecord)[] {
  const areRevoked = [a.revokedAt !== null, b.revokedAt !== null];
  if (areRevoked[0] !== areRevoked[1]) return ["revokedAt"];
  if (areRevoked[0]) return [];
  const fields = keysOf(a);
  return fields.filter((field) => !isSame(a[field], b[field]));
}

/**
 * The intersection of two records of a key. Fields in `chosen` keep the values of `ours`. `standard` is the limit of a key
 * that has none of its own.
 */
export function commonSettings(
  ours: KeyRecord,
  theirs: KeyRecord,
  standard: RateLimit,
  chosen: ReadonlySet<string> = new Set(),
): Settled {
  // What the owner has lost since can only be kept from the key by its own list.
  const lost = holdsVaults(theirs.ownerVaults, ours.ownerVaults) ? "*" : theirs.ownerVaults;
  const allowedIps = commonRanges(ours.allowedIps, theirs.allowedIps);
  const common: Settled = {
    scopes: isSame(ours.scopes, theirs.scopes) ? ours.scopes : commonScopes(ours.scopes, theirs.scopes),
    vaults: commonVaults(commonVaults(ours.vaults, theirs.vaults), lost),
    // Two lists that have no address in common leave nothing, and an empty list would allow everything.
    allowedIps: allowedIps ?? ours.allowedIps,
    disabled: ours.disabled || theirs.disabled || allowedIps === null,
    rateLimit: smallerLimit(ours.rateLimit, theirs.rateLimit, standard),
    expiresAt: earlier(ours.expiresAt, theirs.expiresAt),
    retiresAt: earlier(ours.retiresAt, theirs.retiresAt),
  };
  const own = SETTLED_FIELDS.filter((field) => chosen.has(field)).map((field) => [field, ours[field]]);
  return { ...common, ...(Object.fromEntries(own) as Partial<Settled>) };
}

/** Fewer requests in a longer window. */
function smallerLimit(a: RateLimit | null, b: RateLimit | null, standard: RateLimit): RateLimit | null {
  if (isSame(a, b)) return a;
  const [one, other] = [a ?? standard, b ?? standard];
  return {
    requests: Math.min(one.requests, other.requests),
    windowSeconds: Math.max(one.windowSeconds, other.windowSeconds),
  };
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function earlier(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.min(a, b);
}
