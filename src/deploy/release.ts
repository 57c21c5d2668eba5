import type { DeployCommand } from "./arguments.ts";
import { readConfig } from "../settings.ts";
import { fingerprintOf } from "./bundle.ts";
import { problemsOf } from "./checks.ts";
import { readOthers, readTarget, varsOf, type Target } from "./configuration.ts";
import { datasetHint, datasetNotice } from "./dataset.ts";
import { DeployError, HalfDeployed, NoNamespace, NotDeployed } from "./deploy-error.ts";
import { deployedFingerprint, noteWhole, readDeployed, secretsOf, type Deployed } from "./deployed.ts";
import { fieldProblems } from "./field-checks.ts";
import { provideNamespace } from "./namespace.ts";
import { urlProblems } from "./readiness.ts";
import type { Outcome, Wrangler } from "./wrangler.ts";

interface ReleaseTools {
  readonly wrangler: Wrangler;
  readonly documentProblems: () => Promise<readonly string[]>;
  readonly print: (text: string) => void;
}

/**
 * Checks everything, creates what is missing, and deploys, unless all of that runs already. Throws a {@link DeployError}
 * that says what has come of it.
 */
export async function release(
  target: Target,
  command: DeployCommand,
  { wrangler, documentProblems, print }: ReleaseTools,
): Promise<void> {
  const problems = [
    ...fieldProblems(command),
    ...problemsOf(target, readOthers(command)),
    ...urlProblems(target, command),
    ...(await documentProblems()),
  ];
  if (problems.length > 0) throw new DeployError(...problems);
  await requireSecrets(target, command, wrangler);
  await provideNamespace(target, command, wrangler, print);
  print(datasetNotice(target));
  const provided = readTarget(command);
  const fingerprint = await fingerprintOf(provided, wrangler);
  const deployed = command.dryRun
    ? await tryToRead(provided, wrangler, print)
    : await readDeployed(provided, wrangler);
  if (deployed?.exists === false && deployed.whole !== null) {
    throw new DeployError(
      `name: there is no Worker ${target.name}, and its namespace KEY_RECORDS is that of one that was deployed: under another name? Under a new one it would begin without any key. If that is meant, take the namespace's id out`,
    );
  }
  const { keyPrefixes } = readConfig(varsOf(target));
  const lost = (deployed?.keyPrefixes ?? []).filter((prefix) => !keyPrefixes.includes(prefix));
  if (lost.length > 0) {
    throw new DeployError(
      `KEY_PREFIXES_ACCEPTED: leaves out ${lost.join(", ")}, with which keys begin that were given out, and which would all end. If that is meant, delete the namespace's entry deployed first`,
    );
  }
  if (deployed?.fingerprint === fingerprint && deployed.whole === fingerprint) {
    print(`${target.name} (${fingerprint}) is what runs already: nothing to deploy.\n`);
  } else if (command.dryRun) {
    print(`Nothing is wrong. ${target.name} (${fingerprint}) would be deployed.\n`);
  } else {
    await upload(fingerprint, keyPrefixes, wrangler, print);
  }
}

/** What is deployed; `null` where it cannot be looked at, as without a token, and says so. */
async function tryToRead(
  target: Target,
  wrangler: Wrangler,
  print: (text: string) => void,
): Promise<Deployed | null> {
  try {
    return await readDeployed(target, wrangler);
  } catch (error) {
    if (!(error instanceof DeployError) || error instanceof NoNamespace) throw error;
    print(
      `Not looked at: what is deployed, and whether its keys would be lost under this name.\n${error.message}\n`,
    );
    return null;
  }
}

async function upload(
  fingerprint: string,
  keyPrefixes: readonly string[],
  wrangler: Wrangler,
  print: (text: string) => void,
): Promise<void> {
  const outcome = await wrangler.run(["deploy", "--tag", fingerprint]);
  if (outcome.code !== 0) throw await failureOf(outcome, fingerprint, wrangler);
  print(outcome.stdout);
  await noteWhole(fingerprint, keyPrefixes, wrangler, print);
}

/** wrangler uploads first, and sets routes and logs after that: either may fail, and the answer to either get lost. */
async function failureOf(
  { all, timedOut = false }: Outcome,
  fingerprint: string,
  wrangler: Wrangler,
): Promise<DeployError> {
  const problems = [`wrangler could not deploy:\n${all.trim()}`, ...datasetHint(all)];
  const again = "Run the same command again: it does all of it";
  try {
    const runs = (await deployedFingerprint(wrangler)) === fingerprint;
    if (!runs && timedOut) {
      return new HalfDeployed(
        "What ran before runs still, and the upload may be under way",
        ...problems,
        again,
      );
    }
    if (!runs) return new NotDeployed(...problems);
    return new HalfDeployed(
      "The code was deployed, but not all of its routes and settings",
      ...problems,
      again,
    );
  } catch {
    return new HalfDeployed("Whether anything was deployed could not be found out", ...problems, again);
  }
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
