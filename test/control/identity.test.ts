import { exportJWK, exportSPKI, generateKeyPair, importJWK, SignJWT, type JWK } from "jose";
import { describe, expect, test } from "vitest";
import { explainToken } from "../../src/control/identity/explain.ts";
import { ProviderKeys } from "../../src/control/identity/provider-keys.ts";
import { readConfig } from "../../src/settings.ts";
import type { ErrorBody } from "../support/control.ts";
import { adminClaims, AUDIENCE } from "../support/issuer.ts";

import { readJson } from "../support/json.ts";
import { usePortcullis } from "../support/started.ts";

/** An edge that has never verified a token, so that every fetch of keys that it makes shows. */
const UNUSED_EDGE = 1;
/** An edge whose provider refuses connections: nothing listens on the discard port. */
const CUT_OFF_EDGE = 2;
const SILENT_ISSUER = "http://127.0.0.1:9";
const CHALLENGE = 'Bearer realm="portcullis", error="invalid_token", error_description="';

const portcullis = await usePortcullis({ edges: [{}, {}, { vars: { OIDC_ISSUER: SILENT_ISSUER } }] });

function present(authorization: string | null, edge = 0): Promise<Response> {
  const headers = authorization === null ? {} : { Authorization: authorization };
  return portcullis.call("GET", "/-/organization", { headers, edge });
}

const now = (): number => Math.floor(Date.now() / 1000);
const sign = (claims: object, header: object = {}): Promise<string> =>
  portcullis.issuer.token(adminClaims({ ...claims }), { ...header });
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const claims = (): object => ({
  ...adminClaims(),
  iss: portcullis.issuer.url,
  aud: AUDIENCE,
  sub: "alice",
  org_id: "org_test",
  iat: now(),
  exp: now() + 600,
});

async function providerKey(): Promise<JWK> {
  const answer = await fetch(`${portcullis.issuer.url}/jwks`);
  return (await answer.json<{ keys: [JWK] }>()).keys[0];
}

/** A token of somebody else's key that is like one of the provider's but for the header. */
async function forge(header: (publicJwk: JWK) => object): Promise<string> {
  const { publicKey, privateKey } = await generateKeyPair("ES256", { extractable: true });
  const { kid } = await providerKey();
  return new SignJWT({ ...claims() })
    .setProtectedHeader({
      alg: "ES256",
      typ: "at+jwt",
      kid: kid ?? "",
      ...header(await exportJWK(publicKey)),
    })
    .sign(privateKey);
}

async function signWithPublicKey(): Promise<string> {
  const jwk = await providerKey();
  const pem = await exportSPKI((await importJWK(jwk, "ES256", { extractable: true })) as CryptoKey);
  return new SignJWT({ ...claims() })
    .setProtectedHeader({ alg: "HS256", typ: "at+jwt", kid: jwk.kid ?? "" })
    .sign(new TextEncoder().encode(pem));
}

/** Changes bits of the last letter that decode to no byte. */
async function respell(): Promise<string> {
  const token = await sign({});
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return token.slice(0, -1) + letters[letters.indexOf(token.at(-1) ?? "") + 1];
}

async function alter(change: (parts: string[]) => string[]): Promise<string> {
  return change((await sign({})).split(".")).join(".");
}

const attackersKeys = (): string => `${portcullis.origin.url}/keys`;

const ATTACKS: Readonly<Record<string, () => string | Promise<string>>> = {
  "has no signature: alg none": () => `${encode({ alg: "none", typ: "at+jwt" })}.${encode(claims())}.`,
  "says alg none and keeps a signature": () =>
    alter(([, payload = "", signature = ""]) => [encode({ alg: "none" }), payload, signature]),
  "is signed by HMAC with the published key": signWithPublicKey,
  "is signed by another key": () => forge(() => ({})),
  "is signed by a key that it brings (jwk)": () => forge((jwk) => ({ jwk })),
  "is signed by a key that it points at (jku)": () => forge(() => ({ jku: attackersKeys() })),
  "is signed by a key that it points at (x5u)": () => forge(() => ({ x5u: attackersKeys() })),
  "is signed by a key that it points at (kid)": () => forge(() => ({ kid: attackersKeys() })),
  "names a key that does not exist": () => sign({}, { kid: "nobody" }),
  "names its key by a number": () => sign({}, { kid: 1 }),
  "has an extension that must be understood": () => sign({}, { crit: ["exp"], exp: 1 }),
  "has no expiry": () => sign({ exp: undefined }),
  "has no time of issue": () => sign({ iat: undefined }),
  "has no subject": () => sign({ sub: undefined }),
  "has an empty subject": () => sign({ sub: "" }),
  "has no audience": () => sign({ aud: undefined }),
  "has no issuer": () => sign({ iss: undefined }),
  "has no organisation": () => sign({ org_id: undefined }),
  "has a path for an organisation": () => sign({ org_id: "../org_test" }),
  "is for another audience": () => sign({ aud: "portcullis-console" }),
  "is for several others": () => sign({ aud: ["a", "b"] }),
  "is of another issuer": () => sign({ iss: "https://id.example" }),
  "is of an issuer that is spelled otherwise": () => sign({ iss: `${portcullis.issuer.url}/` }),
  "has expired": () => sign({ exp: now() - 60, iat: now() - 600 }),
  "expires at no number": () => sign({ exp: "tomorrow" }),
  "is not valid yet": () => sign({ nbf: now() + 120 }),
  "was issued in the future": () => sign({ iat: now() + 120 }),
  "has an organisation of the wrong type": () => sign({ org_id: ["org_test"] }),
  "has a subject of the wrong type": () => sign({ sub: 7 }),
  "expires at a time that never is": () => sign({ exp: 1e308 }),
  "expires at a time in milliseconds": () => sign({ exp: Date.now() + 60_000 }),
  "was issued before there was time": () => sign({ iat: -1e308 }),
  "was issued at a time that never is": () => sign({ iat: 1e308 }),
  "is an ID token: a nonce": () => sign({ nonce: "n-0S6_WzA2Mj" }, { typ: "JWT" }),
  "is an ID token: a hash of an access token": () => sign({ at_hash: "77QmUPtjPfzWtF2AnpK9RQ" }),
  "is an ID token: a hash of a code": () => sign({ c_hash: "LDktKdoQak3Pk0cnXxCltA" }),
  "is a logout token": () => sign({}, { typ: "logout+jwt" }),
  "is a proof of possession": () => sign({}, { typ: "dpop+jwt" }),
  "has other claims than were signed": () =>
    alter(([header = "", , signature = ""]) => [header, encode({ ...claims(), sub: "mallory" }), signature]),
  "has its signature respelled": respell,
  "has its signature padded": async () => `${await sign({})}==`,
  "has a signature cut short": async () => (await sign({})).slice(0, -4),
  "has no signature": () => alter((parts) => parts.slice(0, 2)),
  "has five parts": () => alter((parts) => [...parts, "a", "b"]),
  "has a header that is no JSON": () => alter(([, ...rest]) => ["bm8tanNvbg", ...rest]),
  "has a header that is null": () => alter(([, ...rest]) => [encode(null), ...rest]),
  "is no token": () => "hello",
  "is an API key": async () => (await portcullis.createKey()).key,
};

describe("a token that", () => {
  test.each(Object.entries(ATTACKS))("%s is refused, and the answer does not tell why", async (_, make) => {
    const answer = await present(`Bearer ${await make()}`);
    expect(answer.status).toBe(401);
    expect(answer.headers.get("WWW-Authenticate")).toMatch(new RegExp(`^${CHALLENGE}[^"]+"$`));
    const { error } = await answer.json<ErrorBody>();
    expect(error).toEqual({
      type: "unauthorized",
      code: "identity_token_invalid",
      message: "The identity token is missing or not valid.",
      correlationId: answer.headers.get("X-Request-Id"),
      docUrl: `${portcullis.edges[0]}/-/errors/identity_token_invalid`,
    });
  });

  test("points at keys of its own makes nobody fetch them", async () => {
    for (const header of [{ jku: attackersKeys() }, { x5u: attackersKeys() }, { kid: attackersKeys() }]) {
      await present(`Bearer ${await forge(() => header)}`);
    }
    expect(portcullis.origin.requests).toEqual([]);
  });

  test("cannot be one of the provider's by its form or header makes nobody fetch keys", async () => {
    const before = portcullis.issuer.keyFetches;
    for (const attack of [
      "has no signature: alg none",
      "says alg none and keeps a signature",
      "names its key by a number",
      "is a logout token",
      "has its signature respelled",
      "has five parts",
      "has a header that is null",
      "is no token",
    ]) {
      const token = (await ATTACKS[attack]?.()) ?? "";
      expect((await present(`Bearer ${token}`, UNUSED_EDGE)).status).toBe(401);
    }
    expect(portcullis.issuer.keyFetches).toBe(before);
    expect((await present(`Bearer ${await sign({})}`, UNUSED_EDGE)).status).toBe(200);
    expect(portcullis.issuer.keyFetches).toBe(before + 1);
  });
});

describe("an Authorization header", () => {
  test.each([null, ""])("of %j is a missing credential, which is no error of a token", async (header) => {
    const answer = await present(header);
    expect(answer.status).toBe(401);
    expect(answer.headers.get("WWW-Authenticate")).toBe('Bearer realm="portcullis"');
    expect((await answer.json<ErrorBody>()).error.code).toBe("credential_missing");
  });

  test.each<[string, (token: string) => string]>([
    ["another scheme", (token) => `Basic ${token}`],
    ["no scheme", (token) => token],
    ["two tokens", (token) => `Bearer ${token}, Bearer ${token}`],
    ["a parameter", (token) => `Bearer token="${token}"`],
  ])("with %s is refused", async (_, write) => {
    const answer = await present(write(await sign({})));
    expect([answer.status, (await answer.json<ErrorBody>()).error.code]).toEqual([
      401,
      "identity_token_invalid",
    ]);
  });
});

describe("a token of the provider is accepted", () => {
  test.each<[string, object, object]>([
    ["as it is", {}, {}],
    ["with type JWT", {}, { typ: "JWT" }],
    ["with the full media type", {}, { typ: "application/at+jwt" }],
    ["without a type", {}, { typ: undefined }],
    ["without a kid, as there is one key", {}, { kid: undefined }],
    ["for several audiences, ours among them", { aud: ["other", AUDIENCE] }, {}],
    ["from a clock a little ahead", { iat: Math.floor(Date.now() / 1000) + 20 }, {}],
    ["with a nonce, as what its header says counts", { nonce: "n-0S6_WzA2Mj" }, {}],
    ["with a name that is null", { name: null }, {}],
    ["with a role as a text", { roles: "admin" }, {}],
    ["with methods as a text", { amr: "mfa" }, {}],
    ["with scopes as a list", { scope: ["a", "b"] }, {}],
    ["with roles on vaults as a list", { vault_roles: ["developer"] }, {}],
    ["with a time of sign-in that is no time", { auth_time: "now" }, {}],
    ["without any claim about roles", { roles: undefined, vault_roles: undefined, amr: undefined }, {}],
  ])("%s", async (_, changes, header) => {
    expect((await present(`bearer ${await sign(changes, header)}`)).status).toBe(200);
  });
});

test("of claims that stand twice the last counts, for the gateway and for the explanation (RFC 7519 section 4)", async () => {
  const text = JSON.stringify({ ...claims(), sub: "first", roles: ["admin"] });
  const token = await portcullis.issuer.signText(`${text.slice(0, -1)},"sub":"last","roles":[]}`);
  const me = await portcullis.call("GET", "/-/me", { as: token });
  expect(await me.json()).toMatchObject({ id: "last", roles: [] });
  const { identity } = readConfig({ ORIGIN_URL: "http://origin.test", OIDC_ISSUER: portcullis.issuer.url });
  const keys = new ProviderKeys(portcullis.issuer.url);
  const { lines } = await explainToken(token, keys, { ...identity, hasVaults: true }, Date.now());
  expect(lines).toContainEqual(["Subject", "last  (claim sub)"]);
  expect(lines.find(([label]) => label === "Roles")?.[1]).not.toContain("admin");
});

test("a provider that cannot be reached is not the client's fault", async () => {
  const answer = await present(`Bearer ${await sign({ iss: SILENT_ISSUER })}`, CUT_OFF_EDGE);
  expect(answer.status).toBe(503);
  expect(Number(answer.headers.get("Retry-After"))).toBeGreaterThanOrEqual(1);
  expect(answer.headers.get("WWW-Authenticate")).toBeNull();
  expect((await answer.json<ErrorBody>()).error.code).toBe("identity_provider_unavailable");
});

describe("the log of a second factor that is missing says what was", () => {
  test.each<[string, object, string]>([
    [
      "a method",
      { amr: ["pwd"] },
      "second factor: none of amr:mfa, acr:http://schemas.openid.net/pape/policies/2007/06/multi-factor",
    ],
    ["a time", { auth_time: undefined }, "second factor: claim missing: auth_time"],
    ["a recent one", { auth_time: now() - 3600 }, "second factor: too long ago"],
  ])("%s", async (_, changes, reason) => {
    const body = { name: "Test", scopes: ["vault:read"], vaults: "*" };
    const answer = await portcullis.call("POST", "/-/api-keys", {
      as: await sign({ ...changes, sub: "newcomer" }),
      body,
    });
    expect(answer.status).toBe(401);
    const line = portcullis.logs.find((each) => each.includes(answer.headers.get("X-Request-Id") ?? "none"));
    expect(JSON.parse(line ?? "{}")).toMatchObject({ code: "mfa_required", reason });
  });
});

test("the log of every 401 says why", () => {
  const lines = portcullis.logs.flatMap((line): { status?: number; reason?: string }[] =>
    line.startsWith("{") ? [readJson<object>(line)] : [],
  );
  const refused = lines.filter(({ status }) => status === 401);
  expect(refused.length).toBeGreaterThan(Object.keys(ATTACKS).length);
  expect(refused.filter(({ reason = "" }) => reason === "")).toEqual([]);
});
