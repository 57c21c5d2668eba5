import type { ListFilter } from "../../src/core/http/filtered-list.ts";
import { REFUSALS } from "../../src/core/refusal-table.ts";
import { forward } from "../../src/gateway/forward.ts";
import type { OriginConfig } from "../../src/gateway/forwarding.ts";

/** What a forwarding worker is started with. */
export interface ForwardWorkerEnv {
  readonly CONFIG: OriginConfig;
  /** The ids that the client may see of a list; `null` when nothing is filtered. */
  readonly VISIBLE: readonly string[] | null;
  /** Where the list is. */
  readonly LIST: Omit<ListFilter, "visible">;
  /** How long each request leaves work in the background, in milliseconds. */
  readonly BUSY_MS: number;
}

/** A worker that does nothing but forward, so that tests can look at that step alone over real sockets. */
export default {
  async fetch(request: Request, env: ForwardWorkerEnv, context: ExecutionContext): Promise<Response> {
    if (env.BUSY_MS > 0) context.waitUntil(scheduler.wait(env.BUSY_MS));
    const [, path = "", query = ""] = /^https?:\/\/[^/]+(\/[^?]*)(\?.*)?$/.exec(request.url) ?? [];
    const { VISIBLE: visible } = env;
    const answer = await forward({
      request,
      path,
      query,
      config: env.CONFIG,
      requestId: "request-1",
      clientAddress: "203.0.113.9",
      identity: [
        ["X-Portcullis-Key-Id", "key_1"],
        ["X-Portcullis-Vaults", "vault_1 vault_2"],
      ],
      assertion: "signed",
      filter: visible && { ...env.LIST, visible: (id) => visible.includes(id) },
    });
    if (!(answer instanceof Response)) {
      return Response.json(answer, { status: REFUSALS[answer.code].status });
    }
    answer.headers.set("X-Request-Id", "request-1");
    return answer;
  },
};
