import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Target } from "./configuration.ts";
import { DeployError } from "./deploy-error.ts";
import type { Wrangler } from "./wrangler.ts";

/** Cloudflare keeps tags of 25 letters. */
const FINGERPRINT_LETTERS = 24;

/**
 * Builds the Worker as a deployment would, the check of the API's document included, and tells what would be deployed by
 * a fingerprint of its code and its configuration. Throws a {@link DeployError} with what the build says.
 */
export async function fingerprintOf(target: Target, wrangler: Wrangler): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), "portcullis-deploy-"));
  try {
    const { code, all } = await wrangler.run(["deploy", "--dry-run", "--outdir", directory]);
    if (code !== 0) throw new DeployError(`The Worker cannot be built:\n${all.trim()}`);
    const hash = createHash("sha256");
    for (const file of readdirSync(directory).toSorted()) {
      if (/\.(?:js|mjs|wasm|txt|html|bin)$/.test(file))
        hash.update(file).update(readFileSync(join(directory, file)));
    }
    hash.update(JSON.stringify(whatCounts(target)));
    return hash.digest("hex").slice(0, FINGERPRINT_LETTERS);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** What a deployment takes from the configuration, without the paths of this machine. */
function whatCounts(target: Target): unknown {
  const { configPath: _1, userConfigPath: _2, main: _3, build: _4, dev: _5, ...rest } = target;
  return rest;
}
