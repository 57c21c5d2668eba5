import { parseArgs } from "node:util";
import { messageOf } from "../core/thrown.ts";

export const USAGE = `Usage:
  npm run -s cost -- --requests 1e9 --keys 10000 [--skew zipf|even] [--organizations N] [--isolates N]
                     [--log all|refused|SHARE] [--refused SHARE] [--metrics] [--cpu-ms MS] [--json FILE]

The monthly bill at Cloudflare for so many requests, from what the product's own rules call, read and write for such a
load in virtual time, and the published prices.

  --requests       requests a month
  --keys           keys that they come with; zipf (the default): the second key is used half as often as the first, the
                   third a third; even: all alike
  --organizations  whose keys they are; by default one for 100 keys
  --isolates       that serve each key at random; 10
  --log            REQUEST_LOG; all
  --refused        the share of requests that is refused; 0.01
  --metrics        with METRICS bound
  --cpu-ms         CPU time of a request by lease; 0.3. One that asks the guard takes twice as much
  --json           writes the figures to a file
`;

export interface CostCommand {
  readonly requests: number;
  readonly keys: number;
  readonly skew: "zipf" | "even";
  readonly organizations: number;
  readonly isolates: number;
  /** The share of admitted requests that are logged. */
  readonly logShare: number;
  readonly refusedShare: number;
  readonly metrics: boolean;
  readonly cpuMs: number;
  readonly json: string | null;
}

/** What is wrong with a command line. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

const KEYS_PER_ORGANIZATION = 100;
const OPTIONS = {
  requests: { type: "string" },
  keys: { type: "string" },
  skew: { type: "string", default: "zipf" },
  organizations: { type: "string" },
  isolates: { type: "string", default: "10" },
  log: { type: "string", default: "all" },
  refused: { type: "string", default: "0.01" },
  metrics: { type: "boolean", default: false },
  "cpu-ms": { type: "string", default: "0.3" },
  json: { type: "string" },
  help: { type: "boolean", default: false },
} as const;

/** Reads the command line; `null` when only help is asked for. Throws a {@link UsageError}. */
export function readArguments(args: string[]): CostCommand | null {
  const values = parse(args);
  if (values.help) return null;
  const keys = number("--keys", values.keys, { least: 1, most: 1e6, whole: true });
  const organizations = values.organizations ?? String(Math.ceil(keys / KEYS_PER_ORGANIZATION));
  const { skew } = values;
  if (skew !== "zipf" && skew !== "even") throw new UsageError("--skew must be zipf or even");
  return {
    requests: number("--requests", values.requests, { least: 1, most: 1e12 }),
    keys,
    skew,
    organizations: number("--organizations", organizations, { least: 1, most: keys, whole: true }),
    isolates: number("--isolates", values.isolates, { least: 1, most: 1000, whole: true }),
    logShare: logShare(values.log),
    refusedShare: number("--refused", values.refused, { least: 0, most: 1 }),
    metrics: values.metrics,
    cpuMs: number("--cpu-ms", values["cpu-ms"], { least: 0, most: 30_000 }),
    json: values.json ?? null,
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({ args, options: OPTIONS }).values;
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
}

function logShare(text: string): number {
  if (text === "all") return 1;
  return text === "refused" ? 0 : number("--log", text, { least: 0, most: 1 });
}

interface Bounds {
  readonly least: number;
  readonly most: number;
  readonly whole?: boolean;
}

const NUMBER = /^\d+(?:\.\d+)?(?:e\+?\d{1,2})?$/i;

function number(option: string, text: string | undefined, { least, most, whole = false }: Bounds): number {
  if (text === undefined) throw new UsageError(`${option} is missing`);
  const value = NUMBER.test(text.replaceAll("_", "")) ? Number(text.replaceAll("_", "")) : Number.NaN;
  if (!(value >= least && value <= most) || (whole && !Number.isInteger(value))) {
    throw new UsageError(
      `${option} must be a ${whole ? "whole " : ""}number from ${least} to ${most} (is ${text})`,
    );
  }
  return value;
}
