import type { Target } from "./configuration.ts";
import { DeployError } from "./deploy-error.ts";
import { BINDING, namespaceOf, requireNamespace } from "./namespace.ts";
import type { Wrangler } from "./wrangler.ts";

/**
 * Where the namespace keeps the fingerprint of the deployment that was done to its end: a version's tag is there before
 * its routes and its settings are.
 */
const WHOLE = "deployed";
const AT_CLOUDFLARE = ["--binding", BINDING, "--remote"];
/**
 * How wrangler says that there is no such value: by the code of Cloudflare's API for a missing key, or by the status, which
 * a missing namespace has, too.
 */
const NO_VALUE = / - 404: |\[code: 10009\]/;

interface Status {
  readonly versions: readonly { readonly version_id: string; readonly percentage: number }[];
}

interface Version {
  readonly id: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** What is deployed. */
export interface Deployed {
  /** Whether there is a Worker of this name. */
  readonly exists: boolean;
  /** Of what runs; `null` when nothing does, or when another tool deployed it. */
  readonly fingerprint: string | null;
  /** Of what was deployed to its end; `null` for nothing. */
  readonly whole: string | null;
  /** What the keys of that begin with; none where the note does not say it. */
  readonly keyPrefixes: readonly string[];
}

/** The versions that run, by their ids; `null` when there is no such Worker. */
export async function runningVersions(wrangler: Wrangler): Promise<readonly string[] | null> {
  const status = await wrangler.json<Status>(["deployments", "status", "--json"]);
  return status === null ? null : status.versions.map(({ version_id: id }) => id);
}

/** The fingerprint of the running deployment; `null` when there is none, or when another tool deployed it. */
export async function deployedFingerprint(wrangler: Wrangler): Promise<string | null> {
  return fingerprintOf((await runningVersions(wrangler)) ?? [], wrangler);
}

async function fingerprintOf([current, ...others]: readonly string[], wrangler: Wrangler) {
  if (current === undefined || others.length > 0) return null;
  const version = await wrangler.json<Version>(["versions", "view", current, "--json"]);
  return version?.annotations?.["workers/tag"] ?? null;
}

/** Reads what is deployed. A target that names no namespace yet has no note. */
export async function readDeployed(target: Target, wrangler: Wrangler): Promise<Deployed> {
  const versions = await runningVersions(wrangler);
  const fingerprint = await fingerprintOf(versions ?? [], wrangler);
  const namespace = namespaceOf(target);
  const noted = namespace === null ? "" : await readNote(namespace, wrangler);
  const [whole = "", prefixes = ""] = noted.split(" ");
  const keyPrefixes = prefixes.split(",").filter((prefix) => prefix !== "");
  return { exists: versions !== null, fingerprint, whole: whole || null, keyPrefixes };
}

async function readNote(namespace: string, wrangler: Wrangler): Promise<string> {
  const { code, stdout, all } = await wrangler.run(["kv", "key", "get", WHOLE, "--text", ...AT_CLOUDFLARE]);
  if (code === 0) return stdout.trim();
  if (!NO_VALUE.test(all)) {
    throw new DeployError(
      `Whether ${BINDING} is that of another Worker could not be looked at:\n${all.trim()}`,
    );
  }
  await requireNamespace(namespace, wrangler);
  return "";
}

/**
 * Notes that a deployment was done to its end, and what its keys begin with. Without the note the next one does all of it
 * again.
 */
export async function noteWhole(
  fingerprint: string,
  keyPrefixes: readonly string[],
  wrangler: Wrangler,
  print: (text: string) => void,
): Promise<void> {
  const note = `${fingerprint} ${keyPrefixes.join(",")}`;
  const { code, all } = await wrangler.run(["kv", "key", "put", WHOLE, note, ...AT_CLOUDFLARE]);
  if (code !== 0)
    print(`The next deployment will do all of this again, since no note could be left:\n${all.trim()}\n`);
}

/** The names of the secrets that the Worker has; none when it is not there yet. */
export async function secretsOf(wrangler: Wrangler): Promise<string[]> {
  const secrets = await wrangler.json<readonly { readonly name: string }[]>([
    "secret",
    "list",
    "--format",
    "json",
  ]);
  return (secrets ?? []).map(({ name }) => name);
}
