/** `npm run soak`: hours of traffic in virtual time; see `USAGE`. */
import { commandOf, writeFigures } from "../../src/command-line.ts";
import { readArguments, USAGE } from "./arguments.ts";
import { soak, type Sample, type Soak } from "./soak.ts";

const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
const COLUMNS: readonly (readonly [string, (sample: Sample) => string])[] = [
  ["hour", ({ hour }) => String(hour)],
  ["requests", ({ requests }) => String(requests)],
  ["added p99", ({ p99Ms }) => `${p99Ms} ms`],
  ["heap", ({ heapBytes }) => mib(heapBytes)],
  ["an isolate", ({ heldBytes }) => mib(heldBytes)],
  ["guards' rows", ({ guardRows }) => String(guardRows)],
  ["databases", ({ databaseBytes }) => mib(databaseBytes)],
];
const line = (cells: readonly string[]): string => cells.map((cell) => cell.padStart(12)).join("  ");

function summaryOf({ addedMs, leaseShare, requests, rowsPerRequest, objectRows, problems }: Soak): string {
  const { counted, computed } = rowsPerRequest;
  return [
    "",
    `${requests} requests, ${(100 * leaseShare).toFixed(1)} % by lease; added: p50 ${addedMs.p50} ms, p99 ${addedMs.p99} ms`,
    `rows written a request: ${counted.toFixed(3)}; npm run cost reckons with ${computed.toFixed(3)}`,
    `rows written by the organisations in workerd: ${objectRows.counted}; reckoned with at most ${objectRows.computed}`,
    ...(problems.length === 0 ? ["nothing has grown"] : problems.map((problem) => `PROBLEM: ${problem}`)),
  ].join("\n");
}

const { options, json } = commandOf(USAGE, readArguments);
console.log(line(COLUMNS.map(([title]) => title)));
const result = await soak(options, (sample) => console.log(line(COLUMNS.map(([, cell]) => cell(sample)))));
console.log(summaryOf(result));
if (result.problems.length > 0) process.exitCode = 1;
writeFigures("--json", json, result);
