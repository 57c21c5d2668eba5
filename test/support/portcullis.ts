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
  /** The edge isolates over the one set of Durable Objects: how many, or how each differs. The first has the objects. */
  readonly edges?: number | readonly EdgeOptions[];
  /** Faults that every edge has. */
  readonly faults?: Faults;
  /** Where everything is stored; without it, it goes with the runtime. */
  readonly stateDir?: string;
}

/** Bindings that are replaced by an entrypoint or object of `test/support/faults.ts`. */
export interface Faults {
  readonly kv?: string;
  readonly guard?: string;
  readonly organization?: string;
  /** The rate-limiting binding. */
  readonly failures?: string;
}

export interface EdgeOptions extends Faults {
  readonly vars?: Readonly<Record<string, string>>;
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
  /** What the runtime has written to its log. */
  readonly logs: readonly string[];
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

let addresses = 0;
/** An address that nobody else calls from, so that one test's refusals do not slow another down. */
export function freshAddress(): string {
  addresses++;
  return `198.18.${addresses >> 8}.${addresses & 255}`;
}

/** Starts the production bundle; the organisation `org_test` is set up. */
export async function startPortcullis(product: PortcullisOptions = {}): Promise<Portcullis> {
  const [issuer, origin] = await Promise.all([startIssuer(), startOriginServer()]);
  const logs: string[] = [];
  const options = edgeOptions(product);
  const miniflare = await startRuntime(issuer, origin, options, logs, product.stateDir);
  const edges = await Promise.all(
    options.map(async (_, i) => (await miniflare.unsafeGetDirectURL(edgeName(i))).origin),
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
    logs,
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

/** What each edge differs in. */
function edgeOptions({ edges = 1, vars, faults }: PortcullisOptions): EdgeOptions[] {
  const own = typeof edges === "number" ? Array.from({ length: edges }, () => ({})) : edges;
  return own.map((edge: EdgeOptions) => ({ ...faults, ...edge, vars: { ...vars, ...edge.vars } }));
}

function edgeName(index: number): string {
  return `edge${index}`;
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
  edges: readonly EdgeOptions[],
  logs: string[],
  stateDir: string | undefined,
): Promise<Miniflare> {
  const configPath = join(import.meta.dirname, "../../wrangler.toml");
  const { modulesRules: _, ...worker } = getWorkerOptions(configPath)
    .workerOptions as unknown as WorkerOptions;
  const bindings = {
    ...worker.bindings,
    MAX_KEYS_PER_OWNER: "1000",
    ORIGIN_URL: origin.url,
    OIDC_ISSUER: issuer.url,
  };
  const edge = {
    ...worker,
    modules: [esModule("worker.js", readFileSync(`${BUNDLE_DIR}/worker.js`, "utf8"))],
    stripCfConnectingIp: false,
    unsafeDirectSockets: [{ host: HOST, port: 0 }],
  };
  const remoteObjects = Object.fromEntries(
    Object.entries(worker.durableObjects).map(([name, object]) => [
      name,
      { ...object, scriptName: edgeName(0) },
    ]),
  );
  const workers = [
    ...edges.map((options, i) => ({
      ...edge,
      ...bindingsOf(options, i === 0 ? worker.durableObjects : remoteObjects),
      bindings: { ...bindings, ...options.vars },
      name: edgeName(i),
    })),
    {
      name: "faults",
      modules: [esModule("faults.js", await bundleFaults())],
      compatibilityDate: worker.compatibilityDate,
      compatibilityFlags: worker.compatibilityFlags,
      // A guard with a fault may stand in front of the real one.
      durableObjects: {
        GUARD: { ...worker.durableObjects["KEY_GUARD"], scriptName: edgeName(0) },
        ORGANIZATION_BEHIND: { ...worker.durableObjects["ORGANIZATION"], scriptName: edgeName(0) },
        ...Object.fromEntries(
          edges
            .flatMap(({ guard, organization }) => [guard, organization])
            .filter((name) => name !== undefined)
            .map((name) => [name, faultyObject(name)]),
        ),
      },
    },
  ];
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      cf: false,
      host: HOST,
      ...(stateDir !== undefined && { resourcePersistencePath: stateDir }),
      workers,
      handleStructuredLogs: ({ message }: { message: string }) => logs.push(message),
    } as unknown as V4Options),
  );
  await miniflare.ready;
  return miniflare;
}

function esModule(path: string, contents: string) {
  return { type: "ESModule" as const, path, contents };
}

/** The bindings of an edge that are not as in `wrangler.toml`. */
function bindingsOf(
  { kv, guard, organization, failures }: EdgeOptions,
  objects: Readonly<Record<string, object>>,
): object {
  return {
    durableObjects: {
      ...objects,
      ...(guard !== undefined && { REAL_GUARD: objects["KEY_GUARD"], KEY_GUARD: faultyObject(guard) }),
      ...(organization !== undefined && {
        REAL_ORGANIZATION: objects["ORGANIZATION"],
        ORGANIZATION: faultyObject(organization),
      }),
    },
    ...(kv !== undefined && { kvNamespaces: {} }),
    ...(failures !== undefined && { ratelimits: {} }),
    serviceBindings: {
      ...(kv !== undefined && { KEY_RECORDS: { name: "faults", entrypoint: kv } }),
      ...(failures !== undefined && { FAILURES: { name: "faults", entrypoint: failures } }),
    },
  };
}

function faultyObject(className: string) {
  return { className, scriptName: "faults", useSQLite: true };
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
