import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { buildSync } from "esbuild";

const ROOT = join(import.meta.dirname, "../..");

/** The gateway's module, as a deployment uploads it. */
export const GATEWAY_MODULE = "worker.js";

/** Bytes that a deployment uploads. */
export interface BundleSize {
  readonly uploadBytes: number;
  readonly gzipBytes: number;
}

/** Builds the production bundle and the benchmark's own workers into a directory. */
export function buildBundles(directory: string): BundleSize {
  execFileSync(join(ROOT, "node_modules/.bin/wrangler"), ["deploy", "--dry-run", "--outdir", directory], {
    cwd: ROOT,
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, WRANGLER_SEND_METRICS: "false" },
  });
  buildWorkers(directory);
  const bundle = readFileSync(join(directory, GATEWAY_MODULE));
  return { uploadBytes: bundle.length, gzipBytes: gzipSync(bundle).length };
}

/** Builds the workers that stand beside the gateway. */
export function buildWorkers(directory: string): void {
  buildSync({
    entryPoints: [join(import.meta.dirname, "workers/*.ts")],
    outdir: directory,
    bundle: true,
    format: "esm",
    target: "es2024",
    external: ["cloudflare:*", "node:*"],
  });
}
