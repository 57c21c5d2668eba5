import type { OriginConfig } from "../../src/gateway/forwarding.ts";
import type { ForwardWorkerEnv } from "./forward-worker.ts";
import { startOriginServer, type OriginServer } from "./origin-server.ts";
import { startWorkers } from "./worker.ts";

/** How one forwarding worker differs from the ordinary one. */
interface ForwardingVariant extends Partial<OriginConfig> {
  /** Appended to the origin's URL. */
  readonly basePath?: string;
  /** The ids that the client may see of a list. */
  readonly visible?: readonly string[];
  /** Where the list is; by default in `data`, with ids in `id`. */
  readonly list?: ForwardWorkerEnv["LIST"];
  /** How long each request leaves work in the background, in milliseconds. */
  readonly busyMs?: number;
}

const DATA_LIST = { items: ["data"], id: ["id"], total: null };

interface Forwarding<Name extends string> {
  readonly origin: OriginServer;
  readonly urls: Readonly<Record<Name, URL>>;
  readonly stop: () => Promise<void>;
}

/** Starts an origin and, in one workerd, a worker for each variant that forwards to it. */
export async function startForwarding<Name extends string>(
  variants: Readonly<Record<Name, ForwardingVariant>>,
): Promise<Forwarding<Name>> {
  const origin = await startOriginServer();
  const bindings = {} as Record<Name, ForwardWorkerEnv>;
  for (const name of Object.keys(variants) as Name[]) {
    const { basePath = "", visible = null, list = DATA_LIST, busyMs = 0, ...config } = variants[name];
    bindings[name] = {
      CONFIG: {
        originUrl: origin.url + basePath,
        originTimeoutMs: 20_000,
        maxBodyBytes: 1_000_000,
        authorization: null,
        ...config,
      },
      VISIBLE: visible,
      LIST: list,
      BUSY_MS: busyMs,
    };
  }
  const workers = await startWorkers("test/support/forward-worker.ts", bindings);
  return {
    origin,
    urls: workers.urls,
    stop: async () => {
      await Promise.all([workers.stop(), origin.stop()]);
    },
  };
}
