import { existsSync } from "node:fs";
import { join } from "node:path";
import { numberOf, parseOptions, SEEDS, UsageError } from "../../src/command-line.ts";

const ROOT = join(import.meta.dirname, "../..");
/** By importance: what decides first. */
const ROOMS = [
  "src/core/access",
  "src/admission/rules",
  "src/core/key",
  "src/core/token",
  "src/core/policy",
  "src/core",
];

export const USAGE = `Usage: npm run mutate [-- --room PATH]... [--test PREFIX]... [--share N] [--minutes N] [--seed N] [--processes N]

Makes small changes to the rules, one at a time, and runs the tests of pure rules that import the changed file.

  --room       a folder or file of src/; ${ROOMS.join(", ")}
  --test       how the names of the tests begin that are run; test/
  --share      of the changes, drawn by the seed; 1
  --minutes    60
  --seed       1
  --processes  2

Exit code 1: a change that no test notices is left; 2: the command line cannot be carried out.
`;

interface MutateCommand {
  readonly rooms: readonly string[];
  readonly tests: readonly string[];
  readonly share: number;
  readonly minutes: number;
  readonly seed: number;
  readonly processes: number;
}

/** Reads the command line. Throws a {@link UsageError}. */
export function readArguments(args: string[]): MutateCommand {
  const { values } = parseOptions({
    args,
    options: {
      room: { type: "string", multiple: true, default: ROOMS },
      test: { type: "string", multiple: true, default: ["test/"] },
      share: { type: "string", default: "1" },
      minutes: { type: "string", default: "60" },
      seed: { type: "string", default: "1" },
      processes: { type: "string", default: "2" },
    },
  });
  const missing = values.room.find((room) => !room.startsWith("src/") || !existsSync(join(ROOT, room)));
  if (missing !== undefined) throw new UsageError(`--room: there is no ${JSON.stringify(missing)} in src/`);
  return {
    rooms: values.room,
    tests: values.test,
    share: numberOf("--share", values.share, { least: 0, most: 1 }),
    minutes: numberOf("--minutes", values.minutes, { least: 0.01, most: 10_000 }),
    seed: numberOf("--seed", values.seed, SEEDS),
    processes: numberOf("--processes", values.processes, { least: 1, most: 64, whole: true }),
  };
}
