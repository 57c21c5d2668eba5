import type { Figures } from "./figures.ts";

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
const whole = (value: number | null): string => (value === null ? "-" : String(Math.round(value)));

const COLUMNS: readonly (readonly [string, (figures: Figures) => string])[] = [
  ["scenario", ({ name }) => name],
  ["by lease", ({ leaseShare }) => percent(leaseShare)],
  ["asked", ({ askedShare }) => percent(askedShare)],
  ["503", ({ unavailableShare }) => percent(unavailableShare)],
  ["429", ({ limitedShare }) => percent(limitedShare)],
  ["guard calls/s", ({ guardCallsPerSecond }) => guardCallsPerSecond.toFixed(1)],
  ["added p99 ms", ({ addedP99Ms }) => whole(addedP99Ms)],
  ["recovery s", ({ recoverySeconds }) => recoverySeconds?.toFixed(2) ?? "-"],
  ["cut ms", ({ cutMs, longestCutMs }) => `${whole(cutMs)}/${whole(longestCutMs)}`],
  ["lease ms", ({ longestLeaseMs }) => whole(longestLeaseMs)],
  ["rows/request", ({ rowsPerRequest }) => rowsPerRequest.toFixed(4)],
  ["late", ({ late }) => String(late)],
  ["over limit", ({ overLimit }) => String(overLimit)],
];

export function tableOf(all: readonly Figures[]): string {
  const rows = [COLUMNS.map(([title]) => title), ...all.map((one) => COLUMNS.map(([, cell]) => cell(one)))];
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) => row.map((cell, column) => pad(cell, widths[column] ?? 0, column === 0)).join("  "))
    .join("\n");
}

function pad(cell: string, width: number, isText: boolean): string {
  return isText ? cell.padEnd(width) : cell.padStart(width);
}
