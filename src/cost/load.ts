import { MAX_GROUP_KEYS } from "../admission/protocol.ts";
import type { CostCommand } from "./arguments.ts";
import type { Load } from "./traffic.ts";

export const MONTH_S = (365.25 / 12) * 86_400;

/** The requests a second of each key, the busiest first. */
export function ratesOf({ requests, keys, skew }: Pick<CostCommand, "requests" | "keys" | "skew">): number[] {
  const weights = Array.from({ length: keys }, (_, rank) => (skew === "zipf" ? 1 / (rank + 1) : 1));
  const whole = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => (requests / MONTH_S) * (weight / whole));
}

/** The keys in the groups that they would be in: each organisation has its share of busy keys, 64 keys to a group. */
export function loadOf(rates: readonly number[], organizations: number): Load {
  const each = Array.from({ length: organizations }, (): number[] => []);
  for (const [rank, rate] of rates.entries()) each[rank % organizations]?.push(rate);
  return each.flatMap((own) =>
    Array.from({ length: Math.ceil(own.length / MAX_GROUP_KEYS) }, (_, group) =>
      own.slice(group * MAX_GROUP_KEYS, (group + 1) * MAX_GROUP_KEYS),
    ),
  );
}

/** How long an isolate lives, which is not published: one that starts reads the copies of its keys in KV anew. */
const ISOLATE_LIFE_S = 6 * 3600;

/** How many copies of keys are read from KV in a month: one when an isolate meets a key for the first time. */
export function kvReadsOf(rates: readonly number[], isolates: number): number {
  const met = (rate: number) => isolates * (1 - Math.exp((-rate / isolates) * ISOLATE_LIFE_S));
  return (MONTH_S / ISOLATE_LIFE_S) * rates.reduce((sum, rate) => sum + met(rate), 0);
}
