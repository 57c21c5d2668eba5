import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify, type JSONWebKeySet } from "jose";
import * as oauth from "oauth4webapi";
import { describe, expect, test } from "vitest";
import { readClient } from "../../src/control/oauth/client.ts";
import { generateKey, hashKey, idOfHash } from "../../src/core/key/key-secret.ts";
import { swapSecret } from "../support/key-strings.ts";
import { freshAddress } from "../support/portcullis.ts";
import { exchange, postForm, type TokenAnswer } from "../support/tokens.ts";
import { usePortcullis } from "../support/started.ts";
const PATH = "/v1/vaults/vault_1";

const portcullis = await usePortcullis({ vars: { TOKENS_PER_MINUTE: "50" } });
const key = await portcullis.createKey({
  scopes: ["vault:read", "vault/vault_1:admin"],
  vaults: ["vault_1", "vault_2"],
});

const GRANT = { grant_type: "client_credentials" };
const INSECURE = { [oauth.allowInsecureRequests]: true };

async function discover(): Promise<oauth.AuthorizationServer> {
  const gateway = new URL(portcullis.edges[0] as string);
  const resource = await oauth
    .resourceDiscoveryRequest(gateway, INSECURE)
    .then((answer) => oauth.processResourceDiscoveryResponse(gateway, answer));
  const issuer = new URL(resource.authorization_servers?.[0] ?? "");
  const answer = await oauth.discoveryRequest(issuer, { algorithm: "oauth2", ...INSECURE });
  return oauth.processDiscoveryResponse(issuer, answer);
}

describe("an ordinary OAuth client, led by the metadata alone", () => {
  test.each([
    ["HTTP Basic", oauth.ClientSecretBasic],
    ["the form", oauth.ClientSecretPost],
  ])("gets a token with its key in %s, uses, inspects and revokes it", async (_, authentication) => {
    const server = await discover();
    const client: oauth.Client = { client_id: key.id };
    const auth = authentication(key.key);

    const issued = await oauth.clientCredentialsGrantRequest(
      server,
      client,
      auth,
      { scope: "vault/#/balance:read vault:read" },
      INSECURE,
    );
    const { access_token: token, scope } = await oauth.processClientCredentialsResponse(
      server,
      client,
      issued,
    );
    expect(scope).toBe("vault/#/balance:read vault:read");
    const resource = new URL(`${portcullis.edges[0]}${PATH}`);
    const answer = await oauth.protectedResourceRequest(
      token,
      "GET",
      resource,
      undefined,
      undefined,
      INSECURE,
    );
    expect(answer.status).toBe(200);

    const told = await oauth.introspectionRequest(server, client, auth, token, INSECURE);
    expect(await oauth.processIntrospectionResponse(server, client, told)).toMatchObject({
      active: true,
      client_id: key.id,
    });

    const revoked = await oauth.revocationRequest(server, client, auth, token, INSECURE);
    expect(await oauth.processRevocationResponse(revoked)).toBeUndefined();
    expect((await call(token)).status).toBe(401);
  });

  test("finds the way from the challenge of a refusal", async () => {
    const answer = await fetch(`${portcullis.edges[0]}${PATH}`);
    const challenge = answer.headers.get("WWW-Authenticate") ?? "";
    const metadata = /resource_metadata="([^"]+)"/.exec(challenge)?.[1] ?? "";
    expect(await (await fetch(metadata)).json()).toEqual({
      resource: portcullis.edges[0],
      authorization_servers: [portcullis.edges[0]],
      bearer_methods_supported: ["header"],
      scopes_supported: ["vault:read"],
    });
  });
});

function call(token: string, path = PATH): Promise<Response> {
  return portcullis.call("GET", path, { as: token, from: freshAddress() });
}

describe("a token", () => {
  test("is a JWT of RFC 9068 that the organisation's published key verifies", async () => {
    const { access_token: token, ...rest } = await exchange(portcullis, key);
    expect(rest).toEqual({
      token_type: "Bearer",
      expires_in: 3600,
      scope: "vault:read vault/vault_1:admin",
      vaults: ["vault_1", "vault_2"],
    });
    const jwks = await portcullis.call("GET", "/-/organizations/org_test/jwks.json");
    const keys = createLocalJWKSet(await jwks.json<JSONWebKeySet>());
    const { payload, protectedHeader } = await jwtVerify(token, keys, {
      issuer: portcullis.edges[0] as string,
      audience: portcullis.edges[0] as string,
      typ: "at+jwt",
      requiredClaims: ["jti", "client_id", "sub", "iat", "exp"],
    });
    expect(protectedHeader).toEqual({
      alg: "ES256",
      typ: "at+jwt",
      kid: expect.stringMatching(/^org_test\./),
    });
    expect(payload).toMatchObject({ client_id: key.id, sub: key.id, org_id: "org_test" });
  });

  test("shares the budget of its key", async () => {
    const own = await portcullis.createKey({ rateLimit: { requests: 2, windowSeconds: 60 } });
    const { access_token: token } = await exchange(portcullis, own);
    const statuses = [];
    for (const credential of [own.key, token, own.key, token]) statuses.push((await call(credential)).status);
    expect(statuses).toEqual([200, 200, 429, 429]);
  });

  test("lives as long as was asked for, and no longer than its key", async () => {
    const short = await exchange(portcullis, key, { expires_in: "60" });
    expect(short.expires_in).toBe(60);
    const expiring = await portcullis.createKey({
      expiresAt: new Date(Date.now() + 600_000).toISOString(),
    });
    const capped = await exchange(portcullis, expiring, { expires_in: "86400" });
    expect(capped.expires_in).toBeGreaterThan(590);
    expect(capped.expires_in).toBeLessThanOrEqual(601);
    expect((await call(capped.access_token)).status).toBe(200);
  });

  test.each([
    ["its vaults", { vaults: "vault_2" }, { [PATH]: 404, "/v1/vaults/vault_2": 200 }],
    ["a vault by its scope", { scope: "vault/vault_2:read" }, { [PATH]: 404, "/v1/vaults/vault_2": 200 }],
    [
      "a part of each vault",
      { scope: "vault/#/balance:read" },
      { [PATH]: 404, "/v1/vaults/vault_1/balances": 200, "/v1/vaults/vault_1/addresses": 404 },
    ],
    ["another action", { scope: "vault/vault_1:admin" }, { [PATH]: 403 }],
  ])("narrowed to %s reaches that and nothing else", async (_, form, expected) => {
    const { access_token: token } = await exchange(portcullis, key, form);
    for (const [path, status] of Object.entries(expected)) {
      expect([path, (await call(token, path)).status]).toEqual([path, status]);
      if (status === 200) continue;
      const { status: ofKey } = await call(key.key, path);
      expect([path, ofKey]).toEqual([path, 200]);
    }
  });

  test("tells the origin its own scopes and vaults, not its key's", async () => {
    const narrow = { scope: "vault/vault_1/balance:read", vaults: "vault_1" };
    const { access_token: token } = await exchange(portcullis, key, narrow);
    const received = portcullis.origin.next();
    await call(token, "/v1/vaults/vault_1/balances");
    const request = await received;
    expect(request.values("X-Portcullis-Scopes")).toEqual([narrow.scope]);
    expect(request.values("X-Portcullis-Vaults")).toEqual(["vault_1"]);
    expect(request.values("Authorization")).toEqual([]);
    const assertion = decodeJwt(request.values("X-Portcullis-Assertion")[0] ?? "");
    expect(assertion).toMatchObject({ sub: key.id, scope: narrow.scope, vaults: ["vault_1"] });
  });

  test("of everything that its key may do tells the origin exactly what its key does", async () => {
    const scopes = ["vault:read", "vault/#/balance:read", "vault:*", "vault/vault_1:read"];
    const own = await portcullis.createKey({ scopes });
    const { access_token: token } = await exchange(portcullis, own);
    const received = portcullis.origin.next();
    await call(token);
    expect((await received).values("X-Portcullis-Scopes")).toEqual(["vault:*"]);
  });

  test("is not for what its key was taken from its only vault; other data stays", async () => {
    const own = await portcullis.createKey({ vaults: ["vault_1", "vault_2"] });
    const { access_token: token } = await exchange(portcullis, own, { vaults: "vault_1" });
    await portcullis.manage("PATCH", `/-/api-keys/${own.id}`, { vaults: ["vault_2"] });
    expect((await call(token)).status).toBe(404);
    expect((await call(token, "/v1/networks")).status).toBe(200);
  });

  test("does not widen when its key does", async () => {
    const own = await portcullis.createKey({ vaults: ["vault_1"] });
    const { access_token: token } = await exchange(portcullis, own);
    await portcullis.manage("PATCH", `/-/api-keys/${own.id}`, { vaults: ["vault_1", "vault_2"] });
    expect((await call(token, "/v1/vaults/vault_2")).status).toBe(404);
    expect((await call(own.key, "/v1/vaults/vault_2")).status).toBe(200);
    expect((await call(token)).status).toBe(200);
  });

  test("ends with its owner's last role for it, from the answer on, and tells the vaults that are left", async () => {
    const owner = async (vaultRoles: object, id?: string): Promise<string> => {
      const [method, path] = id === undefined ? ["POST", ""] : ["PATCH", `/${id}`];
      const body = { ...(id === undefined && { name: "Robot" }), vaultRoles };
      const answer = await portcullis.manage(method, `/-/service-users${path}`, body);
      return (await answer.json<{ id: string }>()).id;
    };
    const id = await owner({ vault_1: ["developer"], vault_2: ["developer"] });
    const own = await portcullis.createKey({ ownerId: id });
    const { access_token: token } = await exchange(portcullis, own);
    expect((await call(token)).status).toBe(200);
    await owner({ vault_2: ["developer"] }, id);
    expect((await call(token)).status).toBe(404);
    expect((await call(token, "/v1/vaults/vault_2")).status).toBe(200);
    await owner({}, id);
    const answer = await call(token, "/v1/vaults/vault_2");
    const { error } = await answer.json<{ error: { code: string } }>();
    expect([answer.status, error.code]).toEqual([403, "access_withdrawn"]);
  });

  test("of a key that comes back works again", async () => {
    const own = await portcullis.createKey();
    const { access_token: token } = await exchange(portcullis, own);
    await portcullis.manage("PATCH", `/-/api-keys/${own.id}`, { disabled: true });
    expect((await call(token)).status).toBe(401);
    await portcullis.manage("PATCH", `/-/api-keys/${own.id}`, { disabled: false });
    expect((await call(token)).status).toBe(200);
  });

  test("is told of its rotated key's end", async () => {
    const own = await portcullis.createKey();
    const { access_token: token } = await exchange(portcullis, own);
    await portcullis.manage("POST", `/-/api-keys/${own.id}/rotate`, { overlap: "1h" });
    expect((await call(token)).headers.get("X-Portcullis-Key-Expires")).toMatch(/Z$/);
  });
});

describe("a request for a token", () => {
  const basic = (id: string, secret: string) => ({ Authorization: `Basic ${btoa(`${id}:${secret}`)}` });
  const form = (changes: Readonly<Record<string, string>>) => ({ ...GRANT, ...changes });

  test.each<[string, Record<string, string>, string]>([
    ["no grant type", { grant_type: "" }, "invalid_request"],
    ["another grant type", { grant_type: "password" }, "unsupported_grant_type"],
    ["a scope that is none", form({ scope: "everything" }), "invalid_scope"],
    ["a type that the API does not have", form({ scope: "house:read" }), "invalid_scope"],
    ["a scope that the key does not hold", form({ scope: "vault:write" }), "invalid_scope"],
    ["one scope too many", form({ scope: "vault:read vault:admin" }), "invalid_scope"],
    ["everything", form({ scope: "*:*" }), "invalid_scope"],
    ["a vault that the key does not hold", form({ vaults: "vault_1 vault_3" }), "invalid_scope"],
    ["every vault", form({ vaults: "*" }), "invalid_scope"],
    ["more vaults than an origin takes headers", form({ vaults: manyVaults() }), "invalid_scope"],
    ["a vault that is a key", form({ vaults: generateKey("fkc").key }), "invalid_scope"],
    ["a vault with an impossible id", form({ vaults: "vault_1/.." }), "invalid_scope"],
    ["too short a life", form({ expires_in: "59" }), "invalid_request"],
    ["too long a life", form({ expires_in: "86401" }), "invalid_request"],
    ["a life that is no number", form({ expires_in: "1h" }), "invalid_request"],
  ])("for %s is refused in OAuth's own form", async (_, body, error) => {
    const answer = await postForm(portcullis, "token", body, { client: key });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toEqual({ error, error_description: expect.any(String) });
    expect(answer.headers.get("Cache-Control")).toBe("no-store");
    expect(answer.headers.get("X-Request-Id")).toMatch(/^[\da-f-]{36}$/);
  });

  test.each([
    ["as it is", (text: string) => text],
    ["form-encoded", encodeURIComponent],
  ])("may show an imported key with a colon %s", (_, encode) => {
    const imported = "team:a-key-that-was-made-elsewhere";
    const id = idOfHash(hashKey(imported));
    const { Authorization } = basic(id, encode(imported));
    expect(readClient(Authorization, {}, ["fkc"], true)).toEqual({ keyId: id, key: imported });
  });

  const attempts: [string, () => Promise<Response>, number, string][] = [
    ["no client", () => send(GRANT), 401, "invalid_client"],
    ["a wrong secret", () => send(GRANT, basic(key.id, wrong(key.key))), 401, "invalid_client"],
    [
      "another key's secret under this id",
      () => send(GRANT, basic(key.id, swapSecret(key.key, generateKey("fkc").key))),
      401,
      "invalid_client",
    ],
    [
      "another key's id",
      async () => send(GRANT, basic((await portcullis.createKey()).id, key.key)),
      401,
      "invalid_client",
    ],
    ["the secret and no id", () => send({ ...GRANT, client_secret: key.key }), 401, "invalid_client"],
    [
      "two ways of authentication",
      () => send({ ...GRANT, client_secret: key.key, client_id: key.id }, basic(key.id, key.key)),
      400,
      "invalid_request",
    ],
    ["a bearer credential", () => send(GRANT, { Authorization: `Bearer ${key.key}` }), 401, "invalid_client"],
    [
      "a body that is JSON",
      () => send(GRANT, { "Content-Type": "application/json", ...basic(key.id, key.key) }),
      400,
      "invalid_request",
    ],
    [
      "a parameter that comes twice",
      () => sendText("grant_type=client_credentials&scope=vault:read&scope=network:read"),
      400,
      "invalid_request",
    ],
    [
      "parameters in the address",
      () =>
        fetch(`${portcullis.edges[0]}/-/oauth/token?grant_type=client_credentials`, {
          method: "POST",
          headers: { "Content-Type": "application/x-www-form-urlencoded", ...basic(key.id, key.key) },
        }),
      400,
      "invalid_request",
    ],
    ["a body too large", () => sendText(`x=${"a".repeat(70_000)}`), 413, "invalid_request"],
    ["GET", () => portcullis.call("GET", "/-/oauth/token"), 405, "invalid_request"],
  ];
  test.each(attempts)("with %s is refused", async (_, attempt, status, error) => {
    const answer = await attempt();
    expect([answer.status, (await answer.json<{ error: string }>()).error]).toEqual([status, error]);
    if (status === 401) expect(answer.headers.get("WWW-Authenticate")).toContain("Basic ");
    if (status === 405) expect(answer.headers.get("Allow")).toBe("POST");
  });

  function send(body: Readonly<Record<string, string>>, headers: Readonly<Record<string, string>> = {}) {
    return postForm(portcullis, "token", body, { from: freshAddress(), headers });
  }
  function sendText(body: string): Promise<Response> {
    return fetch(`${portcullis.edges[0]}/-/oauth/token`, {
      method: "POST",
      headers: {
        "Content-Type": "application/x-www-form-urlencoded",
        "CF-Connecting-IP": freshAddress(),
        ...basic(key.id, key.key),
      },
      body,
    });
  }

  test.each<[string, object, number, string]>([
    ["a disabled key", { disabled: true }, 401, "invalid_client"],
    ["an expired key", { expiresAt: "2020-01-01T00:00:00Z" }, 401, "invalid_client"],
    ["a key for another network", { allowedIps: ["198.51.100.1"] }, 400, "unauthorized_client"],
  ])("with %s is refused from the change on", async (_, change, status, error) => {
    const own = await portcullis.createKey();
    await portcullis.manage("PATCH", `/-/api-keys/${own.id}`, change);
    const answer = await postForm(portcullis, "token", GRANT, { client: own, from: freshAddress() });
    expect([answer.status, (await answer.json<{ error: string }>()).error]).toEqual([status, error]);
  });

  test("beyond the key's share of a minute waits as long as Retry-After says", async () => {
    const own = await portcullis.createKey();
    const answers: Response[] = [];
    for (let i = 0; i < 51; i++) {
      answers.push(await postForm(portcullis, "token", GRANT, { client: own, from: freshAddress() }));
    }
    expect(answers.slice(0, 50).filter(({ status }) => status !== 200)).toEqual([]);
    const last = answers[50] as Response;
    expect(last.status).toBe(429);
    expect(Number(last.headers.get("Retry-After"))).toBeGreaterThanOrEqual(1);
    expect(Number(last.headers.get("Retry-After"))).toBeLessThanOrEqual(60);
    // It has cost the key none of its own budget.
    expect((await call(own.key)).headers.get("X-RateLimit-Remaining")).toBe("999");
  });

  test("that keeps failing has its address turned away before anything is looked up", async () => {
    const from = freshAddress();
    let status = 0;
    // A minute may end meanwhile: two have room for twice 60.
    for (let i = 0; i < 130 && status !== 429; i++) {
      const client = { ...key, key: wrong(key.key) };
      status = (await postForm(portcullis, "token", GRANT, { client, from })).status;
    }
    expect(status).toBe(429);
    const stranger = await portcullis.createKey();
    const good = await postForm(portcullis, "token", GRANT, { client: stranger, from });
    expect(good.status).toBe(429);
    expect(Number(good.headers.get("Retry-After"))).toBeGreaterThanOrEqual(1);
    // A key that has been used here is known, and goes on.
    expect((await call(stranger.key)).status).toBe(200);
    const known = await postForm(portcullis, "token", GRANT, { client: stranger, from });
    expect(known.status).toBe(200);
  });
});

/** Vault ids that together are longer than a key or token may carry. */
function manyVaults(): string {
  return Array.from({ length: 100 }, (_, i) => `vault_${i}_${"x".repeat(40)}`).join(" ");
}

/** A key string of the same length whose last letter is another. */
function wrong(text: string): string {
  return text.slice(0, -1) + (text.endsWith("0") ? "1" : "0");
}

test("a token's line in the log names it, and holds neither it nor the key", async () => {
  const answer: TokenAnswer = await exchange(portcullis, key);
  await call(answer.access_token);
  const { jti } = decodeJwt(answer.access_token);
  await expect.poll(() => portcullis.logs.some((line) => line.includes(`"tokenId":"${jti}"`))).toBe(true);
  const signature = answer.access_token.split(".")[2] ?? "";
  expect(portcullis.logs.filter((line) => line.includes(signature) || line.includes(key.key))).toEqual([]);
  expect(decodeProtectedHeader(answer.access_token).alg).toBe("ES256");
});
