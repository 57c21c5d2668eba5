import { numberOf, oneOf, outputFile, parseOptions } from "../command-line.ts";

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

Exit code 2: the command line cannot be carried out.
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
} as const;

/** Reads the command line. Throws a `UsageError`. */
export function readArguments(args: string[]): CostCommand {
  const { values } = parseOptions({ args, options: OPTIONS });
  const keys = numberOf("--keys", values.keys, { least: 1, most: 1e6, whole: true });
  const organizations = values.organizations ?? String(Math.ceil(keys / KEYS_PER_ORGANIZATION));
  return {
    requests: numberOf("--requests", values.requests, { least: 1, most: 1e12 }),
    keys,
    skew: oneOf("--skew", values.skew, ["zipf", "even"]),
    organizations: numberOf("--organizations", organizations, { least: 1, most: keys, whole: true }),
    isolates: numberOf("--isolates", values.isolates, { least: 1, most: 1000, whole: true }),
    logShare: logShare(values.log),
    refusedShare: numberOf("--refused", values.refused, { least: 0, most: 1 }),
    metrics: values.metrics,
    cpuMs: numberOf("--cpu-ms", values["cpu-ms"], { least: 0, most: 30_000 }),
    json: outputFile("--json", values.json),
  };
}

function logShare(text: string): number {
  if (text === "all") return 1;
  return text === "refused" ? 0 : numberOf("--log", text, { least: 0, most: 1 });
}
