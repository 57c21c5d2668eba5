import { execFileSync } from "node:child_process";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "../..");

/** Where the production bundle lies that the tests run. */
export const BUNDLE_DIR = join(ROOT, ".wrangler/test-bundle");

/** Builds the production bundle, once before all tests that start whole runtimes; what browsers load with it. */
export function setup(): void {
  const env = { ...process.env, API_DOCUMENT: "", API_OVERLAY: "" };
  execFileSync("wrangler", ["deploy", "--dry-run", "--outdir", BUNDLE_DIR], {
    cwd: ROOT,
    env,
    stdio: "pipe",
  });
}
