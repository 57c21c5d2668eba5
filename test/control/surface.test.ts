import { request } from "node:http";
import { describe, expect, test } from "vitest";
import { refusalOf } from "../support/control.ts";
import { readJson } from "../support/json.ts";
import { useControl } from "../support/started.ts";

const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const CONTROL_HOST = "control.example";
/** Answers everything; others each lack one thing that requests need, or have a host for the control API alone. */
const [HEALTHY, WITHOUT_KV, WITHOUT_GUARD, WITH_CONTROL_HOST] = [0, 1, 2, 3];

const control = await useControl({
  edges: [{}, { kv: "BrokenKv" }, { guard: "BrokenGuard" }, { vars: { CONTROL_HOSTNAME: CONTROL_HOST } }],
});
const organization = await control.newOrganization();

const call = (method: string, path: string): Promise<Response> => organization.admin.call(method, path);

describe("what is not served", () => {
  test.each([
    "/-/",
    "/-/nothing",
    "/-/api-keys/",
    "/-/api-keys/key_1/nothing",
    "/-//api-keys",
    "/-/API-KEYS",
    "/-/api-keys;x=1",
    "/-/errors/no_such_code",
    "/.well-known/nothing",
  ])("%s is not found", async (path) => {
    for (const method of ["GET", "POST", "OPTIONS"]) {
      expect(await refusalOf(await control.call(method, path))).toEqual(
        method !== "GET" && path.startsWith("/-/errors/") ? [405, "method_not_allowed"] : [404, "not_found"],
      );
    }
  });

  test.each<[string, string, string]>([
    ["PUT", "/-/api-keys", "POST, GET, HEAD"],
    ["DELETE", "/-/api-keys", "POST, GET, HEAD"],
    ["OPTIONS", "/-/api-keys", "POST, GET, HEAD"],
    ["POST", "/-/api-keys/key_1", "GET, HEAD, PATCH, DELETE"],
    ["PUT", "/-/organization", "GET, HEAD, DELETE"],
    ["GET", "/-/organization/bootstrap", "POST"],
    ["HEAD", "/-/organization/bootstrap", "POST"],
    ["POST", "/-/healthz", "GET, HEAD"],
    ["DELETE", "/-/readyz", "GET, HEAD"],
    ["POST", "/-/errors/not_found", "GET, HEAD"],
  ])("%s %s is refused with the methods that are", async (method, path, allow) => {
    const answer = await call(method, path);
    expect(answer.status).toBe(405);
    expect(answer.headers.get("Allow")?.split(", ").toSorted()).toEqual(allow.split(", ").toSorted());
  });
});

describe("every answer", () => {
  test.each<[string, string]>([
    ["GET", "/-/healthz"],
    ["GET", "/-/readyz"],
    ["GET", "/-/openapi.json"],
    ["GET", "/-/organization"],
    ["GET", "/-/api-keys"],
    ["HEAD", "/-/api-keys"],
    ["GET", "/-/api-keys?limit=0"],
    ["GET", "/-/api-keys/key_1"],
    ["DELETE", "/-/api-keys/key_1"],
    ["POST", "/-/api-keys"],
    ["PUT", "/-/api-keys"],
    ["GET", "/-/nothing"],
  ])("to %s %s has a fresh id, whatever the client sent, and may not be stored", async (method, path) => {
    const token = await control.issuer.token({ sub: "bob", org_id: organization.id });
    const ids = new Set(["3f8a2c1d-0000-4000-8000-000000000000"]);
    for (let i = 0; i < 2; i++) {
      const headers = { Authorization: `Bearer ${token}`, "X-Request-Id": [...ids][0] ?? "" };
      const answer = await fetch(`${control.edges[0]}${path}`, { method, headers });
      expect(answer.headers.get("Cache-Control")).toBe("no-store");
      expect(answer.headers.get("X-Request-Id")).toMatch(UUID_V4);
      ids.add(answer.headers.get("X-Request-Id") ?? "");
    }
    expect(ids.size).toBe(3);
  });

  test("to HEAD is that to GET without its body", async () => {
    const { id } = await organization.admin.createKey();
    for (const path of ["/-/healthz", "/-/api-keys", `/-/api-keys/${id}`, "/-/api-keys/key_1"]) {
      const [get, head] = await Promise.all([call("GET", path), call("HEAD", path)]);
      expect(head.status).toBe(get.status);
      expect(head.headers.get("Content-Type")).toBe(get.headers.get("Content-Type"));
      expect(head.headers.get("ETag")).toBe(get.headers.get("ETag"));
      expect(await head.text()).toBe("");
    }
  });
});

describe("readiness", () => {
  const ready = { status: "ok", checks: { configuration: "ok", kv: "ok", guard: "ok" } };

  test.each<[string, number, number, object]>([
    ["with everything there", HEALTHY, 200, ready],
    [
      "without KV",
      WITHOUT_KV,
      503,
      { status: "unavailable", checks: { ...ready.checks, kv: "unavailable" } },
    ],
    [
      "without guards",
      WITHOUT_GUARD,
      503,
      { status: "unavailable", checks: { ...ready.checks, guard: "unavailable" } },
    ],
  ])("%s is told, and the process answers", async (_, edge, status, body) => {
    const answer = await control.call("GET", "/-/readyz", { edge });
    expect(await answer.json()).toEqual(body);
    expect([answer.status, answer.headers.get("Retry-After")]).toEqual([status, status === 503 ? "1" : null]);
    const health = await control.call("GET", "/-/healthz", { edge });
    expect([health.status, await health.json()]).toEqual([200, { status: "ok" }]);
  });
});

describe("a control host", () => {
  test.each<[string, string, number]>([
    [CONTROL_HOST, "/-/healthz", 200],
    [CONTROL_HOST, "/-/errors/not_found", 200],
    [CONTROL_HOST, "/v1/vaults", 404],
    [CONTROL_HOST, "/", 404],
    [CONTROL_HOST, "/.well-known/anything", 404],
    [CONTROL_HOST, "/.well-known/oauth-authorization-server", 200],
    ["api.example", "/.well-known/oauth-authorization-server", 404],
    ["api.example", "/.well-known/oauth-protected-resource", 200],
    ["api.example", "/-/healthz", 404],
    ["api.example", "/-/errors/not_found", 404],
    ["api.example", "/-/api-keys", 404],
    [`${CONTROL_HOST}.evil.example`, "/-/healthz", 404],
    ["api.example", "/v1/vaults", 401],
  ])("%s answers %s with %i", async (host, path, status) => {
    expect((await getFrom(host, path)).status).toBe(status);
  });

  test("is where every refusal points, and other hosts do not tell that it exists", async () => {
    const elsewhere = await getFrom("api.example", "/-/api-keys");
    const { error } = readJson<{
      error: { code: string; correlationId: string; docUrl: string };
    }>(elsewhere.body);
    expect(error.code).toBe("not_found");
    expect(error.correlationId).toBe(elsewhere.requestId);
    const refused = await getFrom("api.example", "/v1/vaults");
    expect(refused.body).toContain(`"docUrl":"https://${CONTROL_HOST}/-/errors/credential_missing"`);
  });
});

/** A GET with a Host header of choice, which `fetch` does not allow. */
function getFrom(host: string, path: string): Promise<{ status: number; requestId: unknown; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(
      `${control.edges[WITH_CONTROL_HOST]}${path}`,
      { headers: { Host: host } },
      (answer) => {
        let body = "";
        answer.setEncoding("utf8").on("data", (text: string) => (body += text));
        answer.on("end", () =>
          resolve({ status: answer.statusCode ?? 0, requestId: answer.headers["x-request-id"], body }),
        );
      },
    );
    sent.on("error", reject).end();
  });
}
