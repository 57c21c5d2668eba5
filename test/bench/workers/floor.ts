import { setRateHeaders } from "../../../src/core/key/rate-window.ts";
import { isRefusal } from "../../../src/core/refusal.ts";
import { answerToClient } from "../../../src/gateway/origin-answer.ts";
import { originHeaders } from "../../../src/gateway/origin-headers.ts";

interface Env {
  readonly ORIGIN_URL: string;
}

const IDENTITY = [
  ["x-portcullis-key-id", "key_000000000000"],
  ["x-portcullis-org-id", "org_test"],
  ["x-portcullis-owner-id", "alice"],
  ["x-portcullis-scopes", "vault:read"],
  ["x-portcullis-vaults", "*"],
] as const;
const ASSERTION = `${"x".repeat(40)}.${"y".repeat(480)}.${"z".repeat(86)}`;
const WINDOW_S = 60;

/**
 * What the contract's headers and log line cost alone: a pass-through that treats headers both ways as the gateway does,
 * writes the line, and decides nothing.
 */
export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const startedAt = Date.now();
    const requestId = crypto.randomUUID();
    const { pathname, search } = new URL(request.url);
    const address = request.headers.get("CF-Connecting-IP") ?? "";
    const headers = originHeaders({
      request,
      path: pathname,
      query: search,
      config: { originUrl: env.ORIGIN_URL, originTimeoutMs: 0, maxBodyBytes: 0, authorization: null },
      requestId,
      clientAddress: address,
      identity: IDENTITY,
      assertion: ASSERTION,
      filter: null,
    });
    const { method } = request;
    const origin = await fetch(env.ORIGIN_URL + pathname + search, { method, headers, redirect: "manual" });
    const answer = answerToClient(origin);
    if (isRefusal(answer)) return new Response(null, { status: 502 });
    answer.headers.set("X-Request-Id", requestId);
    const now = Date.now();
    const resetAt = startedAt + WINDOW_S * 1000;
    setRateHeaders(answer.headers, { limit: 1000, remaining: 999, resetAt, windowSeconds: WINDOW_S }, now);
    console.log(
      `{"time":"${new Date(startedAt).toISOString()}","requestId":"${requestId}","keyId":"key_000000000000","orgId":"org_test","method":"${request.method}","operation":"listBalances","status":${answer.status},"address":"${address}","admission":"lease","ms":{"total":${now - startedAt},"decide":0,"origin":${now - startedAt}}}`,
    );
    return answer;
  },
};
