import { describe, expect, test } from "vitest";
import { adminClaims } from "../support/issuer.ts";
import { mistyped, swapSecret, unknownKey } from "../support/key-strings.ts";
import { answerOk } from "../support/origin-server.ts";
import { freshAddress, type CreatedKey } from "../support/portcullis.ts";
import { requestText, sendRaw } from "../support/raw-http.ts";
import { readJson } from "../support/json.ts";
import { exchange, postForm } from "../support/tokens.ts";
import { usePortcullis } from "../support/started.ts";

const PATH = "/v1/vaults/vault_1";
const NO_GUARD = 1;
const NO_ORIGIN = 2;

const portcullis = await usePortcullis({
  edges: [{}, { guard: "BrokenGuard" }, { vars: { ORIGIN_URL: "http://127.0.0.1:1" } }],
});

type Line = Readonly<Record<string, unknown>>;

/** The lines that the requests with these ids have left, once the last of them is there. */
async function linesOf(requestIds: readonly (string | null)[]): Promise<Line[]> {
  for (;;) {
    const lines = portcullis.logs
      .filter((line) => line.startsWith("{"))
      .map((line) => readJson<Line>(line))
      .filter((line) => requestIds.includes(line["requestId"] as string));
    if (requestIds.every((id) => lines.some((line) => line["requestId"] === id))) return lines;
    await new Promise(setImmediate);
  }
}

interface Sent {
  readonly as?: string;
  readonly path?: string;
  readonly method?: string;
  readonly edge?: number;
}

/** Sends a request and gives its status and the one line that it left. */
async function logged({ as, path = PATH, method = "GET", edge = 0 }: Sent, from = freshAddress()) {
  const response = await portcullis.call(method, path, { ...(as !== undefined && { as }), edge, from });
  await response.arrayBuffer();
  const lines = await linesOf([response.headers.get("X-Request-Id")]);
  expect(lines).toHaveLength(1);
  return { status: response.status, line: lines[0] as Line };
}

const MILLISECONDS = expect.any(Number);
const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

describe("every request leaves one line that says", () => {
  test("who called what, how it ended, and how long each part took", async () => {
    const key = await portcullis.createKey();
    const from = freshAddress();
    const { line } = await logged({ as: key.key }, from);
    expect(line).toEqual({
      time: TIME,
      requestId: line["requestId"],
      keyId: key.id,
      orgId: "org_test",
      method: "GET",
      operation: "getVault",
      status: 200,
      address: from,
      admission: "guard",
      ms: { total: MILLISECONDS, decide: MILLISECONDS, origin: MILLISECONDS },
    });
  });

  test("whether a request was admitted by the guard or under a lease, as those of a key in use soon are", async () => {
    const key = await portcullis.createKey();
    const admissions: unknown[] = [];
    while (!admissions.includes("lease")) admissions.push((await logged({ as: key.key })).line["admission"]);
    expect(admissions[0]).toBe("guard");
    expect(new Set(admissions)).toEqual(new Set(["guard", "lease"]));
  });

  const REFUSALS: readonly {
    readonly name: string;
    readonly sent: (key: CreatedKey) => Sent;
    readonly says: (key: CreatedKey) => Line;
  }[] = [
    { name: "no credential", sent: () => ({}), says: () => ({ status: 401, code: "credential_missing" }) },
    {
      name: "a mistyped key",
      sent: ({ key }) => ({ as: mistyped(key) }),
      says: () => ({ status: 401, code: "api_key_invalid" }),
    },
    {
      name: "the wrong secret",
      sent: ({ key }) => ({ as: swapSecret(key, unknownKey(1)) }),
      says: ({ id }) => ({ status: 401, code: "api_key_invalid", keyId: id, orgId: "org_test" }),
    },
    {
      name: "no operation",
      sent: ({ key }) => ({ as: key, path: "/v2" }),
      says: ({ id }) => ({
        status: 404,
        code: "not_found",
        keyId: id,
        orgId: "org_test",
        admission: "guard",
      }),
    },
    {
      name: "a vault that the key may not see",
      sent: ({ key }) => ({ as: key, path: "/v1/vaults/vault_2" }),
      says: ({ id }) => ({ status: 404, code: "not_found", keyId: id, operation: "getVault" }),
    },
    {
      name: "a guard that cannot be asked",
      sent: ({ key }) => ({ as: key, edge: NO_GUARD }),
      says: ({ id }) => ({
        status: 503,
        code: "admission_unavailable",
        reason: expect.stringContaining("The object is broken"),
        keyId: id,
      }),
    },
    {
      name: "an origin that cannot be reached",
      sent: ({ key }) => ({ as: key, edge: NO_ORIGIN }),
      says: ({ id }) => ({
        status: 503,
        code: "origin_unavailable",
        reason: expect.any(String),
        keyId: id,
        operation: "getVault",
      }),
    },
  ];

  test.each(REFUSALS)("why a request was refused: $name", async ({ sent, says }) => {
    const key = await portcullis.createKey({ vaults: ["vault_1"] });
    const expected = says(key);
    const { status, line } = await logged(sent(key));
    expect(line).toMatchObject({ ...expected, time: TIME, ms: { total: MILLISECONDS } });
    expect(status).toBe(expected["status"]);
  });

  test("of which organisation a key is that was refused without its guard being asked", async () => {
    const { id, key } = await portcullis.createKey();
    await logged({ as: key });
    await portcullis.manage("DELETE", `/-/api-keys/${id}`);
    await logged({ as: key });
    for (const as of [key, swapSecret(key, unknownKey(1))]) {
      const { line } = await logged({ as });
      expect(line).toMatchObject({ status: 401, admission: "fact", keyId: id, orgId: "org_test" });
    }
  });

  test("which origin fault a 404 stands for, which the client is not told", async () => {
    const key = await portcullis.createKey();
    portcullis.origin.handler = (_, response) => response.writeHead(404).end();
    const { line } = await logged({ as: key.key });
    portcullis.origin.handler = answerOk;
    expect(line).toMatchObject({ code: "not_found", reason: "the origin answered 404" });
  });
});

test("a request to the control API leaves one line, too", async () => {
  const as = await portcullis.issuer.token(adminClaims());
  const { line } = await logged({ as, path: "/-/api-keys/key_000000000000" });
  expect(line).toMatchObject({
    status: 404,
    code: "not_found",
    orgId: "org_test",
    actorId: "alice",
    keyId: "key_000000000000",
  });
});

test("a line of the control API names the key that was changed, or made", async () => {
  const as = await portcullis.issuer.token(adminClaims());
  const body = { name: "Test", scopes: ["vault:read"], vaults: "*" };
  const created = await portcullis.call("POST", "/-/api-keys", { as, body });
  const { id } = await created.json<CreatedKey>();
  const [made] = await linesOf([created.headers.get("X-Request-Id")]);
  expect(made).toMatchObject({ status: 201, operation: "/-/api-keys", keyId: id });
  const changed = await portcullis.call("PATCH", `/-/api-keys/${id}`, { as, body: { disabled: true } });
  const [edited] = await linesOf([changed.headers.get("X-Request-Id")]);
  expect(edited).toMatchObject({ status: 200, keyId: id });
});

test("a line of OAuth and of SCIM names the organisation, which no identity token says there", async () => {
  const client = await portcullis.createKey();
  const issued = await portcullis.manage("POST", "/-/organization/scim-token");
  const { token } = await issued.json<{ token: string }>();
  const { access_token: live } = await exchange(portcullis, client);
  const answers = [
    await postForm(portcullis, "token", { grant_type: "none" }, { client }),
    await portcullis.call("GET", "/-/scim/v2/Nobody", { as: token }),
    await postForm(portcullis, "revoke", { token: live }),
    await postForm(portcullis, "revoke", { token: client.key }),
  ];
  expect(answers.map(({ status }) => status)).toEqual([400, 404, 200, 200]);
  const lines = await linesOf(answers.map(({ headers }) => headers.get("X-Request-Id")));
  const { id } = client;
  expect(lines.map(({ orgId, keyId }) => [orgId, keyId])).toEqual([
    ["org_test", id],
    ["org_test", undefined],
    ["org_test", id],
    ["org_test", id],
  ]);
});

describe("no line ever holds a secret", () => {
  /** Every place in a request where somebody could put a credential, rightly or by mistake. */
  const PLACES: readonly { name: string; lines: (as: string) => string[]; path?: (as: string) => string }[] =
    [
      { name: "Authorization", lines: (as) => [`Authorization: Bearer ${as}`] },
      {
        name: "Authorization, twice",
        lines: (as) => [`Authorization: Bearer ${as}`, `Authorization: ${as}`],
      },
      { name: "another scheme", lines: (as) => [`Authorization: Token ${as}`] },
      { name: "Basic", lines: (as) => [`Authorization: Basic ${btoa(`key:${as}`)}`] },
      {
        name: "another header",
        lines: (as) => [`X-API-Key: ${as}`, `X-Request-Id: ${as}`, `Upgrade: ${as}`],
      },
      { name: "a cookie", lines: (as) => [`Cookie: api_key=${as}`] },
      { name: "the query, alone", lines: () => [], path: (as) => `${PATH}?api_key=${as}` },
      {
        name: "the query",
        lines: (as) => [`Authorization: Bearer ${as}`],
        path: (as) => `${PATH}?key=${as}`,
      },
      { name: "the path", lines: (as) => [`Authorization: Bearer ${as}`], path: (as) => `/v1/vaults/${as}` },
      { name: "a bad path", lines: (as) => [`Authorization: Bearer ${as}`], path: (as) => `//${as}` },
      { name: "an error page", lines: () => [], path: (as) => `/-/errors/${as}` },
      { name: "the control API's path", lines: () => [], path: (as) => `/-/api-keys/${as}?q=${as}` },
      {
        name: "the control API's header",
        lines: (as) => [`Authorization: Bearer ${as}`],
        path: () => "/-/api-keys",
      },
      { name: "the host", lines: (as) => [`Host: ${as}`] },
    ];

  test("of a key, whatever its state and wherever it is put", async () => {
    const [live, revoked, elsewhere] = await Promise.all([
      portcullis.createKey(),
      portcullis.createKey(),
      portcullis.createKey({ allowedIps: ["192.0.2.1"] }),
    ]);
    await portcullis.manage("DELETE", `/-/api-keys/${revoked.id}`);
    const credentials = [live.key, revoked.key, elsewhere.key, mistyped(live.key), unknownKey(1)];
    for (const edge of portcullis.edges) {
      for (const as of credentials) {
        const from = `CF-Connecting-IP: ${freshAddress()}`;
        const texts = PLACES.map(({ lines, path }) =>
          requestText("GET", path?.(as) ?? PATH, [from, ...lines(as)]),
        );
        await Promise.all(texts.map((text) => sendRaw(edge, text)));
      }
    }
    await logged({});
    const secrets = credentials.flatMap((key) => [secretOf(key), btoa(`key:${key}`)]);
    expect(linesWith(secrets)).toEqual([]);
  });

  test("of a key that is made, changed and used, nor the tokens of those who do", async () => {
    const token = await portcullis.issuer.token(adminClaims());
    const body = { name: "Test", scopes: ["vault:read"], vaults: "*" };
    const created = await portcullis.call("POST", "/-/api-keys", { as: token, body });
    const { id, key } = await created.json<CreatedKey>();
    await portcullis.call("PATCH", `/-/api-keys/${id}`, { as: token, body: { description: key } });
    await portcullis.call("PATCH", `/-/api-keys/${id}`, { as: token, body: { [key]: key } });
    await portcullis.call("POST", "/-/api-keys", { as: key, body });
    await logged({ as: token });
    await logged({ as: key });
    expect(linesWith([secretOf(key), token, token.split(".")[2] ?? token, "Bearer"])).toEqual([]);
  });

  test("though every line names the key by its public id", async () => {
    const key = await portcullis.createKey();
    await logged({ as: key.key });
    expect(linesWith([key.id]).length).toBeGreaterThan(0);
  });
});

test("nothing is written that is not such a line", async () => {
  await logged({});
  expect(portcullis.logs.filter((line) => !line.startsWith('{"time":'))).toEqual([]);
});

/** What of a key must never be seen: everything but prefix, id and checksum. */
function secretOf(key: string): string {
  return key.slice(16, -6);
}

function linesWith(texts: readonly string[]): string[] {
  return portcullis.logs.filter((line) => texts.some((text) => line.includes(text)));
}
