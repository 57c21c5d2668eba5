/** What Cloudflare charges on the Workers Paid plan, in US dollars. Usage below `included` is in the plan's own price. */

import { keysOf } from "../core/keys-of.ts";

interface Price {
  readonly unit: string;
  /** The price of a million units. */
  readonly perMillion: number;
  /** Units a month. */
  readonly included: number;
  readonly source: Source;
}

type Source = keyof typeof SOURCES;

/** What is charged from this day on, by the pages below as they were on 2026-11-28. */
export const PRICES_OF = "2026-12-01";

export const SOURCES = {
  workers: {
    title: "Workers: Pricing",
    url: "https://developers.cloudflare.com/workers/platform/pricing/",
  },
  objects: {
    title: "Durable Objects: Pricing",
    url: "https://developers.cloudflare.com/durable-objects/platform/pricing/",
  },
  kv: { title: "Workers KV: Pricing", url: "https://developers.cloudflare.com/kv/platform/pricing/" },
  logs: {
    title: "Cloudflare Observability: Pricing",
    url: "https://developers.cloudflare.com/observability/pricing/",
  },
  analytics: {
    title: "Workers Analytics Engine: Pricing",
    url: "https://developers.cloudflare.com/analytics/analytics-engine/pricing/",
  },
} as const;

/** The plan itself, a month. */
export const PLAN = 5;

export const PRICES = {
  requests: { unit: "requests", perMillion: 0.3, included: 10e6, source: "workers" },
  cpu: { unit: "CPU ms", perMillion: 0.02, included: 30e6, source: "workers" },
  objectRequests: { unit: "calls of objects", perMillion: 0.15, included: 1e6, source: "objects" },
  objectDuration: { unit: "GB-s of objects", perMillion: 12.5, included: 400e3, source: "objects" },
  rowsRead: { unit: "rows read", perMillion: 0.001, included: 25e9, source: "objects" },
  rowsWritten: { unit: "rows written", perMillion: 1, included: 50e6, source: "objects" },
  kvReads: { unit: "KV reads", perMillion: 0.5, included: 10e6, source: "kv" },
  kvWrites: { unit: "KV writes", perMillion: 5, included: 1e6, source: "kv" },
  logs: { unit: "MB of logs", perMillion: 250, included: 50e3, source: "logs" },
  logStorage: { unit: "MB-months of logs", perMillion: 100, included: 12e3, source: "logs" },
  dataPoints: { unit: "data points", perMillion: 0.25, included: 10e6, source: "analytics" },
} as const satisfies Record<string, Price>;

export type Part = keyof typeof PRICES;
export const PARTS = keysOf(PRICES);

/** Units of each part. */
export type Units = Readonly<Record<Part, number>>;
