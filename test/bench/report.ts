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
  /** `null` where it was not measured. */
  readonly startup: Startup | null;
  readonly bulk: Bulk | null;
  readonly series: readonly Series[];
}

/** The report that people read. */
export function formatReport({ machine, bundle, startup, bulk, series }: Findings): string {
  const lines = [
    "",
    machine,
    `Bundle   ${kib(bundle.uploadBytes)}, ${kib(bundle.gzipBytes)} gzipped`,
    ...(startup === null ? [] : [startupText(startup)]),
    ...(bulk === null ? [] : bulkText(bulk)),
    "",
    formatTable(series),
    "",
  ];
  return lines.join("\n");
}

function startupText({ gatewayMs, addedMs }: Startup): string {
  return `Startup  ${gatewayMs.toFixed(0)} ms to the first answer, ${addedMs.toFixed(0)} ms more than a bare worker`;
}

function bulkText(bulk: Bulk): string[] {
  const [first, last, search] = [bulk.firstPageMs, bulk.lastPageMs, bulk.searchMs].map((ms) => ms.toFixed(0));
  return [
    `Bulk     ${bulk.keys.toLocaleString("en")} keys in one organisation, created ${bulk.createdPerSecond.toFixed(0)} a second: a page of 500 in ${first} ms, the last page in ${last} ms, a search in ${search} ms`,
    `         all revoked in one call: ${bulk.revokedPerSecond.toFixed(0)} a second, the first receipt after ${bulk.firstReceiptMs.toFixed(0)} ms, the last after ${bulk.lastReceiptMs.toFixed(0)} ms, the organisation told after ${bulk.toldMs.toFixed(0)} ms`,
  ];
}

/** The report that programs read. Ratios are by CPU time where it is known, else by requests a second. */
export function reportJson({ series, ...rest }: Findings): object {
  const variants = series.map((one) => [one.variant.name, { ...summarize(one), rounds: one.rounds }]);
  const each = Object.entries(compare(series));
  const pick = (of: (comparison: Comparison) => unknown) =>
    Object.fromEntries(each.map(([name, comparison]) => [name, of(comparison)])) as object;
  return {
    ratios: pick(({ byProcessor, byRate }) => (byProcessor ?? byRate).median),
    spread: pick(({ byProcessor, byRate }) => {
      const { least, most } = byProcessor ?? byRate;
      return [least, most];
    }),
    rateRatios: pick(({ byRate }) => byRate.median),
    p99OfPassThrough: p99Ratios(series),
    ...rest,
    variants: Object.fromEntries(variants) as object,
  };
}

/** A ratio over the rounds. */
interface Ratio {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

interface Comparison {
  readonly byRate: Ratio;
  /** `null` where CPU time is not known. */
  readonly byProcessor: Ratio | null;
}

/** The comparisons of which both sides were measured. */
function compare(series: readonly Series[]): Record<string, Comparison> {
  const measured = new Map(series.map(({ variant, rounds }) => [variant.name, rounds]));
  const compared = Object.entries(RATIOS).flatMap(([name, { variant, baseline }]) => {
    const [own, base] = [measured.get(variant), measured.get(baseline)];
    if (own === undefined || base === undefined) return [];
    const byProcessor = ratioOf(own, base, requestsPerProcessorSecond);
    const byRate = ratioOf(own, base, (m) => m.requestsPerSecond);
    return [[name, { byRate, byProcessor: Number.isNaN(byProcessor.median) ? null : byProcessor }]] as const;
  });
  return Object.fromEntries(compared);
}

/** The ratios of a figure, taken round by round. */
function ratioOf(
  own: readonly Measurement[],
  base: readonly Measurement[],
  figure: (measurement: Measurement) => number,
): Ratio {
  const ratios = own.map((measurement, i) => figure(measurement) / figure(base[i] ?? measurement));
  return { median: median(ratios), least: Math.min(...ratios), most: Math.max(...ratios) };
}

/** How much longer than by the bare pass-through the slowest hundredth of a variant's requests takes. */
function p99Ratios(series: readonly Series[]): Record<string, number> {
  const bare = series.find(({ variant }) => variant.name === "bare")?.rounds;
  if (bare === undefined) return {};
  const ratios = series.map(({ variant, rounds }) => [
    variant.name,
    ratioOf(rounds, bare, (m) => m.p99Ms).median,
  ]);
  return Object.fromEntries(ratios) as Record<string, number>;
}

/** What a whole processor would answer: it does not count what other programs took from it meanwhile. */
function requestsPerProcessorSecond({ processorMicros }: Measurement): number {
  return processorMicros === null ? Number.NaN : 1e6 / processorMicros;
}

function formatTable(series: readonly Series[]): string {
  const compared = compare(series);
  const p99 = p99Ratios(series);
  const titles = new Map(series.map(({ variant }) => [variant.name, variant.title]));
  const rows = series.map((one) => {
    const { name, title } = one.variant;
    const { requestsPerSecond, p50Ms, p99Ms, processorMicros, busy } = summarize(one);
    return [
      title,
      Math.round(requestsPerSecond).toLocaleString("en"),
      p50Ms.toFixed(1),
      p99Ms.toFixed(1),
      p99[name] === undefined ? "" : `${p99[name].toFixed(1)}x`,
      processorMicros === null ? "-" : processorMicros.toFixed(0),
      busy === null ? "-" : `${Math.round(busy * 100)}%`,
      ...ratioCells(compared[name]),
      baselineText(name, titles),
    ];
  });
  if (compared["leasedOfFloor"] !== undefined) {
    const cells = ratioCells(compared["leasedOfFloor"]);
    rows.push(["leases, 1 key", "", "", "", "", "", "", ...cells, baselineText("leasedOfFloor", titles)]);
  }
  const head = ["", "requests/s", "p50 ms", "p99 ms", "of bare", "CPU µs/request", "CPU used"];
  return align([[...head, "ratio", "by CPU", "least", "most", ""], ...rows]);
}

function baselineText(name: string, titles: ReadonlyMap<string, string>): string {
  const baseline = titles.get(RATIOS[name]?.baseline ?? "");
  return baseline === undefined ? "" : `of ${baseline}`;
}

/** By rate; by CPU, with its least and most over the rounds. */
function ratioCells(comparison: Comparison | undefined): string[] {
  if (comparison === undefined) return ["", "", "", ""];
  const { byRate, byProcessor } = comparison;
  const { median: usual, least, most } = byProcessor ?? byRate;
  return [byRate.median, usual, least, most].map((ratio) => ratio.toFixed(2));
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
