import { stepStart, USAGE_STEPS, type UsageStep } from "./usage.ts";

/** How far back usage can be asked for. */
export const USAGE_WINDOWS = ["1h", "24h", "7d", "30d"] as const;
export type UsageWindow = (typeof USAGE_WINDOWS)[number];

const [MINUTES, HOURS, DAYS] = USAGE_STEPS;
const STEPS: Readonly<Record<UsageWindow, { readonly step: UsageStep; readonly length: number }>> = {
  "1h": { step: MINUTES, length: 60 },
  "24h": { step: HOURS, length: 24 },
  "7d": { step: HOURS, length: 7 * 24 },
  "30d": { step: DAYS, length: 30 },
};

/** A period of usage, as a number of steps. */
export interface UsageStretch {
  /** The start of the first step; milliseconds since the epoch. */
  readonly from: number;
  readonly step: UsageStep;
  readonly length: number;
}

/**
 * A window at `now`, whose last step is still filling. Charts and reviews both use it, so that their numbers agree.
 */
export function usageStretch(window: UsageWindow, now: number): UsageStretch {
  const { step, length } = STEPS[window];
  return { from: stepStart(now, step) - (length - 1) * step, step, length };
}
