import { numberOf, outputFile, parseOptions, UsageError } from "../../src/command-line.ts";
import { VARIANTS } from "./variants.ts";

export const USAGE = `Usage:
  npm run bench [-- --rounds N] [--seconds N] [--only NAME,NAME…] [--json FILE]
  npm run bench -- --state

What the gateway costs: the production bundle on plain workerd, next to workers that do nothing.

  --rounds   5; in each every variant is measured once
  --seconds  of a measurement; 3
  --only     these variants and what they are compared with: ${VARIANTS.join(", ")};
             bulk is what one organisation of 5,000 keys takes to make, list and revoke them
  --json     writes the figures to a file
  --state    how long one organisation of 100,000 keys with a year of usage takes to list, find and count them

Exit code 2: the command line cannot be carried out.
`;

interface BenchCommand {
  readonly plan: { readonly rounds: number; readonly seconds: number };
  /** Variants, and `bulk`; empty for all. */
  readonly named: readonly string[];
  readonly json: string | null;
  readonly state: boolean;
}

/** Reads the command line. Throws a {@link UsageError}. */
export function readArguments(args: string[]): BenchCommand {
  const { values } = parseOptions({
    args,
    options: {
      rounds: { type: "string", default: "5" },
      seconds: { type: "string", default: "3" },
      only: { type: "string", default: "" },
      json: { type: "string" },
      state: { type: "boolean", default: false },
    },
  });
  const named = values.only.split(",").filter((name) => name !== "");
  const unknown = named.find((name) => name !== "bulk" && !VARIANTS.includes(name));
  if (unknown !== undefined) {
    throw new UsageError(`--only: there is no ${JSON.stringify(unknown)}, but ${VARIANTS.join(", ")}, bulk`);
  }
  return {
    plan: {
      rounds: numberOf("--rounds", values.rounds, { least: 1, most: 1000, whole: true }),
      seconds: numberOf("--seconds", values.seconds, { least: 0.1, most: 3600 }),
    },
    named,
    json: outputFile("--json", values.json),
    state: values.state,
  };
}
