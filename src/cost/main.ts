/** `npm run cost`: the monthly bill of a load, from what the product's own rules were measured to use and the prices. */
import { commandOf, writeFigures } from "../command-line.ts";
import { readArguments, USAGE, type CostCommand } from "./arguments.ts";
import { billOf, dollarsPerMillion } from "./bill.ts";
import { kvReadsOf, loadOf, ratesOf } from "./load.ts";
import { measure } from "./measure.ts";
import { reportOf, type Cost, type Kind } from "./report.ts";
import type { Load } from "./traffic.ts";
import { unitsEach, unitsOf } from "./units.ts";

/** Kinds of requests to compare with: the load of one group, in so many isolates. */
const KINDS: readonly { readonly name: string; readonly load: Load; readonly isolates: number }[] = [
  { name: "a hot key: 500/s in 10 isolates", load: [[500]], isolates: 10 },
  { name: "a steady key: 50/s in one isolate", load: [[50]], isolates: 1 },
  {
    name: "sparse: 10 keys of a group, each every 5 s",
    load: [Array.from({ length: 10 }, () => 0.2)],
    isolates: 1,
  },
  { name: "rare: one key of a group, once a minute", load: [[1 / 60]], isolates: 1 },
];

async function costOf({ json: _, ...load }: CostCommand): Promise<Cost> {
  const rates = ratesOf(load);
  const measured = await measure(loadOf(rates, load.organizations), load.isolates);
  const each = unitsEach(measured, load);
  const kvReads = kvReadsOf(rates, load.isolates);
  const bill = billOf(unitsOf(each, { ...load, kvReads }));
  return {
    load,
    leaseShare: measured.leaseShare,
    rowsPerRequest: each.rowsWritten,
    callsPerRequest: each.objectRequests,
    bill,
    dollarsPerMillion: (bill.total / load.requests) * 1e6,
    kinds: await Promise.all(KINDS.map((kind) => costOfKind(kind, load))),
  };
}

async function costOfKind(
  { name, load, isolates }: (typeof KINDS)[number],
  options: Omit<CostCommand, "json">,
): Promise<Kind> {
  const measured = await measure(load, isolates);
  const each = unitsEach(measured, options);
  const byMetrics = unitsEach(measured, { ...options, logShare: 0, metrics: true });
  return {
    name,
    leaseShare: measured.leaseShare,
    rowsPerRequest: each.rowsWritten,
    callsPerRequest: each.objectRequests,
    dollarsPerMillion: dollarsPerMillion(each),
    dollarsPerMillionByMetrics: dollarsPerMillion(byMetrics),
  };
}

const command = commandOf(USAGE, readArguments);
const cost = await costOf(command);
process.stdout.write(`${reportOf(cost)}\n`);
writeFigures("--json", command.json, cost);
