import type { Miniflare } from "miniflare";
import { adminClaims, startIssuer, type TestIssuer } from "./issuer.ts";
import { startOriginServer, type OriginServer } from "./origin-server.ts";
import { startRuntime, type EdgeOptions, type Faults, type RuntimeOptions } from "./runtime.ts";

export interface PortcullisOptions extends RuntimeOptions {
  /** Variables that differ from `wrangler.toml`. */
  readonly vars?: Readonly<Record<string, string>>;
  /** The edge isolates over the one set of Durable Objects: how many, or how each differs. The first has the objects. */
  readonly edges?: number | readonly EdgeOptions[];
  /** Faults that every edge has. */
  readonly faults?: Faults;
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

let addresses = 0;
/** An address that nobody else calls from, so that one test's refusals do not slow another down. */
export function freshAddress(): string {
  addresses++;
  return `198.18.${addresses >> 8}.${addresses & 255}`;
}

/** Starts the production bundle; the organisation `org_test` is set up. */
export async function startPortcullis(product: PortcullisOptions = {}): Promise<Portcullis> {
  const [issuer, origin] = await Promise.all([startIssuer(), startOriginServer()]);
  const { miniflare, edges, logs } = await startRuntime(
    edgeOptions(product, { ORIGIN_URL: origin.url, OIDC_ISSUER: issuer.url }),
    product,
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
      return await response.json<CreatedKey>();
    },
    async stop() {
      await miniflare.dispose();
      await Promise.all([issuer.close(), origin.stop()]);
    },
  };
}

/** What each edge differs in from `wrangler.toml`. */
function edgeOptions(
  { edges = 1, vars, faults }: PortcullisOptions,
  servers: Readonly<Record<string, string>>,
): EdgeOptions[] {
  const own: readonly EdgeOptions[] =
    typeof edges === "number" ? Array.from({ length: edges }, () => ({})) : edges;
  return own.map((edge) => ({
    ...faults,
    ...edge,
    vars: { MAX_KEYS_PER_OWNER: "1000", ...servers, ...vars, ...edge.vars },
  }));
}
