interface Env {
  readonly ORIGIN_URL: string;
}

const SCOPES = "vault:read";
const ASSERTION = `${"x".repeat(40)}.${"y".repeat(480)}.${"z".repeat(86)}`;

/** What the contract's headers and log line cost alone: a pass-through that writes them and decides nothing. */
export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const startedAt = Date.now();
    const requestId = crypto.randomUUID();
    const { pathname, search } = new URL(request.url);
    const address = request.headers.get("CF-Connecting-IP") ?? "";
    const origin = await fetch(env.ORIGIN_URL + pathname + search, {
      method: request.method,
      headers: toOrigin(request.headers, requestId, address),
      redirect: "manual",
    });
    const answer = new Response(origin.body, origin);
    const resetAt = Math.ceil(startedAt / 1000) + 60;
    answer.headers.set("X-Request-Id", requestId);
    if (!answer.headers.has("Cache-Control")) answer.headers.set("Cache-Control", "private, no-store");
    answer.headers.set("X-RateLimit-Limit", "1000");
    answer.headers.set("X-RateLimit-Remaining", "999");
    answer.headers.set("X-RateLimit-Reset", `${resetAt}`);
    answer.headers.set("RateLimit-Policy", '"key";q=1000;w=60');
    answer.headers.set("RateLimit", '"key";r=999;t=60');
    const now = Date.now();
    console.log(
      `{"time":"${new Date(startedAt).toISOString()}","requestId":"${requestId}","keyId":"key_000000000000","orgId":"org_test","method":"${request.method}","operation":"listBalances","status":${answer.status},"address":"${address}","admission":"lease","ms":{"total":${now - startedAt},"decide":0,"origin":${now - startedAt}}}`,
    );
    return answer;
  },
};

function toOrigin(sent: Headers, requestId: string, address: string): Headers {
  const headers = new Headers(sent);
  for (const name of [
    "authorization",
    "cf-connecting-ip",
    "cf-ipcountry",
    "cf-ray",
    "cf-visitor",
    "x-real-ip",
  ]) {
    headers.delete(name);
  }
  headers.set("X-Request-Id", requestId);
  headers.set("X-Forwarded-For", address);
  headers.set("X-Forwarded-Proto", "http");
  headers.set("X-Forwarded-Host", sent.get("Host") ?? "");
  headers.set("X-Portcullis-Key-Id", "key_000000000000");
  headers.set("X-Portcullis-Org-Id", "org_test");
  headers.set("X-Portcullis-Owner-Id", "alice");
  headers.set("X-Portcullis-Scopes", SCOPES);
  headers.set("X-Portcullis-Vaults", "*");
  headers.set("X-Portcullis-Assertion", ASSERTION);
  return headers;
}
