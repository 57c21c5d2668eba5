import { drawByZipf, drawUniformly } from "./draw.ts";
import { groupOf, mistyped, unknownKey, type KeyCounts, type Keys } from "./keys.ts";
import type { Variant } from "./measure.ts";

interface Urls {
  readonly bare: string;
  /** Writes the contract's headers and log line, and decides nothing. */
  readonly floor: string;
  readonly leased: string;
  readonly perRequest: string;
  /** A gateway with leases that signs nothing for the origin. */
  readonly unsigned: string;
  /** A gateway for unknown keys, each presented once. */
  readonly strangers: string;
  readonly bareRefusal: string;
  /** Where the guards of the gateway with leases take keys. */
  readonly guards: string;
}

/** Enough for leases of one key, and for each of many to be used more than once. */
const [LEAD_IN_S, LEAD_IN_OF_MANY_S] = [0.5, 20];

/** How many keys the variants with many use. */
export const MANY: KeyCounts = { ofOne: 10_000, ofMany: 10_000, organizations: 2_000 };

/** The ratios that are told: one variant as a share of another. */
export const RATIOS: Readonly<Record<string, { readonly variant: string; readonly baseline: string }>> = {
  floor: { variant: "floor", baseline: "bare" },
  leased: { variant: "leased", baseline: "bare" },
  leasedOfFloor: { variant: "leased", baseline: "floor" },
  perRequest: { variant: "perRequest", baseline: "bare" },
  refusedUnknown: { variant: "refusedUnknown", baseline: "bareRefusal" },
  refusedChecksum: { variant: "refusedChecksum", baseline: "bareRefusal" },
  refusedRevoked: { variant: "refusedRevoked", baseline: "bareRefusal" },
  refusedStranger: { variant: "refusedStranger", baseline: "bareRefusal" },
  refusedEverDifferent: { variant: "refusedEverDifferent", baseline: "bareRefusal" },
  token: { variant: "token", baseline: "leased" },
  asserted: { variant: "asserted", baseline: "unsigned" },
  keys10000: { variant: "keys10000", baseline: "leased" },
  keys10000Zipf: { variant: "keys10000Zipf", baseline: "leased" },
  keysOfMany: { variant: "keysOfMany", baseline: "leased" },
};

/** The names of all variants. */
export const VARIANTS: readonly string[] = [
  ...new Set(Object.values(RATIOS).flatMap(({ variant, baseline }) => [variant, baseline])),
];

/** The named variants with those that they are compared with; all when none is named. */
export function chosenVariants(all: readonly Variant[], names: readonly string[]): Variant[] {
  const baselines = Object.values(RATIOS).filter(({ variant }) => names.includes(variant));
  const wanted = new Set([...names, ...baselines.map(({ baseline }) => baseline)]);
  return all.filter(({ name }) => wanted.size === 0 || wanted.has(name));
}

/** The variants, each near to what it is compared with. Those with many keys leave most to settle, so they come last. */
export function listVariants(urls: Urls, keys: Keys): Variant[] {
  const key = keys.active[0] as string;
  const many = keys.active.length.toLocaleString("en");

  const row = (
    name: string,
    title: string,
    url: string,
    status: 200 | 401,
    credential: string | ((count: number) => readonly string[]),
    leadInS = LEAD_IN_S,
  ): Variant => ({
    name,
    title,
    url,
    status,
    credentials: typeof credential === "string" ? () => [credential] : credential,
    leadInS,
  });
  return [
    row("bareRefusal", "bare 401", urls.bareRefusal, 401, key),
    row("refusedUnknown", "unknown key of a group in use", urls.leased, 401, unknownKey(groupOf(key))),
    row("refusedStranger", "unknown key of no group, the same each time", urls.leased, 401, unknownKey()),
    row("refusedChecksum", "mistyped key", urls.leased, 401, mistyped(key)),
    row("refusedRevoked", "revoked key", urls.leased, 401, keys.revoked),
    row("refusedEverDifferent", "unknown key of no group, each time another", urls.strangers, 401, (count) =>
      Array.from({ length: count }, () => unknownKey()),
    ),
    row("perRequest", "guard asked each time, 1 key", urls.perRequest, 200, keys.perRequest),
    row("bare", "bare pass-through", urls.bare, 200, key),
    row("floor", "headers and log line alone", urls.floor, 200, key),
    row("leased", "leases, 1 key", urls.leased, 200, key),
    row("token", "leases, access token", urls.leased, 200, keys.token),
    row("unsigned", "leases, no assertion", urls.unsigned, 200, keys.unsigned),
    row("asserted", "leases, with the assertion", urls.leased, 200, key),
    row(
      "keys10000Zipf",
      `leases, ${many} keys, by Zipf's law`,
      urls.leased,
      200,
      (count) => drawByZipf(keys.active, count),
      LEAD_IN_OF_MANY_S,
    ),
    row(
      "keysOfMany",
      `leases, ${keys.ofMany.length.toLocaleString("en")} keys of ${MANY.organizations.toLocaleString("en")} organisations`,
      urls.leased,
      200,
      (count) => drawUniformly(keys.ofMany, count),
      LEAD_IN_OF_MANY_S,
    ),
    row(
      "keys10000",
      `leases, ${many} keys, uniformly`,
      urls.leased,
      200,
      (count) => drawUniformly(keys.active, count),
      LEAD_IN_OF_MANY_S,
    ),
  ];
}
