import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "../..");

/** Where the production bundle lies that the tests run. */
export const BUNDLE_DIR = join(ROOT, ".wrangler/test-bundle");

/** What Node has compiled, kept between processes: dozens of them load wrangler. */
const COMPILED = join(ROOT, ".wrangler/compiled");

/** Builds the production bundle, once before all tests that start whole runtimes; what browsers load with it. */
export function setup(): void {
  process.env["NODE_COMPILE_CACHE"] = COMPILED;
  // Nothing leaves the machine. Each start of a runtime would copy its whole configuration for every second authority.
  delete process.env["NODE_EXTRA_CA_CERTS"];
  const env = { ...process.env, API_DOCUMENT: "", API_OVERLAY: "" };
  execFileSync("wrangler", ["deploy", "--dry-run", "--outdir", BUNDLE_DIR], {
    cwd: ROOT,
    env,
    stdio: "pipe",
  });
}

/** How the bundle holds the table of the API that it guards. */
const TABLE = /POLICY_TABLE = JSON\.parse\(.*\);/;

/** The bundled Worker, in front of the API of the sample or of another document, relative to the repository. */
export function bundledWorker(document?: string): string {
  const worker = readFileSync(join(BUNDLE_DIR, "worker.js"), "utf8");
  if (document === undefined) return worker;
  const directory = mkdtempSync(join(tmpdir(), "portcullis-policy-"));
  try {
    const file = join(directory, "policy.js");
    const env = { ...process.env, API_DOCUMENT: document, API_OVERLAY: "", API_POLICY_FILE: file };
    execFileSync("node", ["src/api/build.ts"], { cwd: ROOT, env, stdio: "pipe" });
    const table = TABLE.exec(readFileSync(file, "utf8"))?.[0];
    if (table === undefined || !TABLE.test(worker)) throw new Error("No table of the API in the bundle");
    return worker.replace(TABLE, () => table);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
