import { build } from "esbuild";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";

/** Workers that run in one workerd and can be reached on sockets of their own. */
interface RunningWorkers<Name extends string> {
  readonly urls: Readonly<Record<Name, URL>>;
  stop(): Promise<void>;
}

/**
 * Runs one entry file (relative to the repository) as several workers that differ in their bindings. Their sockets are
 * the runtime's own, without the proxy that a development server puts in front.
 */
export async function startWorkers<Name extends string>(
  entry: string,
  bindings: Readonly<Record<Name, object>>,
): Promise<RunningWorkers<Name>> {
  const names = Object.keys(bindings) as Name[];
  const contents = await bundle(entry);
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      cf: false,
      workers: names.map((name) => ({
        name,
        modules: [{ type: "ESModule", path: "worker.mjs", contents }],
        bindings: JSON.parse(JSON.stringify(bindings[name])),
        compatibilityDate: "2026-11-01",
        compatibilityFlags: ["nodejs_compat"],
        stripCfConnectingIp: false,
        unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
      })),
    }),
  );
  const urls = {} as Record<Name, URL>;
  for (const name of names) urls[name] = await miniflare.unsafeGetDirectURL(name);
  return { urls, stop: () => miniflare.dispose() };
}

async function bundle(entry: string): Promise<string> {
  const result = await build({
    entryPoints: [new URL(`../../${entry}`, import.meta.url).pathname],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    external: ["cloudflare:*", "node:*"],
  });
  return result.outputFiles[0]?.text ?? "";
}
