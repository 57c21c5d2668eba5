import { decodeJwt } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { consoleClient, signIn } from "../support/console-client.ts";
import { mistyped } from "../support/key-strings.ts";
import { adminClaims } from "../support/issuer.ts";
import { answerOk, startOriginServer, type OriginServer } from "../support/origin-server.ts";
import { freshAddress, startPortcullis, type CreatedKey, type Portcullis } from "../support/portcullis.ts";
import { requestText, sendRaw } from "../support/raw-http.ts";
import { readJson } from "../support/json.ts";

const CREDENTIALS = {
  main: "Bearer main-secret",
  uploads: "Bearer uploads-secret",
  files: "Bearer files-secret",
};
const AUDIENCE = "https://any.test";

let portcullis: Portcullis;
let origins: Readonly<Record<keyof typeof CREDENTIALS, OriginServer>>;
let key: CreatedKey;

beforeAll(async () => {
  const [uploads, files] = await Promise.all([startOriginServer(), startOriginServer()]);
  const ORIGINS = JSON.stringify({ uploads: uploads.url, "https://files.example.com/": files.url });
  portcullis = await startPortcullis({
    document: "test/support/any-api.yaml",
    vars: {
      ORIGINS,
      ORIGIN_AUTHORIZATION: CREDENTIALS.main,
      ORIGIN_AUTHORIZATION_UPLOADS: CREDENTIALS.uploads,
      ORIGIN_AUTHORIZATION_HTTPS_FILES_EXAMPLE_COM: CREDENTIALS.files,
      CORS_ORIGINS: "https://app.example",
      MAX_BODY_BYTES: "4000",
    },
    edges: [{}, { vars: { ORIGIN_AUDIENCE: AUDIENCE } }, { guard: "BrokenGuard", kv: "BrokenKv" }],
  });
  origins = { main: portcullis.origin, uploads, files };
  key = await portcullis.createKey({ scopes: ["*:*"] });
}, 120_000);
afterAll(async () => {
  await Promise.all([portcullis.stop(), origins.uploads.stop(), origins.files.stop()]);
});
beforeEach(() => {
  for (const origin of Object.values(origins)) {
    origin.handler = answerOk;
    origin.requests.length = 0;
  }
});

/** Where requests have arrived since the test began. */
function arrived() {
  return Object.entries(origins).flatMap(([name, { requests }]) =>
    requests.map((request) => ({ name: name as keyof typeof CREDENTIALS, request })),
  );
}

interface Sent {
  readonly as?: string;
  readonly method?: string;
  readonly edge?: number;
  readonly lines?: readonly string[];
  readonly body?: string;
}

async function send(path: string, { as, method = "GET", edge = 0, lines = [], body = "" }: Sent = {}) {
  const text = requestText(method, path, [
    `CF-Connecting-IP: ${freshAddress()}`,
    ...(as === undefined ? [] : [`Authorization: Bearer ${as}`]),
    ...(body === "" ? [] : [`Content-Length: ${body.length}`]),
    ...lines,
  ]);
  const response = await sendRaw(portcullis.edges[edge] ?? "", text + body);
  const answer = response.body.toString();
  const code = answer.includes('"error"') ? readJson<{ error: { code: string } }>(answer).error.code : null;
  return { status: response.status, code, response };
}

describe("an operation is served by its own origin, with that origin's credential, and no other", () => {
  test.each([
    ["/base/v1/items/1", "GET", "main"],
    ["/base/v1/uploads", "POST", "uploads"],
    ["/base/v1/files/1?x=%20y", "GET", "files"],
    ["/base/v1/status", "GET", "main"],
    ["/base/v1/uploads", "GET", "uploads"],
  ] as const)("%s %s", async (path, method, name) => {
    const { status } = await send(path, { as: key.key, method });
    expect(status).toBe(200);
    expect(arrived().map((each) => [each.name, each.request.method, each.request.target])).toEqual([
      [name, method, path],
    ]);
    const [{ request } = { request: null }] = arrived();
    expect(request?.values("Authorization")).toEqual([CREDENTIALS[name]]);
    expect(request?.values("Host")).toEqual([new URL(origins[name].url).host]);
  });

  test("each is told who calls in an assertion for itself, or for ORIGIN_AUDIENCE", async () => {
    for (const edge of [0, 1]) {
      for (const path of ["/base/v1/items/1", "/base/v1/files/1", "/base/v1/items/1"]) {
        await send(path, { as: key.key, edge });
      }
    }
    const audiences = arrived().map(({ name, request }) => [
      name,
      decodeJwt(request.values("X-Portcullis-Assertion")[0] ?? "").aud,
    ]);
    const { main, files } = origins;
    const toMain = [main.url, main.url, AUDIENCE, AUDIENCE].map((audience) => ["main", audience]);
    expect(audiences).toEqual([...toMain, ["files", files.url], ["files", AUDIENCE]]);
  });

  test("one whose servers nothing leads to is not served, and the log says why", async () => {
    const { status, code, response } = await send("/v1/lost", { as: key.key });
    expect([status, code]).toEqual([503, "origin_unavailable"]);
    expect(response.values("Retry-After")[0]).toMatch(/^[1-9]\d*$/);
    expect(arrived()).toEqual([]);
    await expect.poll(() => portcullis.logs.join("\n")).toMatch(/"operation":"getLost".*ORIGINS names none/);
  });

  test("and no credential is in an answer or in the log", async () => {
    await send("/base/v1/items/1", { as: key.key });
    await expect.poll(() => portcullis.logs.join("\n")).toContain('"operation":"getItem"');
    for (const credential of Object.values(CREDENTIALS)) {
      expect(portcullis.logs.join("\n")).not.toContain(credential);
    }
  });
});

describe("a public operation needs no credential:", () => {
  test.each([
    ["none", undefined],
    ["a wrong one", "nonsense"],
    ["a mistyped one", "mistyped"],
    ["a right one", "right"],
  ])("with %s it is called, and none of it arrives", async (_kind, sent) => {
    const as = sent === "right" ? key.key : sent === "mistyped" ? mistyped(key.key) : sent;
    const { status, response } = await send("/base/v1/status", {
      ...(as !== undefined && { as }),
      lines: ["X-Portcullis-Key-Id: key_forged"],
    });
    expect(status).toBe(200);
    const [{ request } = { request: null }] = arrived();
    expect(request?.values("Authorization")).toEqual([CREDENTIALS.main]);
    expect(request?.headers.filter(([name]) => /^x-portcullis/i.test(name))).toEqual([]);
    expect(request?.values("X-Request-Id")).toEqual(response.values("X-Request-Id"));
    expect(response.headers.filter(([name]) => /ratelimit/i.test(name))).toEqual([]);
  });

  test("not even while nobody can be asked about credentials", async () => {
    expect((await send("/base/v1/status", { edge: 2, as: key.key })).status).toBe(200);
    expect((await send("/base/v1/items/1", { edge: 2, as: key.key })).code).toBe("admission_unavailable");
  });

  test("but no URL with one in it is passed on", async () => {
    expect((await send(`/base/v1/status?key=${key.key}`)).code).toBe("credential_in_url");
    expect(arrived()).toEqual([]);
  });

  test("and its line in the log names the operation and nobody", async () => {
    const { response } = await send("/base/v1/status", { as: key.key });
    const [id = ""] = response.values("X-Request-Id");
    await expect.poll(() => portcullis.logs.filter((line) => line.includes(id))).toHaveLength(1);
    const line = readJson<object>(portcullis.logs.find((each) => each.includes(id)) ?? "");
    expect(line).toMatchObject({ operation: "status", status: 200 });
    expect(line).not.toHaveProperty("keyId");
  });

  test("where it is left to the client, a credential that is sent is looked at", async () => {
    expect((await send("/base/v1/feed")).status).toBe(200);
    expect((await send("/base/v1/feed", { lines: ["Authorization: "] })).status).toBe(200);
    expect((await send("/base/v1/feed", { as: "nonsense" })).code).toBe("credential_malformed");
    expect((await send("/base/v1/feed", { as: key.key })).status).toBe(200);
    expect(arrived().map(({ request }) => request.values("X-Portcullis-Key-Id"))).toEqual([[], [], [key.id]]);
  });

  test("and other methods of its path are not public", async () => {
    expect((await send("/base/v1/status", { method: "POST" })).code).toBe("credential_missing");
    expect((await send("/base/v1/uploads", { method: "POST" })).code).toBe("credential_missing");
    expect(arrived()).toEqual([]);
  });

  test("nor is a path that is none", async () => {
    expect((await send("/base/v1//status")).code).toBe("credential_missing");
    expect((await send("/base/v1/status/")).code).toBe("credential_missing");
  });

  test.each(["%3A", "%3a"])("nor is a path that is another operation once %s is decoded", async (colon) => {
    expect((await send("/base/v1/open/7")).status).toBe(200);
    origins.main.requests.length = 0;
    expect((await send(`/base/v1/open/7${colon}secrets`, { as: key.key })).code).toBe("invalid_path");
    expect((await send(`/base/v1/open/7${colon}secrets`)).status).not.toBe(200);
    expect(arrived()).toEqual([]);
  });

  test("and pages may call it", async () => {
    const lines = ["Origin: https://app.example", "Access-Control-Request-Method: GET"];
    const preflight = await send("/base/v1/status", { method: "OPTIONS", lines });
    expect(preflight.status).toBe(204);
    const { response } = await send("/base/v1/status", { lines });
    expect(response.values("Access-Control-Allow-Origin")).toEqual(["https://app.example"]);
    const body = "x".repeat(1001);
    const large = await send("/base/v1/items", { as: key.key, method: "POST", lines, body });
    expect(large.status).toBe(413);
    expect(large.response.values("Access-Control-Allow-Origin")).toEqual(["https://app.example"]);
  });
});

describe("an operation has limits of its own:", () => {
  test.each([
    ["/base/v1/items", 1000, 200],
    ["/base/v1/items", 1001, 413],
    ["/base/v1/uploads", 1001, 200],
    ["/base/v1/uploads", 5000, 200],
    ["/base/v1/uploads", 5001, 413],
    ["/base/v1/twice/1.json", 5000, 200],
    ["/base/v1/twice/r-1", 4001, 413],
    ["/base/v1/twice/r-1.json", 4000, 200],
    ["/base/v1/twice/r-1.json", 4001, 413],
  ])("of its body (%s, %i bytes: %i)", async (path, length, status) => {
    const body = "x".repeat(length);
    expect((await send(path, { as: key.key, method: "POST", body })).status).toBe(status);
  });

  test("of the origin's silence", async () => {
    origins.main.handler = () => {};
    const { code } = await send("/base/v1/items", { as: key.key, method: "POST" });
    expect(code).toBe("origin_timeout");
  });
});

test("a list without a frame and with numbers as ids shows what the key may see", async () => {
  const narrow = await portcullis.createKey({ scopes: ["items/7:read"] });
  origins.main.handler = (_request, response) => {
    response.writeHead(200, { "Content-Type": "application/json", "X-Total-Count": "2" });
    response.end('[{"id":7,"name":"x"},{"id":8,"name":"hidden"}]');
  };
  const { response } = await send("/base/v1/items", { as: narrow.key });
  expect([response.status, response.body.toString()]).toEqual([200, '[{"id":7,"name":"x"}]']);
  expect(response.values("X-Total-Count")).toEqual(["1"]);
  expect((await send("/base/v1/items/8", { as: narrow.key })).code).toBe("not_found");
});

test("a list that two templates fit shows what the key may see by both", async () => {
  const narrow = await portcullis.createKey({ scopes: ["items/7:read"] });
  origins.main.handler = (_request, response) => {
    response.writeHead(200, { "Content-Type": "application/json" }).end('{"data":[{"id":7},{"id":8}]}');
  };
  const { response } = await send("/base/v1/pairs/abz", { as: narrow.key });
  expect(response.body.toString()).toBe('{"data":[{"id":7}]}');
});

describe("an operation takes its cost of the key's budget:", () => {
  const limited = (requests: number) =>
    portcullis.createKey({ scopes: ["*:*"], rateLimit: { requests, windowSeconds: 3600 } });
  async function spend({ key: as }: CreatedKey, method: string, path: string) {
    const response = await portcullis.call(method, `/base/v1${path}`, { as, from: freshAddress() });
    await response.arrayBuffer();
    return [response.status, response.headers.get("X-RateLimit-Remaining")];
  }

  test("as a whole or not at all, and what is left pays for others", async () => {
    const own = await limited(12);
    expect(await spend(own, "GET", "/reports")).toEqual([200, "7"]);
    expect(await spend(own, "GET", "/reports")).toEqual([200, "2"]);
    expect(await spend(own, "GET", "/reports")).toEqual([429, "2"]);
    expect(await spend(own, "GET", "/items/7")).toEqual([200, "1"]);
    expect(await spend(own, "GET", "/items/7")).toEqual([200, "0"]);
    expect(await spend(own, "GET", "/items/7")).toEqual([429, "0"]);
  });

  test("whichever way the key is presented: by a token of it, and by HEAD", async () => {
    const own = await limited(12);
    const issued = await fetch(`${portcullis.edges[0]}/-/oauth/token`, {
      method: "POST",
      body: new URLSearchParams({
        grant_type: "client_credentials",
        client_id: own.id,
        client_secret: own.key,
      }),
    });
    const { access_token: token } = await issued.json<{ access_token: string }>();
    expect(await spend({ ...own, key: token }, "GET", "/reports")).toEqual([200, "7"]);
    expect(await spend(own, "HEAD", "/reports")).toEqual([200, "2"]);
    expect(await spend({ ...own, key: token }, "GET", "/reports")).toEqual([429, "2"]);
  });

  test("at most the whole limit", async () => {
    const own = await limited(12);
    expect(await spend(own, "POST", "/reports")).toEqual([200, "0"]);
    expect(await spend(own, "GET", "/items/7")).toEqual([429, "0"]);
  });

  test("none of it where it costs nothing, even when nothing is left", async () => {
    const own = await limited(1);
    expect(await spend(own, "GET", "/health")).toEqual([200, "1"]);
    expect(await spend(own, "GET", "/items/7")).toEqual([200, "0"]);
    expect(await spend(own, "GET", "/health")).toEqual([200, "0"]);
  });
});

describe("where the API has no vaults,", () => {
  test("the console asks for none, and builds scopes of the document's types", async () => {
    const client = consoleClient(portcullis.edges[0] ?? "");
    await signIn(client, portcullis.issuer, {
      access: { vault_roles: undefined, roles: ["admin", "developer"] },
    });
    const page = await (await client.get("/-/console/keys/new")).text();
    expect(page).toContain('<input type="hidden" name="vaults" value="all"');
    expect(page).not.toMatch(/name="vault(?:Ids)?"|<option[^>]*value="vault"/);
    for (const type of ["items", "reports", "uploads", "files"])
      expect(page).toMatch(new RegExp(`<option[^>]*value="${type}"`));
  });

  test("`developer` is enough to make a key, and no vaults are named", async () => {
    const as = await portcullis.issuer.token(
      adminClaims({ sub: "dora", vault_roles: undefined, roles: ["developer"] }),
    );
    const body = { name: "No vaults", scopes: ["items/7:read"] };
    const made = await portcullis.call("POST", "/-/api-keys", { as, body });
    expect(made.status).toBe(201);
    const { key: own } = await made.json<CreatedKey>();
    expect((await send("/base/v1/items/7", { as: own })).status).toBe(200);
    expect((await send("/base/v1/items/8", { as: own })).status).toBe(404);
    const me = await portcullis.call("GET", "/-/me", { as });
    expect(await me.json()).toMatchObject({ id: "dora", vaultRoles: { "*": ["developer"] } });
  });
});
