import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { PolicyTable } from "../core/policy/route-policy.ts";
import { StartError } from "./start-error.ts";

export const PROJECT = join(import.meta.dirname, "../..");

/** Other inputs of the bundle; npm keeps the second as a record of the installed packages. */
const INPUTS = ["wrangler.toml", "node_modules/.package-lock.json"];

/**
 * Builds the Worker into a directory as `worker.js`, exactly as a deployment would, by the API's document that the
 * environment names and `policy` is the table of. The table lies beside it, so that builds of several documents do not
 * meet. What lies there is kept while nothing that it is made of has changed.
 */
export async function bundleWorker(directory: string, policy: PolicyTable): Promise<void> {
  const stamp = join(directory, "inputs.sha256");
  const inputs = inputsOf(policy);
  const isThere = existsSync(stamp) && existsSync(join(directory, "worker.js"));
  if (isThere && readFileSync(stamp, "utf8") === inputs) return;
  rmSync(stamp, { force: true });
  await build(directory);
  writeFileSync(stamp, inputs);
}

/** A hash of everything that a bundle is made of. */
function inputsOf(policy: PolicyTable): string {
  const sources = readdirSync(join(PROJECT, "src"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.includes(".generated."))
    .map(({ parentPath, name }) => join(parentPath, name));
  const hash = createHash("sha256").update(JSON.stringify(policy));
  for (const path of [...sources.toSorted(), ...INPUTS.map((name) => join(PROJECT, name))])
    hash
      .update(path)
      .update("\0")
      .update(existsSync(path) ? readFileSync(path) : "")
      .update("\0");
  return hash.digest("hex");
}

async function build(directory: string): Promise<void> {
  const policyFile = join(directory, "policy.js");
  mkdirSync(directory, { recursive: true });
  const wrangler = join(
    dirname(createRequire(import.meta.url).resolve("wrangler/package.json")),
    "bin/wrangler.js",
  );
  const building = promisify(execFile)(
    process.execPath,
    [wrangler, "deploy", "--dry-run", "--outdir", directory, "--alias", `#policy:${policyFile}`],
    {
      cwd: PROJECT,
      // No telemetry, and no look for a newer version.
      env: {
        ...process.env,
        API_POLICY_FILE: policyFile,
        WRANGLER_SEND_METRICS: "false",
        WRANGLER_HIDE_BANNER: "true",
        NO_COLOR: "1",
      },
    },
  );
  await building.catch((error: { stdout?: string; stderr?: string }) => {
    throw new StartError(`The Worker could not be built:\n${error.stdout ?? ""}${error.stderr ?? ""}`.trim());
  });
}
