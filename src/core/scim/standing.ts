import { difference, intersection, NOTHING, union, type Grants } from "./roles.ts";

/** Rules that match a SCIM user to a person; the first that fits counts. */
export const MATCHING_RULES = ["externalId", "subject", "userName", "emails"] as const;
type MatchingRule = (typeof MATCHING_RULES)[number];

/** Rules by an e-mail address, which may pass from one person to another. */
const BY_EMAIL: readonly MatchingRule[] = ["userName", "emails"];

/** A SCIM user that decides, or may decide, about a person. */
export interface Candidate {
  readonly id: string;
  /** By which the provider knows the account, as it is compared; `null` where it does not say. */
  readonly externalId: string | null;
  /** Neither deactivated nor deleted. */
  readonly active: boolean;
  readonly deleted: boolean;
  /** The closest rule that fits now; `null` when none does any more. */
  readonly rule: MatchingRule | null;
  /** Whether the person was found to be this SCIM user before. */
  readonly bound: boolean;
  /** Whether only a name or an address fits that the SCIM user had before. */
  readonly former: boolean;
  /** When they were last deactivated or deleted; milliseconds since the epoch, 0 for never. */
  readonly claimsVoidBefore: number;
  readonly grants: Grants;
  /** What was taken from the SCIM user since the person's token was issued. */
  readonly withdrawn: Grants;
}

/** What a person's identity tokens say. Times are milliseconds since the epoch. */
interface Claimed {
  readonly claimed: Grants;
  readonly claimsAt: number;
  /** Claims of tokens up to this moment count for nothing. */
  readonly claimsVoidBefore: number;
}

export interface Verdict {
  readonly active: boolean;
  readonly claimsVoidBefore: number;
  /** Roles by the identity token, and by SCIM. */
  readonly claimed: Grants;
  readonly granted: Grants;
  /** The SCIM users that the person is now. */
  readonly matched: readonly string[];
  /** Those that they are on record as: the same, else living ones that they were found to be, else deleted ones. */
  readonly recorded: readonly string[];
}

/**
 * What a person may do. The closest rule counts; of several SCIM users that fit it, the one with less access. A match
 * that was made before stays: a user may be renamed before they are deactivated, and an address may pass to another
 * person. An old token brings back nothing that was taken since, and gives nothing of the address's present owner.
 */
export function judge(token: Claimed, fitting: readonly Candidate[]): Verdict {
  const candidates = withoutOthers(fitting);
  const matched = closestOf(candidates);
  const earlier = candidates.filter((each) => each.bound && !matched.includes(each));
  const former = candidates.filter((each) => each.former && !each.bound);
  const weighed = candidates.filter(
    (each) => each.bound || each.former || each.deleted || matched.includes(each),
  );
  const byEmail = matched.some(isByEmail);

  const others = matched.length === 0 ? [...earlier, ...former] : byEmail ? earlier : [];
  const deciding = [...matched, ...others.filter(({ deleted }) => !deleted)];

  const claimsVoidBefore = latestCut(weighed, token.claimsVoidBefore);
  const withdrawn = weighed.map((each) => each.withdrawn).reduce(union, NOTHING);
  const gone = weighed.filter((each) => !matched.includes(each));
  const superseded = byEmail && token.claimsAt <= latestCut(gone, 0);
  const grants = superseded ? [] : matched.map((each) => each.grants);
  return {
    active: isActive(deciding, weighed),
    claimsVoidBefore,
    claimed: token.claimsAt > claimsVoidBefore ? difference(token.claimed, withdrawn) : NOTHING,
    granted: grants.length === 0 ? NOTHING : grants.reduce(intersection),
    matched: matched.map(({ id }) => id),
    recorded: recordedOf(matched, deciding, weighed),
  };
}

function recordedOf(
  matched: readonly Candidate[],
  deciding: readonly Candidate[],
  weighed: readonly Candidate[],
): string[] {
  const deleted = weighed.filter((each) => each.deleted && (each.bound || each.rule !== null));
  const still = fitsDeleted(weighed) ? [] : deciding.filter(({ bound }) => bound);
  const recorded = [matched, still, deleted].find((some) => some.length > 0);
  return (recorded ?? []).map(({ id }) => id);
}

/**
 * The candidates, after a deleted SCIM user of the person's own subject has ruled out other accounts with their address.
 * Addresses pass on, and the next owner is not the leaver.
 */
function withoutOthers(candidates: readonly Candidate[]): readonly Candidate[] {
  const gone = candidates.filter((each) => each.deleted && each.rule !== null && !isByEmail(each));
  return candidates.map((each) =>
    isByEmail(each) && !each.deleted && gone.some((one) => isAnotherAccount(each, one))
      ? { ...each, rule: null }
      : each,
  );
}

/** By the provider's own ids; where it does not tell both, a match that was made before stays. */
function isAnotherAccount(living: Candidate, gone: Candidate): boolean {
  if (living.externalId === null || gone.externalId === null) return !living.bound;
  return living.externalId !== gone.externalId;
}

function isByEmail({ rule }: Candidate): boolean {
  return rule !== null && BY_EMAIL.includes(rule);
}

function closestOf(candidates: readonly Candidate[]): Candidate[] {
  const living = candidates.filter(({ deleted }) => !deleted);
  const rule = MATCHING_RULES.find((each) => living.some((candidate) => candidate.rule === each));
  return rule === undefined ? [] : living.filter((candidate) => candidate.rule === rule);
}

/**
 * Somebody whom only deleted SCIM users fit is out; a stranger is not. Neither a name that an active one had before nor
 * an earlier match with one brings back whom a deleted one still fits: they may only keep out.
 */
function isActive(deciding: readonly Candidate[], weighed: readonly Candidate[]): boolean {
  const outlived = fitsDeleted(weighed);
  const isKnown = deciding.some(({ rule, bound }) => rule !== null || (bound && !outlived));
  return deciding.every(({ active }) => active) && (isKnown || weighed.every(({ deleted }) => !deleted));
}

function fitsDeleted(weighed: readonly Candidate[]): boolean {
  return weighed.some(({ deleted, rule }) => deleted && rule !== null);
}

function latestCut(candidates: readonly Candidate[], least: number): number {
  return Math.max(least, ...candidates.map(({ claimsVoidBefore }) => claimsVoidBefore));
}
