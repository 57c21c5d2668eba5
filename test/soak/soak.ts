import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { loadOf, MONTH_S, ratesOf } from "../../src/cost/load.ts";
import { measure } from "../../src/cost/measure.ts";
import { keyId, Traffic, type Load } from "../../src/cost/traffic.ts";
import { buildWorkers } from "../bench/bundles.ts";
import type { SoakOptions } from "./arguments.ts";
import { startOrganizations, type RealOrganizations } from "./organizations.ts";
import { Waits } from "./waits.ts";

/** What there was at the end of a stretch of time. */
export interface Sample {
  /** Of virtual time since the start. */
  readonly hour: number;
  readonly requests: number;
  readonly p99Ms: number;
  /** Of the process after a collection of garbage: all guards, all isolates and the traffic. */
  readonly heapBytes: number;
  /** What isolates hold of keys, as the product reckons it: the fullest of them. */
  readonly heldBytes: number;
  readonly guardRows: number;
  /** Of the organisations in workerd. */
  readonly databaseBytes: number;
}

export interface Soak extends SoakOptions {
  readonly requests: number;
  readonly leaseShare: number;
  /** Answered 503. */
  readonly unavailable: number;
  readonly addedMs: { readonly p50: number; readonly p99: number };
  /** Rows written a request, by guards and organisations: as counted here, and as `npm run cost` reckons. */
  readonly rowsPerRequest: { readonly counted: number; readonly computed: number };
  /** Rows that the organisations in workerd have written, and what `npm run cost` reckons for their deliveries. */
  readonly objectRows: { readonly counted: number; readonly computed: number };
  readonly samples: readonly Sample[];
  /** What has grown, or differs; nothing when all is well. */
  readonly problems: readonly string[];
}

const ISOLATES = 10;
const HOUR_MS = 3_600_000;
/** Organisations in workerd are told of their deliveries so often; in virtual time. */
const STRETCHES_AN_HOUR = 4;
const ROOT = join(import.meta.dirname, "../..");

/** Runs it; tells of each hour as it ends. */
export async function soak(options: SoakOptions, progress: (sample: Sample) => void): Promise<Soak> {
  const directory = mkdtempSync(join(tmpdir(), "portcullis-soak-"));
  execFileSync(process.execPath, [join(ROOT, "src/api/build.ts")], { cwd: ROOT });
  buildWorkers(directory);
  const organizations = await startOrganizations(directory);
  try {
    return await new Run(options, organizations).all(progress);
  } finally {
    await organizations.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

class Run {
  readonly #options: SoakOptions;
  readonly #organizations: RealOrganizations;
  readonly #load: Load;
  readonly #traffic: Traffic;
  readonly #waits = new Waits();
  readonly #groupsInWorkerd: ReadonlySet<number>;
  #hourly = new Waits();
  #byLease = 0;
  #unavailable = 0;
  #objectRows = 0;

  constructor(options: SoakOptions, organizations: RealOrganizations) {
    this.#options = options;
    this.#organizations = organizations;
    const { keys, organizations: count, requestsPerSecond, objects } = options;
    const requests = requestsPerSecond * MONTH_S;
    this.#load = loadOf(ratesOf({ requests, keys, skew: "zipf" }), count);
    // Evenly from the busiest organisation to the idlest.
    const every = this.#load.length / objects;
    this.#groupsInWorkerd = new Set(Array.from({ length: objects }, (_, i) => Math.floor(i * every)));
    this.#traffic = new Traffic(this.#load, ISOLATES, {
      onDecided: ({ source, arrivedAt }) => this.#note(source, this.#traffic.elapsed - arrivedAt),
      onDelivery: (group, report) => {
        if (!this.#groupsInWorkerd.has(group)) return;
        organizations.note(orgOf(group), this.#traffic.clock(), report);
      },
    });
  }

  async all(progress: (sample: Sample) => void): Promise<Soak> {
    for (const group of this.#groupsInWorkerd) {
      const ids = this.#load[group]?.map((_, key) => keyId(group, key)) ?? [];
      await this.#organizations.makeKeys(orgOf(group), ids, this.#traffic.clock());
    }
    const samples: Sample[] = [];
    const end = this.#options.hours * HOUR_MS;
    for (let hour = 1; samples.length < Math.ceil(this.#options.hours); hour++) {
      const sample = await this.#runUntil(Math.min(end, hour * HOUR_MS));
      samples.push(sample);
      progress(sample);
    }
    return this.#result(samples);
  }

  async #runUntil(end: number): Promise<Sample> {
    this.#hourly = new Waits();
    let databaseBytes = 0;
    while (this.#traffic.elapsed < end) {
      await this.#traffic.runUntil(Math.min(end, this.#traffic.elapsed + HOUR_MS / STRETCHES_AN_HOUR));
      const kept = await this.#organizations.takeAll(this.#traffic.clock());
      this.#objectRows += kept.rowsWritten;
      databaseBytes = kept.bytes;
    }
    return {
      hour: this.#traffic.elapsed / HOUR_MS,
      requests: this.#hourly.count,
      p99Ms: this.#hourly.of(0.99),
      heapBytes: heapBytes(),
      heldBytes: Math.max(...this.#traffic.isolates.map(({ bytes }) => bytes)),
      guardRows: this.#traffic.guards.reduce((sum, { rowsStored }) => sum + rowsStored, 0),
      databaseBytes,
    };
  }

  #note(source: "lease" | "asked" | "unavailable", waitedMs: number): void {
    this.#waits.add(waitedMs);
    this.#hourly.add(waitedMs);
    if (source === "lease") this.#byLease++;
    if (source === "unavailable") this.#unavailable++;
  }

  async #result(samples: readonly Sample[]): Promise<Soak> {
    const { guards } = this.#traffic;
    const requests = Math.max(1, this.#waits.count);
    const rows = guards.reduce((sum, { rowsWritten }) => sum + rowsWritten, 0);
    const computedRows = [...this.#groupsInWorkerd].reduce(
      (sum, group) => sum + (guards[group]?.organizationRows ?? 0),
      0,
    );
    const figures = {
      ...this.#options,
      requests,
      leaseShare: this.#byLease / requests,
      unavailable: this.#unavailable,
      addedMs: { p50: this.#waits.of(0.5), p99: this.#waits.of(0.99) },
      rowsPerRequest: {
        counted: rows / requests,
        computed: (await measure(this.#load, ISOLATES)).rowsWritten,
      },
      objectRows: { counted: this.#objectRows, computed: computedRows },
      samples,
    };
    return { ...figures, problems: problemsOf(figures) };
  }
}

const orgOf = (group: number): string => `org_${group}`;

/** An organisation writes a few rows by itself, as when it looks once a day for keys that expire. */
const OTHER_ROWS = 20;
const TOLERANCE = 1.15;
/** The product's bound on what an isolate holds of keys. */
const MAX_HELD_BYTES = 32 * 1024 * 1024;

export function problemsOf(figures: Omit<Soak, "problems">): string[] {
  const { samples, rowsPerRequest, objectRows, unavailable, objects } = figures;
  const [middle, last] = [samples.at(Math.floor(samples.length / 2)), samples.at(-1)];
  const problems: string[] = [];
  if (middle !== undefined && last !== undefined && last.heapBytes > middle.heapBytes * TOLERANCE) {
    problems.push("memory has grown in the second half");
  }
  if (samples.some(({ heldBytes }) => heldBytes > MAX_HELD_BYTES)) problems.push("an isolate holds too much");
  if (rowsPerRequest.counted > rowsPerRequest.computed * TOLERANCE) {
    problems.push("more rows are written than the cost reckons with");
  }
  if (objectRows.counted > objectRows.computed + objects * OTHER_ROWS) {
    problems.push("organisations write more rows than the cost reckons with");
  }
  if (unavailable > 0) problems.push(`${unavailable} requests got 503`);
  return problems;
}

/** After a collection of garbage. */
function heapBytes(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed;
}
