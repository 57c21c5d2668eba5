import type { Bill } from "./bill.ts";
import type { CostCommand } from "./arguments.ts";
import { PRICES, PRICES_OF, SOURCES } from "./prices.ts";

/** What requests of one kind cost, with nothing included in the plan. */
export interface Kind {
  readonly name: string;
  readonly leaseShare: number;
  readonly rowsPerRequest: number;
  readonly callsPerRequest: number;
  readonly dollarsPerMillion: number;
  /** The same where only refusals are logged and metrics are bound. */
  readonly dollarsPerMillionByMetrics: number;
}

export interface Cost {
  readonly load: Omit<CostCommand, "json">;
  readonly leaseShare: number;
  readonly rowsPerRequest: number;
  readonly callsPerRequest: number;
  readonly bill: Bill;
  readonly dollarsPerMillion: number;
  readonly kinds: readonly Kind[];
}

const dollars = (amount: number): string => `$${amount.toFixed(2)}`;
const count = (units: number): string =>
  new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 }).format(units);
const share = (value: number): string => `${(value * 100).toFixed(2)} %`;

/** The bill, what dominates it, and what kinds of requests cost. */
export function reportOf({ load, leaseShare, rowsPerRequest, callsPerRequest, ...cost }: Cost): string {
  const { bill, dollarsPerMillion, kinds } = cost;
  const parts = bill.parts.map(({ part, units, dollars: amount }) => {
    const { unit, perMillion, included } = PRICES[part];
    return [
      unit,
      count(units),
      count(included),
      `$${perMillion}`,
      dollars(amount),
      part === bill.dominant ? "<- most" : "",
    ];
  });
  const heading = ["", "a month", "included", "a million", "cost", ""];
  const sum = ["all, with the plan", "", "", "", dollars(bill.total), ""];
  const kindRows = kinds.map((kind) => [
    kind.name,
    share(kind.leaseShare),
    kind.callsPerRequest.toFixed(4),
    kind.rowsPerRequest.toFixed(4),
    dollars(kind.dollarsPerMillion),
    dollars(kind.dollarsPerMillionByMetrics),
  ]);
  return [
    `${count(load.requests)} requests a month with ${count(load.keys)} keys (${load.skew}) of ${load.organizations} organisations, ${load.isolates} isolates a key`,
    `by lease ${share(leaseShare)}, ${callsPerRequest.toFixed(4)} calls and ${rowsPerRequest.toFixed(4)} rows written a request`,
    "",
    table([heading, ...parts, ["the plan", "", "", "", dollars(bill.plan), ""], sum]),
    "",
    `${dollars(dollarsPerMillion)} a million requests`,
    "",
    "A million requests of one kind, nothing included:",
    table([["", "by lease", "calls", "rows", "cost", "--log refused --metrics"], ...kindRows]),
    "",
    `Prices of ${PRICES_OF}: ${Object.values(SOURCES)
      .map(({ title }) => title)
      .join("; ")}`,
  ].join("\n");
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map((row) =>
      row
        .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
