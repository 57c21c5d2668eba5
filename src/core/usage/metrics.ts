/**
 * The data points of a Workers Analytics Engine dataset: what each column holds is declared here, once, for those who
 * write them, the queries of `ops/` and the docs.
 *
 * A dataset takes one index of 96 bytes, 20 texts of 16 KB together, 20 numbers, and 250 points an invocation
 * (https://developers.cloudflare.com/analytics/analytics-engine/limits/).
 */

import { keysOf } from "../keys-of.ts";

/** The texts, in their order: `blob1`, `blob2` and so on. Empty where nothing is known. */
export const DIMENSIONS = {
  kind: "`request`: one through the gateway; `control`: one to `/-/`; `cut`: a change of a key that is in force everywhere; `outbox`: changes that wait for a guard or KV; `expiry`: a key that expires in 14, 7 or 1 days, or has expired; `storage`: how much an organisation stores, hourly from 1 GB on",
  orgId: "the organisation, once the key is known to exist",
  keyId: "the key, as the caller names it",
  operation: "the operation of the API's document, or of the control API",
  method: "the method",
  outcome:
    "of a request: `succeeded`, `clientErrors`, `originErrors`, `refused`, `limited`, or `answered` for a preflight; of a cut: `revoked`, `disabled`, `changed`",
  code: "the code of the refusal",
  reason: "why, as in the log",
  admission: "`lease`, `waited`, `guard`, `fact` or `unavailable`",
  address: "the client's address",
  subscriber: "what failures are counted by: the address, of IPv6 its /64",
} as const;

/** The numbers, in their order: `double1`, `double2` and so on. 0 where nothing is known. */
export const MEASURES = {
  status: "the status of the answer",
  waitMs:
    "milliseconds: of a request until it was known whether its key admits it, of a cut until it was in force",
  originMs: "milliseconds until the origin's headers had come",
  totalMs: "milliseconds until the answer's headers were sent",
  keyExpiresAt: "when the key expires, in seconds since the epoch",
  count: "of the outbox: how many changes wait",
  attempts: "of the outbox: how often the change that has waited longest was tried",
  bytes: "of storage: how many bytes the organisation's database has",
  leaseMs: "of a cut: the longest lease that its guard may have given, in milliseconds",
} as const;

type Dimension = keyof typeof DIMENSIONS;
type Measure = keyof typeof MEASURES;
export type Column = Dimension | Measure;

/** One data point by the names of its columns. */
export type MetricsPoint = {
  readonly kind: "request" | "control" | "cut" | "outbox" | "expiry" | "storage";
} & {
  readonly [Name in Exclude<Dimension, "kind">]?: string | null | undefined;
} & { readonly [Name in Measure]?: number | null | undefined };

/** Analytics Engine's own names of the columns. */
export const COLUMNS = Object.fromEntries([
  ...Object.keys(DIMENSIONS).map((name, i) => [name, `blob${i + 1}`]),
  ...Object.keys(MEASURES).map((name, i) => [name, `double${i + 1}`]),
]) as Readonly<Record<Column, string>>;

const MAX_INDEX_BYTES = 96;
/** So that all texts together stay below 16 KB. */
const MAX_TEXT_LENGTH = 256;
/** The index of requests without a known key. A flood of made-up keys is sampled under it and hides no real key. */
const NO_KEY = "-";

const dimensions = keysOf(DIMENSIONS);
const measures = keysOf(MEASURES);

/** What a dataset takes. */
export interface DataPoint {
  readonly indexes: [string];
  readonly blobs: string[];
  readonly doubles: number[];
}

/** A dataset as the platform binds it. */
export interface Dataset {
  writeDataPoint(point: DataPoint): void;
}

/**
 * Lays a point out. There is one index, by which Analytics Engine samples: organisation and key together, so that a key
 * in heavy use takes no accuracy from another, and those of an organisation are found by its beginning.
 */
export function dataPoint(point: MetricsPoint): DataPoint {
  return {
    indexes: [indexOf(point)],
    blobs: dimensions.map((name) => (point[name] ?? "").slice(0, MAX_TEXT_LENGTH)),
    doubles: measures.map((name) => point[name] ?? 0),
  };
}

/** Writes a point. What cannot be written is lost: nothing that a client asks for depends on it. */
export function writePoint(dataset: Dataset, point: MetricsPoint): void {
  try {
    dataset.writeDataPoint(dataPoint(point));
  } catch {
    // The dataset takes no more points of this invocation.
  }
}

function indexOf({ orgId, keyId }: MetricsPoint): string {
  if (!orgId) return NO_KEY;
  return withinBytes(keyId ? `${orgId}/${keyId}` : orgId, MAX_INDEX_BYTES);
}

function withinBytes(text: string, bytes: number): string {
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(bytes));
  return text.slice(0, read);
}
