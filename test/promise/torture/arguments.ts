import { numberOf, parseOptions, SEEDS, UsageError } from "../../../src/command-line.ts";
import { BROKEN } from "./broken.ts";

export const USAGE = `Usage:
  npm run torture [-- --minutes N] [--seed N] [--steps N] [--quick]
  npm run torture -- --broken [--seed N] [--steps N] [--only TEXT]

Random runs of everything that may happen, over the real runtime, against a model of what must be allowed; with a seed,
that run alone. A failure is shrunk and printed with its seed.

  --minutes  5
  --steps    of a run; 80
  --quick    restarts nothing
  --broken   the same over products that each have a fault, from the same seed on
  --only     of those, the ones whose names hold the text

Exit code 1: a promise is broken, or a fault was not found; 2: the command line cannot be carried out.
`;

interface TortureCommand {
  readonly minutes: number;
  /** `null` for another one each time. */
  readonly seed: number | null;
  readonly steps: number;
  readonly quick: boolean;
  readonly broken: boolean;
  readonly only: string;
}

/** Reads the command line. Throws a {@link UsageError}. */
export function readArguments(args: string[]): TortureCommand {
  const { values } = parseOptions({
    args,
    options: {
      minutes: { type: "string", default: "5" },
      seed: { type: "string" },
      steps: { type: "string", default: "80" },
      quick: { type: "boolean", default: false },
      broken: { type: "boolean", default: false },
      only: { type: "string", default: "" },
    },
  });
  const { quick, broken, only } = values;
  if (!BROKEN.some(({ name }) => name.includes(only))) {
    throw new UsageError(`--only: no broken product has ${JSON.stringify(only)} in its name`);
  }
  return {
    minutes: numberOf("--minutes", values.minutes, { least: 0.01, most: 10_000 }),
    seed: values.seed === undefined ? null : numberOf("--seed", values.seed, SEEDS),
    steps: numberOf("--steps", values.steps, { least: 1, most: 100_000, whole: true }),
    quick,
    broken,
    only,
  };
}
