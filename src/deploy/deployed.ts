import type { Wrangler } from "./wrangler.ts";

interface Status {
  readonly versions: readonly { readonly version_id: string; readonly percentage: number }[];
}

interface Version {
  readonly id: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The fingerprint of the running deployment; `null` when there is none, or when another tool deployed it. */
export async function deployedFingerprint(wrangler: Wrangler): Promise<string | null> {
  const status = await wrangler.json<Status>(["deployments", "status", "--json"]);
  const [current, ...others] = status?.versions ?? [];
  if (current === undefined || others.length > 0) return null;
  const version = await wrangler.json<Version>(["versions", "view", current.version_id, "--json"]);
  return version?.annotations?.["workers/tag"] ?? null;
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
