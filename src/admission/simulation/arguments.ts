import { numberOf, outputFile, parseOptions, SEEDS, UsageError } from "../../command-line.ts";
import { SCENARIOS, type Scenario } from "./scenarios.ts";

export const USAGE = `Usage: npm run simulate [-- --json FILE] [--only TEXT] [--seed N]

The admission protocol in virtual time, by the product's own rules.

  --json  writes the figures to a file
  --only  scenarios whose names hold the text
  --seed  of what comes at random; 1

Exit code 2: the command line cannot be carried out.
`;

interface SimulateCommand {
  readonly scenarios: readonly Scenario[];
  readonly seed: number;
  readonly json: string | null;
}

/** Reads the command line. Throws a {@link UsageError}. */
export function readArguments(args: string[]): SimulateCommand {
  const { values } = parseOptions({
    args,
    options: {
      json: { type: "string" },
      only: { type: "string", default: "" },
      seed: { type: "string", default: "1" },
    },
  });
  const scenarios = SCENARIOS.filter(({ name }) => name.includes(values.only));
  if (scenarios.length === 0) {
    throw new UsageError(
      `--only: no scenario has ${JSON.stringify(values.only)} in its name; there are ${SCENARIOS.map(({ name }) => name).join("; ")}`,
    );
  }
  return {
    scenarios,
    seed: numberOf("--seed", values.seed, SEEDS),
    json: outputFile("--json", values.json),
  };
}
