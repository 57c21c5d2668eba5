import { readFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { unstable_getMiniflareWorkerOptions as getWorkerOptions } from "wrangler";
import { BUNDLE_DIR } from "./build-bundle.ts";
import { adminClaims, startIssuer, type TestIssuer } from "./issuer.ts";
import { startOriginServer, type OriginServer } from "./origin-server.ts";

export interface PortcullisOptions {
  /** Variables that differ from `wrangler.toml`. */
  readonly vars?: Readonly<Record<string, string>>;
  /** How many edge isolates run over the one set of Durable Objects. */
  readonly edges?: number;
  /** Bindings of the edges that are replaced by an entrypoint or object of `test/support/faults.ts`. */
  readonly faults?: { readonly kv?: string; readonly guard?: string };
}

export interface CreatedKey {
  readonly id: string;
  readonly key: string;
  readonly version: number;
}

export interface CallOptions {
  /** The bearer credential. */
  readonly as?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** The client's address, as Cloudflare would tell it. */
  readonly from?: string;
  /** Which edge isolate to ask. */
  readonly edge?: number;
}

/** The whole product on the real runtime: edge isolates over one set of objects, a provider and an origin. */
export interface Portcullis {
  readonly edges: readonly string[];
  readonly issuer: TestIssuer;
  readonly origin: OriginServer;
  readonly miniflare: Miniflare;
  call(method: string, path: string, options?: CallOptions): Promise<Response>;
  /** A call as an admin who is a developer on every vault, with a fresh second factor. */
  manage(
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Response>;
  createKey(changes?: Readonly<Record<string, unknown>>): Promise<CreatedKey>;
  stop(): Promise<void>;
}

const DEFAULT_ADDRESS = "203.0.113.7";
const HOST = "127.0.0.1";

/** Starts the production bundle; the organisation `org_test` is set up. */
export async function startPortcullis(options: PortcullisOptions = {}): Promise<Portcullis> {
  const [issuer, origin] = await Promise.all([startIssuer(), startOriginServer()]);
  const miniflare = await startRuntime(issuer, origin, options);
  const names = edgeNames(options.edges ?? 1);
  const edges = await Promise.all(
    names.map(async (name) => (await miniflare.unsafeGetDirectURL(name)).origin),
  );

  const call: Portcullis["call"] = (
    method,
    path,
    { as, body, headers, from = DEFAULT_ADDRESS, edge = 0 } = {},
  ) =>
    fetch(`${edges[edge]}${path}`, {
      method,
      redirect: "manual",
      headers: {
        "CF-Connecting-IP": from,
        ...(as !== undefined && { Authorization: `Bearer ${as}` }),
        ...(body !== undefined && { "Content-Type": "application/json" }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  const manage: Portcullis["manage"] = async (method, path, body, headers = {}) =>
    call(method, path, { as: await issuer.token(adminClaims()), body, headers });

  await manage("POST", "/-/organization/bootstrap");
  return {
    edges,
    issuer,
    origin,
    miniflare,
    call,
    manage,
    async createKey(changes = {}) {
      const body = { name: "Test", scopes: ["vault:read"], vaults: "*", ...changes };
      const response = await manage("POST", "/-/api-keys", body);
      if (response.status !== 201) throw new Error(`${response.status} ${await response.text()}`);
      return (await response.json()) as CreatedKey;
    },
    async stop() {
      await miniflare.dispose();
      await Promise.all([issuer.close(), origin.stop()]);
    },
  };
}

function edgeNames(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `edge${i}`);
}

/** The part of the options of `wrangler.toml` that is changed here. */
interface WorkerOptions {
  readonly modulesRules?: unknown;
  readonly bindings: Readonly<Record<string, string>>;
  readonly kvNamespaces: Readonly<Record<string, unknown>>;
  readonly durableObjects: Readonly<Record<string, { className: string }>>;
  readonly compatibilityDate: string;
  readonly compatibilityFlags: readonly string[];
}

type V4Options = Parameters<typeof convertV4MiniflareOptions>[0];

async function startRuntime(
  issuer: TestIssuer,
  origin: OriginServer,
  { vars = {}, edges = 1, faults = {} }: PortcullisOptions,
): Promise<Miniflare> {
  const configPath = join(import.meta.dirname, "../../wrangler.toml");
  const { modulesRules: _, ...worker } = getWorkerOptions(configPath).workerOptions as unknown as WorkerOptions;
  const bindings = {
    ...worker.bindings,
    MAX_KEYS_PER_OWNER: "1000",
    ORIGIN_URL: origin.url,
    OIDC_ISSUER: issuer.url,
    ...vars,
  };
  const [first, ...others] = edgeNames(edges) as [string, ...string[]];
  const edge = {
    ...worker,
    bindings,
    modules: [esModule("worker.js", readFileSync(`${BUNDLE_DIR}/worker.js`, "utf8"))],
    stripCfConnectingIp: false,
    unsafeDirectSockets: [{ host: HOST, port: 0 }],
  };
  const remoteObjects = Object.fromEntries(
    Object.entries(worker.durableObjects).map(([name, object]) => [name, { ...object, scriptName: first }]),
  );
  const workers = [
    { ...edge, name: first, ...faultyBindings(edge, edge.durableObjects, faults) },
    ...others.map((name) => ({
      ...edge,
      name,
      durableObjects: remoteObjects,
      ...faultyBindings(edge, remoteObjects, faults),
    })),
    {
      name: "faults",
      modules: [esModule("faults.js", await bundleFaults())],
      compatibilityDate: worker.compatibilityDate,
      compatibilityFlags: worker.compatibilityFlags,
    },
  ];
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      cf: false,
      host: HOST,
      workers,
      handleStructuredLogs: () => {},
    } as V4Options),
  );
  await miniflare.ready;
  return miniflare;
}

function esModule(path: string, contents: string) {
  return { type: "ESModule" as const, path, contents };
}

/** The bindings of an edge with faults in place of the real thing. */
function faultyBindings(
  edge: { kvNamespaces?: unknown },
  objects: Readonly<Record<string, unknown>>,
  { kv, guard }: NonNullable<PortcullisOptions["faults"]>,
): object {
  return {
    ...(kv !== undefined && {
      kvNamespaces: {},
      serviceBindings: { KEY_RECORDS: { name: "faults", entrypoint: kv } },
    }),
    ...(kv === undefined && { kvNamespaces: edge.kvNamespaces }),
    ...(guard !== undefined && {
      durableObjects: { ...objects, KEY_GUARD: { className: guard, scriptName: "faults", useSQLite: true } },
    }),
  };
}

async function bundleFaults(): Promise<string> {
  const result = await build({
    entryPoints: [join(import.meta.dirname, "faults.ts")],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    external: ["cloudflare:*", "node:*"],
  });
  return result.outputFiles[0]?.text ?? "";
}
