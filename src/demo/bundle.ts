import { execFile } from "node:child_process";
import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { StartError } from "./start-error.ts";

export const PROJECT = join(import.meta.dirname, "../..");

/**
 * Builds the Worker into a directory as `worker.js`, exactly as a deployment would, by the API's document that the
 * environment names. The table of its policy lies beside it, so that builds of several documents do not meet.
 */
export async function bundleWorker(directory: string): Promise<void> {
  const policyFile = join(directory, "policy.js");
  mkdirSync(directory, { recursive: true });
  const wrangler = join(
    dirname(createRequire(import.meta.url).resolve("wrangler/package.json")),
    "bin/wrangler.js",
  );
  const build = promisify(execFile)(
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
  await build.catch((error: { stdout?: string; stderr?: string }) => {
    throw new StartError(`The Worker could not be built:\n${error.stdout ?? ""}${error.stderr ?? ""}`.trim());
  });
}
