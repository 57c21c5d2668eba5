import { BASELINES } from "./variants.ts";
import type { BundleSize } from "./bundles.ts";
import type { Measurement } from "./measure.ts";
import type { Series } from "./rounds.ts";
import type { Startup } from "./startup.ts";
import { median } from "./statistics.ts";

/** Everything that one run found out. */
export interface Findings {
  /** What it ran on, as text. */
  readonly machine: string;
  readonly bundle: BundleSize;
  readonly startup: Startup;
  readonly keyCreation: { readonly keys: number; readonly seconds: number };
  readonly series: readonly Series[];
}

/** The report that people read. */
export function formatReport({ machine, bundle, startup, keyCreation, series }: Findings): string {
  const { keys, seconds } = keyCreation;
  return `
${machine}
Bundle   ${kib(bundle.uploadBytes)}, ${kib(bundle.gzipBytes)} gzipped
Startup  ${startup.gatewayMs.toFixed(0)} ms to the first answer, ${startup.addedMs.toFixed(0)} ms more than a bare worker
Keys     ${keys.toLocaleString("en")} created in ${seconds.toFixed(1)} s, ${(keys / seconds).toFixed(0)} a second

${formatTable(series)}
`;
}

/** The report that programs read. */
export function reportJson({ series, ...rest }: Findings): object {
  const variants = series.map((one) => [one.variant.name, { ...summarize(one), rounds: one.rounds }]);
  return { ratios: ratios(series), ...rest, variants: Object.fromEntries(variants) as object };
}

/** For each comparison the median of the ratios of requests per second, taken round by round. */
function ratios(series: readonly Series[]): Record<string, number> {
  const rates = new Map(series.map(({ variant, rounds }) => [variant.name, rounds.map(rateOf)]));
  return Object.fromEntries(
    Object.entries(BASELINES).map(([name, baseline]) => {
      const base = rates.get(baseline) ?? [];
      return [name, median((rates.get(name) ?? []).map((rate, round) => rate / (base[round] as number)))];
    }),
  );
}

function formatTable(series: readonly Series[]): string {
  const ratioOf = ratios(series);
  const titles = new Map(series.map(({ variant }) => [variant.name, variant.title]));
  const rows = series.map((one) => {
    const { name, title } = one.variant;
    const { requestsPerSecond, p50Ms, p99Ms, processorMicros, busy } = summarize(one);
    const baseline = BASELINES[name];
    return [
      title,
      Math.round(requestsPerSecond).toLocaleString("en"),
      p50Ms.toFixed(1),
      p99Ms.toFixed(1),
      processorMicros === null ? "-" : processorMicros.toFixed(0),
      busy === null ? "-" : `${Math.round(busy * 100)}%`,
      baseline === undefined ? "" : `${ratioOf[name]?.toFixed(2)} of ${titles.get(baseline)}`,
    ];
  });
  return align([["", "requests/s", "p50 ms", "p99 ms", "CPU µs/request", "workerd busy", "ratio"], ...rows]);
}

/** The medians over the rounds. */
function summarize({ rounds }: Series): Measurement {
  return {
    requestsPerSecond: median(rounds.map(rateOf)),
    p50Ms: median(rounds.map((m) => m.p50Ms)),
    p99Ms: median(rounds.map((m) => m.p99Ms)),
    processorMicros: medianOfKnown(rounds.map((m) => m.processorMicros)),
    busy: medianOfKnown(rounds.map((m) => m.busy)),
  };
}

function rateOf(measurement: Measurement): number {
  return measurement.requestsPerSecond;
}

function medianOfKnown(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : median(known);
}

/** Columns of text; numbers, in between, to the right. */
function align(rows: readonly (readonly string[])[]): string {
  const columns = rows[0] ?? [];
  const widths = columns.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const isText = (column: number) => column === 0 || column === columns.length - 1;
  const pad = (cell: string, column: number) =>
    isText(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
  return rows.map((row) => row.map(pad).join("  ").trimEnd()).join("\n");
}

function kib(bytes: number): string {
  return `${(bytes / 1024).toFixed(1)} KiB`;
}
