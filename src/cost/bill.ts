import { PARTS, PLAN, PRICES, type Part, type Units } from "./prices.ts";

const MILLION = 1e6;

interface BillPart {
  readonly part: Part;
  readonly units: number;
  readonly dollars: number;
}

export interface Bill {
  readonly plan: number;
  readonly parts: readonly BillPart[];
  /** US dollars a month, the plan included. */
  readonly total: number;
  /** The part that costs most. */
  readonly dominant: Part;
}

/** The bill of a month in which so many units were used. */
export function billOf(units: Units): Bill {
  const parts = PARTS.map((part) => {
    const { perMillion, included } = PRICES[part];
    const charged = Math.max(0, units[part] - included);
    return { part, units: units[part], dollars: (charged / MILLION) * perMillion };
  });
  const [dominant = "requests"] = parts
    .toSorted((one, other) => other.dollars - one.dollars)
    .map(({ part }) => part);
  return { plan: PLAN, parts, total: PLAN + parts.reduce((sum, { dollars }) => sum + dollars, 0), dominant };
}

/** What a million of something costs that uses so many units of each part, with nothing included in the plan. */
export function dollarsPerMillion(unitsEach: Units): number {
  return PARTS.reduce((sum, part) => sum + unitsEach[part] * PRICES[part].perMillion, 0);
}
