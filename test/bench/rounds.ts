import { setTimeout as sleep } from "node:timers/promises";
import { measure, type Measurement, type Variant } from "./measure.ts";

/** A variant's measurements, one for each round. */
export interface Series {
  readonly variant: Variant;
  readonly rounds: readonly Measurement[];
}

const WARM_UP_S = 1;
/** Groups that have gone quiet give their last word within 8 s: work of one round that must not fall into the next. */
const SETTLE_MS = 9_000;

/**
 * Measures every variant once a round, after a round that only warms up. Every other round goes backwards, so that a
 * machine that slows down or recovers favours neither side of a ratio.
 */
export async function measureRounds(
  variants: readonly Variant[],
  workerdPid: number,
  { rounds, seconds }: { readonly rounds: number; readonly seconds: number },
  progress: (text: string) => void,
): Promise<Series[]> {
  const all = variants.map((variant) => ({ variant, rounds: [] as Measurement[] }));
  progress("warming up");
  for (const variant of variants) await measure(variant, workerdPid, WARM_UP_S);
  for (let round = 1; round <= rounds; round++) {
    await sleep(SETTLE_MS);
    progress(`round ${round} of ${rounds}`);
    for (const series of round % 2 === 0 ? all.toReversed() : all)
      series.rounds.push(await measure(series.variant, workerdPid, seconds));
  }
  return all;
}
