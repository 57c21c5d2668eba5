import { describe, expect, test } from "vitest";
import { adminClaims } from "../support/issuer.ts";
import { mistyped, swapSecret, unknownKey } from "../support/key-strings.ts";
import { answerOk, type OriginHandler } from "../support/origin-server.ts";
import { freshAddress, type CreatedKey } from "../support/portcullis.ts";
import { requestText, sendRaw, type RawResponse } from "../support/raw-http.ts";
import { readJson } from "../support/json.ts";
import { usePortcullis } from "../support/started.ts";

const PATH = "/v1/vaults/vault_1";
const NO_GUARD = 1;
const NO_ORIGIN = 2;
const IMPATIENT = 3;
const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const CLIENT_ID = "0b6a2f0e-3a53-4a3e-9d2c-2f3f8d1f6a10";

const portcullis = await usePortcullis({
  edges: [
    {},
    { guard: "BrokenGuard" },
    { vars: { ORIGIN_URL: "http://127.0.0.1:1" } },
    { vars: { ORIGIN_TIMEOUT_MS: "100" } },
  ],
});

/** A request that is refused, and what only this refusal says. */
interface Case {
  readonly name: string;
  readonly status: number;
  readonly type: string;
  readonly code: string;
  /** `WWW-Authenticate`; none unless given. */
  readonly challenge?: RegExp;
  /** Whether the request was admitted, and so is told of the budget. */
  readonly admitted?: true;
  readonly retry?: true;
  /** How the key is created, and what is done to it then. */
  readonly created?: Readonly<Record<string, unknown>>;
  readonly prepare?: (key: CreatedKey) => Promise<unknown>;
  /** The credential; the key itself unless given. */
  readonly as?: (key: CreatedKey) => string | null;
  readonly path?: string;
  readonly lines?: readonly string[];
  readonly edge?: number;
  readonly origin?: OriginHandler;
}

const METADATA = String.raw`, resource_metadata="http://127\.0\.0\.1:\d+/\.well-known/oauth-protected-resource"$`;
const MISSING = new RegExp(`^Bearer realm="portcullis"${METADATA}`);
const INVALID = new RegExp(
  String.raw`^Bearer realm="portcullis", error="invalid_token", error_description="[^"\\]+"${METADATA}`,
);
const SCOPE = new RegExp(
  `^Bearer realm="portcullis", error="insufficient_scope", scope="vault:read"${METADATA}`,
);

const unauthorized = { status: 401, type: "unauthorized", challenge: INVALID };
const forbidden = { status: 403, type: "forbidden" };
const unavailable = { status: 503, type: "internal_error", retry: true } as const;

const patch = (changes: object) => (key: CreatedKey) =>
  portcullis.manage("PATCH", `/-/api-keys/${key.id}`, changes);
const revoke = (key: CreatedKey) => portcullis.manage("DELETE", `/-/api-keys/${key.id}`);
const use = (key: CreatedKey) => portcullis.call("GET", PATH, { as: key.key });

const CASES: readonly Case[] = [
  { name: "no credential", ...unauthorized, code: "credential_missing", challenge: MISSING, as: () => null },
  { name: "no key and no token", ...unauthorized, code: "credential_malformed", as: () => "x" },
  { name: "a mistyped key", ...unauthorized, code: "api_key_invalid", as: (key) => mistyped(key.key) },
  { name: "an unknown key", ...unauthorized, code: "api_key_invalid", as: () => unknownKey(1) },
  {
    name: "the wrong secret",
    ...unauthorized,
    code: "api_key_invalid",
    as: (key) => swapSecret(key.key, unknownKey(2)),
  },
  { name: "a foreign token", ...unauthorized, code: "access_token_invalid", as: () => "e30.e30.e30" },
  {
    name: "an expired key",
    ...unauthorized,
    code: "api_key_expired",
    prepare: patch({ expiresAt: "2020-01-01T00:00:00Z" }),
  },
  { name: "a disabled key", ...unauthorized, code: "api_key_disabled", prepare: patch({ disabled: true }) },
  { name: "a revoked key", ...unauthorized, code: "api_key_revoked", prepare: revoke },
  { name: "a foreign address", ...forbidden, code: "ip_not_allowed", created: { allowedIps: ["192.0.2.1"] } },
  {
    name: "a missing scope",
    ...forbidden,
    code: "insufficient_scope",
    challenge: SCOPE,
    admitted: true,
    created: { scopes: ["vault:write"] },
  },
  {
    name: "an ambiguous path",
    status: 400,
    type: "invalid_request",
    code: "invalid_path",
    admitted: true,
    path: "/v1//vaults",
  },
  {
    name: "an upgrade to nothing",
    status: 400,
    type: "invalid_request",
    code: "invalid_request",
    admitted: true,
    path: "/v1/stream",
    lines: ["Connection: Upgrade", "Upgrade: h2c"],
  },
  { name: "no operation", status: 404, type: "not_found", code: "not_found", admitted: true, path: "/v2" },
  {
    name: "a used-up limit",
    status: 429,
    type: "rate_limited",
    code: "rate_limited",
    admitted: true,
    retry: true,
    created: { rateLimit: { requests: 1, windowSeconds: 900 } },
    prepare: use,
  },
  {
    name: "an origin at fault",
    status: 500,
    type: "internal_error",
    code: "internal_error",
    admitted: true,
    origin: (_, response) => response.writeHead(500).end("stack trace"),
  },
  { name: "no origin", ...unavailable, code: "origin_unavailable", admitted: true, edge: NO_ORIGIN },
  {
    name: "a silent origin",
    ...unavailable,
    code: "origin_timeout",
    admitted: true,
    edge: IMPATIENT,
    origin: () => {},
  },
  {
    name: "no guard",
    ...unavailable,
    code: "admission_unavailable",
    edge: NO_GUARD,
    as: () => unknownKey(3),
  },
];

async function send(method: string, c: Case, key: CreatedKey): Promise<RawResponse> {
  const edge = portcullis.edges[c.edge ?? 0] ?? "";
  const credential = c.as === undefined ? key.key : c.as(key);
  const text = requestText(method, c.path ?? PATH, [
    `CF-Connecting-IP: ${freshAddress()}`,
    `X-Request-Id: ${CLIENT_ID}`,
    ...(credential === null ? [] : [`Authorization: Bearer ${credential}`]),
    ...(c.lines ?? []),
  ]);
  portcullis.origin.handler = c.origin ?? answerOk;
  return sendRaw(edge, text.replace("Host: api.example", `Host: ${new URL(edge).host}`));
}

async function prepared({ created, prepare }: Case): Promise<CreatedKey> {
  const key = await portcullis.createKey(created);
  await prepare?.(key);
  return key;
}

describe.each(CASES)("$code ($name)", (c) => {
  test("answers in the envelope, under an id of its own, with the headers that belong to it", async () => {
    const response = await send("GET", c, await prepared(c));
    const { error } = readJson<{ error: Record<string, unknown> }>(response.body.toString());
    const [requestId = ""] = response.values("X-Request-Id");
    const origin = new URL(portcullis.edges[c.edge ?? 0] ?? "").origin;

    expect(response.status).toBe(c.status);
    expect(error).toEqual({
      type: c.type,
      code: c.code,
      message: expect.stringMatching(/^[A-Z].*\.$/),
      correlationId: requestId,
      docUrl: `${origin}/-/errors/${c.code}`,
    });
    expect(requestId).toMatch(UUID_V4);
    expect(requestId).not.toBe(CLIENT_ID);
    expect(response.values("Content-Type")).toEqual(["application/json"]);
    expect(response.values("Cache-Control")).toEqual(["no-store"]);
    expect(response.values("X-RateLimit-Remaining")).toHaveLength(c.admitted ? 1 : 0);
    const challenges = c.challenge === undefined ? [] : [expect.stringMatching(c.challenge)];
    expect(response.values("WWW-Authenticate")).toEqual(challenges);
    const waits = c.retry ? [expect.stringMatching(/^[1-9]\d*$/)] : [];
    expect(response.values("Retry-After")).toEqual(waits);
  });

  test("answers HEAD with the same head and no body", async () => {
    const key = await prepared(c);
    const [get, head] = [await send("GET", c, key), await send("HEAD", c, key)];
    const names = (response: RawResponse) =>
      response.headers.map(([name]) => name.toLowerCase()).filter((name) => name !== "content-length");
    expect(head.status).toBe(get.status);
    expect(names(head).toSorted()).toEqual(names(get).toSorted());
    expect(head.body).toHaveLength(0);
  });

  test("is explained by a page at its docUrl", async () => {
    const response = await send("GET", c, await prepared(c));
    const { error } = readJson<{ error: { docUrl: string } }>(response.body.toString());
    const page = await fetch(error.docUrl);
    expect(page.status).toBe(200);
    expect(page.headers.get("Content-Type")).toMatch(/^text\/html/);
    expect(await page.text()).toMatch(new RegExp(`<h1>.*\\b${c.code}\\b.*</h1>`));
  });
});

test("access_withdrawn answers in the envelope, and without a challenge", async () => {
  const claims = (vaultRoles: object) => adminClaims({ sub: "bob", vault_roles: vaultRoles });
  const as = await portcullis.issuer.token(claims({ vault_1: ["developer"] }));
  const body = { name: "Test", scopes: ["vault:read"], vaults: ["vault_1"] };
  const created = await portcullis.call("POST", "/-/api-keys", { as, body });
  const key = await created.json<CreatedKey>();
  await portcullis.call("GET", "/-/api-keys", { as: await portcullis.issuer.token(claims({})) });

  const response = await portcullis.call("GET", PATH, { as: key.key });
  expect(response.status).toBe(403);
  expect(response.headers.has("WWW-Authenticate")).toBe(false);
  expect(await response.json()).toMatchObject({
    error: {
      type: "forbidden",
      code: "access_withdrawn",
      correlationId: response.headers.get("X-Request-Id"),
    },
  });
});

test("an answer that is no refusal has an id of the gateway's own, too", async () => {
  const key = await portcullis.createKey();
  const headers = { "X-Request-Id": CLIENT_ID };
  const response = await portcullis.call("GET", PATH, { as: key.key, headers });
  expect(response.status).toBe(200);
  expect(response.headers.get("X-Request-Id")).toMatch(UUID_V4);
  expect(response.headers.get("X-Request-Id")).not.toBe(CLIENT_ID);
});
