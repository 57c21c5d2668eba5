import { numberOf, outputFile, parseOptions } from "../../src/command-line.ts";

export const USAGE = `Usage:
  npm run -s soak -- [--hours N] [--keys N] [--orgs N] [--rate N] [--objects N] [--json FILE]

Traffic in virtual time over the product's own leases, guards and ledgers, and over the objects of some of the
organisations in workerd. Prints, hour by hour, how long requests were held up, what is in memory, what is stored and
what was written, and compares the last with what \`npm run cost\` reckons with. Exit code 1: something has grown or
differs; 2: the command line cannot be carried out.

  --hours    of virtual time; 6
  --keys     by Zipf: the second is used half as often as the first, the third a third; 100000
  --orgs     whose keys they are; 2000
  --rate     requests a second, over 10 isolates; 100
  --objects  organisations that are real objects in workerd; 50
  --json     writes the figures to a file
`;

export interface SoakOptions {
  readonly hours: number;
  readonly keys: number;
  readonly organizations: number;
  readonly requestsPerSecond: number;
  readonly objects: number;
}

const OPTIONS = {
  hours: { type: "string", default: "6" },
  keys: { type: "string", default: "100000" },
  orgs: { type: "string", default: "2000" },
  rate: { type: "string", default: "100" },
  objects: { type: "string", default: "50" },
  json: { type: "string" },
} as const;

/** Reads the command line. Throws a `UsageError`. */
export function readArguments(args: string[]): { options: SoakOptions; json: string | null } {
  const { values } = parseOptions({ args, options: OPTIONS });
  const whole = (option: string, text: string, least: number, most: number) =>
    numberOf(option, text, { least, most, whole: true });
  const organizations = whole("--orgs", values.orgs, 1, 100_000);
  const options = {
    hours: numberOf("--hours", values.hours, { least: 0.1, most: 1000 }),
    keys: whole("--keys", values.keys, organizations, 1_000_000),
    organizations,
    requestsPerSecond: numberOf("--rate", values.rate, { least: 0.1, most: 10_000 }),
    objects: Math.min(organizations, whole("--objects", values.objects, 1, 1000)),
  };
  return { options, json: outputFile("--json", values.json) };
}
