import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { readArguments, USAGE, type DeployCommand } from "./arguments.ts";
import { fingerprintOf } from "./bundle.ts";
import { problemsOf } from "./checks.ts";
import { documentVarsOf, readTarget, type Target } from "./configuration.ts";
import { DeployError } from "./deploy-error.ts";
import { datasetHint, datasetNotice } from "./dataset.ts";
import { deployedFingerprint, secretsOf } from "./deployed.ts";
import { provideNamespace } from "./namespace.ts";
import { nextSteps } from "./next-steps.ts";
import { isReady, urlOf } from "./readiness.ts";
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
  const wrangler = new Wrangler(command, documentVarsOf(target, command));
  if (command.rollbackTo !== null) await rollBack(command.rollbackTo, wrangler, print);
  else await deploy(target, command, wrangler);
  return command.dryRun ? 0 : await askReadiness(target, command);
}

async function deploy(target: Target, command: DeployCommand, wrangler: Wrangler): Promise<void> {
  const problems = [...problemsOf(target), ...(await documentProblems(documentVarsOf(target, command)))];
  if (problems.length > 0) throw new DeployError(...problems);
  await requireSecrets(target, command, wrangler);
  await provideNamespace(target, command, wrangler, print);
  print(datasetNotice(target));
  const complete = readTarget(command);
  const fingerprint = await fingerprintOf(complete, wrangler);
  if (command.dryRun) {
    print(`Nothing is wrong. ${target.name} (${fingerprint}) would be deployed.\n`);
    return;
  }
  if ((await deployedFingerprint(wrangler)) === fingerprint) {
    print(`${target.name} (${fingerprint}) is what runs already: nothing to deploy.\n`);
    return;
  }
  const { code, stdout, all } = await wrangler.run(["deploy", "--tag", fingerprint]);
  if (code !== 0) throw new DeployError(`wrangler could not deploy:\n${all.trim()}`, ...datasetHint(all));
  print(stdout);
}

/** What is wrong with the API's document, in the words of `npm run check`. */
async function documentProblems(vars: Readonly<Record<string, string>>): Promise<string[]> {
  const check = promisify(execFile)(process.execPath, [join(import.meta.dirname, "../check.ts")], {
    env: { ...process.env, ...vars },
  });
  return check.then(
    () => [],
    ({ stderr }: { stderr: string }) => [`The API's document:\n${stderr.trim()}`],
  );
}

async function requireSecrets(
  target: Target,
  { environment }: DeployCommand,
  wrangler: Wrangler,
): Promise<void> {
  const required = target.secrets?.required ?? [];
  if (required.length === 0) return;
  const known = await secretsOf(wrangler);
  const missing = required.filter((name) => !known.includes(name));
  if (missing.length === 0) return;
  throw new DeployError(
    ...missing.map(
      (name) => `${name}: the secret is missing; npx wrangler secret put ${name} --env ${environment}`,
    ),
  );
}

async function askReadiness(target: Target, command: DeployCommand): Promise<number> {
  const url = command.url ?? urlOf(target);
  const { ready, said } = await isReady(url, Number(process.env["DEPLOY_PAUSE_MS"] ?? PAUSE_MS));
  if (!ready) {
    print(`${url}/-/readyz does not say that all is well: ${said}\n`);
    print(`To go back: npm run deploy -- --env ${command.environment} --rollback\n`);
    return NOT_READY;
  }
  print(`${url}/-/readyz: ready\n${nextSteps(url, target)}`);
  return 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof DeployError)) throw error;
  process.stderr.write(
    `Nothing was uploaded:\n${error.problems.map((problem) => `- ${problem}\n`).join("")}`,
  );
  process.exitCode = 1;
}
