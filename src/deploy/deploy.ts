import { useProxy } from "../command-line.ts";
import { readArguments, USAGE, type DeployCommand } from "./arguments.ts";
import { documentVarsOf, readTarget, type Target } from "./configuration.ts";
import { DeployError, NotRolledBack } from "./deploy-error.ts";
import { documentProblems } from "./document-check.ts";
import { nextSteps } from "./next-steps.ts";
import { isReady, urlOf, urlProblems } from "./readiness.ts";
import { release } from "./release.ts";
import { rollBack } from "./rollback.ts";
import { Wrangler } from "./wrangler.ts";

const PAUSE_MS = 5000;
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
  if (command.rollbackTo !== null) {
    const problems = urlProblems(target, command);
    if (problems.length > 0) throw new NotRolledBack(...problems);
    await rollBack(command.rollbackTo, wrangler, print);
  } else await release(target, command, { wrangler, documentProblems: () => documentProblems(vars), print });
  return command.dryRun ? 0 : await askReadiness(target, command);
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

useProxy();
try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof DeployError)) throw error;
  process.stderr.write(`${error.outcome}:\n${error.problems.map((problem) => `- ${problem}\n`).join("")}`);
  process.exitCode = error.exitCode;
}
