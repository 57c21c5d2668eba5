import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { readArguments, USAGE, type DeployCommand } from "./arguments.ts";
import { documentVarsOf, readTarget, type Target } from "./configuration.ts";
import { DeployError } from "./deploy-error.ts";
import { nextSteps } from "./next-steps.ts";
import { isReady, urlOf } from "./readiness.ts";
import { release } from "./release.ts";
import { rollBack } from "./rollback.ts";
import { Wrangler } from "./wrangler.ts";

const PAUSE_MS = 5000;
const CHECK_TIMEOUT_MS = 300_000;
const NOT_READY = 2;

const print = (text: string): void => void process.stdout.write(text);

/** `npm run deploy`: checks, creates what is missing, deploys, asks whether it is ready. */
async function main(): Promise<number> {
  const command = readArguments(process.argv.slice(2));
  if (command === null) {
    print(USAGE);
    return 0;
  }
  const target = readTarget(command);
  const vars = documentVarsOf(target, command);
  const wrangler = new Wrangler(command, vars);
  if (command.rollbackTo !== null) await rollBack(command.rollbackTo, wrangler, print);
  else await release(target, command, { wrangler, documentProblems: () => documentProblems(vars), print });
  return command.dryRun ? 0 : await askReadiness(target, command);
}

/** What is wrong with the API's document, in the words of `npm run check`. */
async function documentProblems(vars: Readonly<Record<string, string>>): Promise<string[]> {
  const check = promisify(execFile)(process.execPath, [join(import.meta.dirname, "../check.ts")], {
    env: { ...process.env, ...vars },
    timeout: CHECK_TIMEOUT_MS,
  });
  return check.then(
    () => [],
    ({ stderr, killed }: { stderr: string; killed?: boolean }) => [
      `The API's document:\n${killed === true ? "npm run check has not come to an end" : stderr.trim()}`,
    ],
  );
}

async function askReadiness(target: Target, command: DeployCommand): Promise<number> {
  const url = command.url ?? urlOf(target);
  // After a rollback: the version that was left may be broken, and the first-time steps were done long ago.
  const isRollback = command.rollbackTo !== null;
  const { ready, said } = await isReady(url, Number(process.env["DEPLOY_PAUSE_MS"] ?? PAUSE_MS));
  if (!ready) {
    print(`${url}/-/readyz does not say that all is well: ${said}\n`);
    if (!isRollback) print(`To go back: npm run deploy -- --env ${command.environment} --rollback\n`);
    return NOT_READY;
  }
  print(`${url}/-/readyz: ready\n${isRollback ? "" : nextSteps(url, target)}`);
  return 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof DeployError)) throw error;
  process.stderr.write(`${error.outcome}:\n${error.problems.map((problem) => `- ${problem}\n`).join("")}`);
  process.exitCode = error.exitCode;
}
