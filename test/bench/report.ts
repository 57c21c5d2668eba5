import type { Bulk } from "./bulk.ts";
import type { BundleSize } from "./bundles.ts";
import type { Measurement } from "./measure.ts";
import type { Series } from "./rounds.ts";
import type { Startup } from "./startup.ts";
import { median } from "./statistics.ts";
import { RATIOS } from "./variants.ts";

/** Everything that one run found out. */
export interface Findings {
  /** What it ran on, as text. */
  readonly machine: string;
  readonly bundle: BundleSize;
  readonly startup: Startup;
  readonly keyCreation: { readonly keys: number; readonly seconds: number };
  readonly bulk: Bulk;
  readonly series: readonly Series[];
}

/** The report that people read. */
export function formatReport({ machine, bundle, startup, keyCreation, bulk, series }: Findings): string {
  const { keys, seconds } = keyCreation;
  return `
${machine}
Bundle   ${kib(bundle.uploadBytes)}, ${kib(bundle.gzipBytes)} gzipped
Startup  ${startup.gatewayMs.toFixed(0)} ms to the first answer, ${startup.addedMs.toFixed(0)} ms more than a bare worker
Keys     ${keys.toLocaleString("en")} created in ${seconds.toFixed(1)} s, ${(keys / seconds).toFixed(0)} a second
Bulk     ${bulk.keys.toLocaleString("en")} keys in one organisation: a page of 500 in ${bulk.firstPageMs.toFixed(0)} ms, the last page in ${bulk.lastPageMs.toFixed(0)} ms, a search in ${bulk.searchMs.toFixed(0)} ms
         all revoked in one call: ${bulk.revokedPerSecond.toFixed(0)} a second, the first receipt after ${bulk.firstReceiptMs.toFixed(0)} ms, the last after ${bulk.lastReceiptMs.toFixed(0)} ms

${formatTable(series)}
`;
}

/** The report that programs read. */
export function reportJson({ series, ...rest }: Findings): object {
  const variants = series.map((one) => [one.variant.name, { ...summarize(one), rounds: one.rounds }]);
  return {
    ratios: ratios(series, (m) => m.requestsPerSecond),
    processorRatios: ratios(series, requestsPerProcessorSecond),
    ...rest,
    variants: Object.fromEntries(variants) as object,
  };
}

/** For each comparison the median of the ratios of a figure, taken round by round. */
function ratios(
  series: readonly Series[],
  figure: (measurement: Measurement) => number,
): Record<string, number> {
  const figures = new Map(series.map(({ variant, rounds }) => [variant.name, rounds.map(figure)]));
  return Object.fromEntries(
    Object.entries(RATIOS).map(([name, { variant, baseline }]) => {
      const base = figures.get(baseline) ?? [];
      return [
        name,
        median((figures.get(variant) ?? []).map((value, round) => value / (base[round] ?? Number.NaN))),
      ];
    }),
  );
}

/** What a whole processor would answer: it does not count what other programs took from it meanwhile. */
function requestsPerProcessorSecond({ processorMicros }: Measurement): number {
  return processorMicros === null ? Number.NaN : 1e6 / processorMicros;
}

function formatTable(series: readonly Series[]): string {
  const byRate = ratios(series, (m) => m.requestsPerSecond);
  const byProcessor = ratios(series, requestsPerProcessorSecond);
  const titles = new Map(series.map(({ variant }) => [variant.name, variant.title]));
  const rows = series.map((one) => {
    const { name, title } = one.variant;
    const { requestsPerSecond, p50Ms, p99Ms, processorMicros, busy } = summarize(one);
    const baseline = RATIOS[name]?.baseline;
    return [
      title,
      Math.round(requestsPerSecond).toLocaleString("en"),
      p50Ms.toFixed(1),
      p99Ms.toFixed(1),
      processorMicros === null ? "-" : processorMicros.toFixed(0),
      busy === null ? "-" : `${Math.round(busy * 100)}%`,
      ratioText(byRate[name]),
      ratioText(byProcessor[name]),
      baseline === undefined ? "" : `of ${titles.get(baseline)}`,
    ];
  });
  const ofFloor = ["leases, 1 key", "", "", "", "", "", ratioText(byRate["leasedOfFloor"])];
  rows.push([...ofFloor, ratioText(byProcessor["leasedOfFloor"]), `of ${titles.get("floor")}`]);
  const head = ["", "requests/s", "p50 ms", "p99 ms", "CPU µs/request", "CPU used", "ratio", "by CPU", ""];
  return align([head, ...rows]);
}

function ratioText(ratio: number | undefined): string {
  return ratio === undefined || Number.isNaN(ratio) ? "" : ratio.toFixed(2);
}

/** The medians over the rounds. */
function summarize({ rounds }: Series): Measurement {
  return {
    requestsPerSecond: median(rounds.map((m) => m.requestsPerSecond)),
    p50Ms: median(rounds.map((m) => m.p50Ms)),
    p99Ms: median(rounds.map((m) => m.p99Ms)),
    processorMicros: medianOfKnown(rounds.map((m) => m.processorMicros)),
    busy: medianOfKnown(rounds.map((m) => m.busy)),
  };
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
