/**
 * Runs tests against one mutant after another, in one process: each message is a file, its text, and the tests; each
 * answer says whether one of them failed.
 */
import { join } from "node:path";
import { createVitest } from "vitest/node";

const ROOT = join(import.meta.dirname, "../..");

/** What a runner is sent; without a text the file is as it is. */
export interface Trial {
  readonly file: string;
  readonly text: string | null;
  readonly tests: readonly string[];
}

let trial: Trial | null = null;

const vitest = await createVitest(
  {
    root: ROOT,
    config: false,
    watch: true,
    fsModuleCache: false,
    pool: "threads",
    isolate: false,
    maxWorkers: 1,
    bail: 1,
    testTimeout: 10_000,
    reporters: [{}],
    include: ["test/**/*.test.ts"],
  },
  {
    server: { watch: null },
    plugins: [
      {
        name: "mutant",
        enforce: "pre",
        load: (id) => (trial !== null && id === join(ROOT, trial.file) ? trial.text : null),
      },
    ],
  },
);
await vitest.standalone();

async function run(next: Trial): Promise<void> {
  const before = trial;
  trial = next;
  for (const each of [before, next]) if (each !== null) vitest.invalidateFile(join(ROOT, each.file));
  const specifications = next.tests.map((test) =>
    vitest.getRootProject().createSpecification(join(ROOT, test)),
  );
  const { testModules, unhandledErrors } = await vitest.runTestSpecifications(specifications);
  const asked = testModules.filter(({ relativeModuleId }) => next.tests.includes(relativeModuleId));
  const failed = asked.flatMap((module) => [
    ...module.errors().map(({ message }) => message),
    ...[...module.children.allTests()]
      .filter((test) => test.result().state === "failed")
      .map(({ fullName }) => fullName),
  ]);
  // No test is no proof.
  const missing = asked.length < next.tests.length ? ["not run"] : [];
  process.send?.([...failed, ...missing, ...unhandledErrors.map(String)]);
}

process.on("message", (next: Trial) => void run(next));
process.send?.("ready");
