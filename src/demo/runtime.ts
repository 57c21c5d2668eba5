import { rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import {
  convertV4MiniflareOptions,
  Miniflare,
  MiniflareCoreError,
  type V4WorkerOptions,
  type V4WorkerOptionsShape,
} from "miniflare";
import { unstable_getMiniflareWorkerOptions } from "wrangler";
import type { PolicyTable } from "../core/policy/route-policy.ts";
import { ConfigError } from "../settings.ts";
import { bundleWorker, PROJECT } from "./bundle.ts";
import { EDGE_MODULE, LOOPBACK } from "./edge.ts";
import { type Lifeline, takeLifeline } from "./lifeline.ts";
import { StartError } from "./start-error.ts";

interface Options {
  /** Directory for what outlives the runtime; one runtime at a time. */
  readonly stateDir: string;
  /** Forgets what an earlier runtime kept there. */
  readonly fresh?: boolean;
  /** Port of the gateway on 127.0.0.1; 0, the default, for any free one. */
  readonly port?: number;
  /** Variables that replace those of wrangler.toml. */
  readonly vars?: Readonly<Record<string, string>>;
  /** How many isolates serve requests, each on its own port, over one set of Durable Objects; default 1. */
  readonly edges?: number;
  /** Takes each line that the Worker or the runtime logs; by default it is printed. */
  readonly log?: (line: string, level: string) => void;
}

/** Where a bundle of the Worker lies, or the policy of the API that one is made for. */
type Bundle = { readonly bundleDir: string } | { readonly policy: PolicyTable };

export type RuntimeOptions = Options & Bundle;

export interface Runtime {
  /** Where the first edge answers, without a trailing slash. */
  readonly url: string;
  /** Where each edge answers. */
  readonly urls: readonly string[];
  /** For tests that look at what is stored, or tamper with it. */
  readonly miniflare: Miniflare;
  dispose(): Promise<void>;
}

/** Owns the Durable Objects, whose place on disk bears this name. */
const WORKER = "portcullis";
const MAX_UNREAD_BYTES = 8 * 1024 * 1024;

/**
 * The variables of wrangler.toml, with the values of `.dev.vars` where there is one. Throws a {@link ConfigError} for one
 * that is no text.
 */
export function configuredVars(): Record<string, string> {
  return textsOf(workerOptions().bindings ?? {});
}

/** Variables as the Worker takes them. A TOML number or table would reach it as it is. */
export function textsOf(variables: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(variables).map(([name, value]) => {
      if (typeof value === "string") return [name, value];
      throw new ConfigError(`${name} must be a text, in quotes (is ${JSON.stringify(value)})`);
    }),
  );
}

/** Runs the production bundle on workerd. Throws a {@link StartError} when the port or the state is in use. */
export async function startRuntime(options: RuntimeOptions): Promise<Runtime> {
  const stateDir = resolve(options.stateDir);
  const lifeline = await takeLifeline(stateDir);
  try {
    if (options.fresh) rmSync(join(stateDir, "state"), { recursive: true, force: true });
    const bundleDir = "policy" in options ? join(stateDir, "bundle") : resolve(options.bundleDir);
    if ("policy" in options) await bundleWorker(bundleDir, options.policy);
    const { miniflare, urls } = await run(options, stateDir, bundleDir, lifeline);
    return {
      url: urls[0] ?? "",
      urls,
      miniflare,
      dispose: async () => {
        await miniflare.dispose();
        lifeline.release();
      },
    };
  } catch (error) {
    lifeline.release();
    if (error instanceof MiniflareCoreError && error.code === "ERR_ADDRESS_IN_USE") {
      throw new StartError(`PORT ${options.port} is in use by another program`);
    }
    throw error;
  }
}

async function run(options: Options, stateDir: string, bundleDir: string, lifeline: Lifeline) {
  const { edges = 1, log = printLog } = options;
  const workers = Array.from({ length: edges }, (_, index) => edge(options, bundleDir, index));

  process.env["MINIFLARE_WORKERD_PATH"] = join(import.meta.dirname, "workerd.sh");
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      workers,
      // This entry changes requests on their way in, so nobody is sent there: each edge has a socket of its own.
      host: LOOPBACK,
      port: 0,
      logRequests: false,
      // `request.cf` as it is at hand, not as a service on the network would tell it.
      cf: false,
      resourcePersistencePath: join(stateDir, "state"),
      unsafeRuntimeEnv: { LIFELINE: lifeline.path, WORKERD: workerdBinary() },
      handleStructuredLogs: ({ message, level }) => log(message, level),
    }),
  );
  try {
    await miniflare.ready;
    const urls = await Promise.all(workers.map(({ name }) => miniflare.unsafeGetDirectURL(name)));
    return { miniflare, urls: urls.map(({ origin }) => origin) };
  } catch (error) {
    // Its own complaint is the one above.
    await miniflare.dispose().catch(() => {});
    throw error;
  } finally {
    // Other runtimes of this process start as they are.
    delete process.env["MINIFLARE_WORKERD_PATH"];
  }
}

function edge({ port = 0, vars }: Options, bundleDir: string, index: number): V4WorkerOptions {
  const { durableObjects = {}, bindings, ...worker } = workerOptions();
  const shared = Object.entries(durableObjects).map(([name, object]) => {
    const of = typeof object === "string" ? { className: object } : object;
    return [name, index === 0 ? of : { ...of, scriptName: WORKER }] as const;
  });
  return {
    ...worker,
    name: index === 0 ? WORKER : `${WORKER}-${index}`,
    modulesRoot: bundleDir,
    modules: [
      { type: "ESModule", path: join(bundleDir, "edge.js"), contents: EDGE_MODULE },
      { type: "ESModule", path: join(bundleDir, "worker.js") },
    ],
    bindings: { ...bindings, ...vars },
    durableObjects: Object.fromEntries(shared),
    stripCfConnectingIp: false,
    unsafeDirectSockets: [{ host: LOOPBACK, port: index === 0 ? port : 0 }],
  };
}

function workerOptions(): V4WorkerOptionsShape {
  const { workerOptions: worker } = unstable_getMiniflareWorkerOptions(join(PROJECT, "wrangler.toml"));
  // Rules are for bundling; Miniflare refuses them.
  delete worker.modulesRules;
  return worker;
}

/** The binary that Miniflare would run itself. */
function workerdBinary(): string {
  const require = createRequire(createRequire(import.meta.url).resolve("miniflare"));
  return (require("workerd") as { default: string }).default;
}

/** Prints a line, unless nobody has read the earlier ones: then they would fill the memory. */
export function printLog(line: string, level: string): void {
  const stream = level === "error" || level === "warn" ? process.stderr : process.stdout;
  if (stream.writableLength < MAX_UNREAD_BYTES) stream.write(`${line}\n`);
}
