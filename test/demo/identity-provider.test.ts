import { mkdtempSync, rmSync, statSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from "jose";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type DemoServer, startDemoServer } from "../../src/demo/demo-server.ts";
import { SECOND_FACTOR_ACR } from "../../src/demo/identity-names.ts";
import { identityProvider } from "../../src/demo/identity-provider.ts";
import { loadIdentitySecrets } from "../../src/demo/identity-secrets.ts";
import { requestToken } from "../../src/demo/identity-token.ts";
import { freePort } from "./free-port.ts";

const directory = mkdtempSync(join(tmpdir(), "portcullis-idp-"));
const secretsFile = join(directory, "identity-provider.json");
const consoleOrigin = "http://127.0.0.1:8787";
const redirectUri = `${consoleOrigin}/-/console/callback`;
// 43 characters (RFC 7636 section 4.1) and their SHA-256.
const VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

let server: DemoServer;
let issuer: string;

beforeAll(async () => {
  const port = await freePort();
  issuer = `http://127.0.0.1:${port}/oidc`;
  server = await start(port);
});
afterAll(async () => {
  await server.close();
  rmSync(directory, { recursive: true });
});

async function start(port: number): Promise<DemoServer> {
  const secrets = await loadIdentitySecrets(secretsFile);
  const options = { issuer, audience: "portcullis", consoleOrigins: [consoleOrigin] };
  return startDemoServer(port, { identityProvider: identityProvider(options, secrets) });
}

async function discover(): Promise<Record<string, string>> {
  return await (await fetch(`${issuer}/.well-known/openid-configuration`)).json<Record<string, string>>();
}

/** Verifies a token as the gateway does: by the keys that the discovery document names. */
async function verify(token: string, audience: string) {
  const { jwks_uri: jwks = "" } = await discover();
  return jwtVerify(token, createRemoteJWKSet(new URL(jwks)), { issuer, audience, algorithms: ["ES256"] });
}

/** A browser as far as signing in needs one: cookies, and redirects within the provider. */
function browser() {
  const cookies = new Map<string, string>();
  async function open(url: string, form?: Record<string, string>): Promise<{ url: string; body: string }> {
    const response = await fetch(url, {
      redirect: "manual",
      method: form ? "POST" : "GET",
      headers: {
        Cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join("; "),
        Accept: "text/html",
      },
      body: form ? new URLSearchParams(form) : null,
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (value === "") cookies.delete(name);
      else cookies.set(name, value);
    }
    const location = response.headers.get("Location");
    if (location === null) return { url, body: await response.text() };
    const next = new URL(location, url).href;
    return next.startsWith(issuer) ? open(next) : { url: next, body: "" };
  }
  return { open };
}

function authorizationUrl(extra: Record<string, string> = {}): string {
  const parameters = {
    client_id: "portcullis-console",
    response_type: "code",
    redirect_uri: redirectUri,
    scope: "openid profile email",
    state: "a-state",
    code_challenge: CHALLENGE,
    code_challenge_method: "S256",
    ...extra,
  };
  return `${issuer}/auth?${new URLSearchParams(parameters).toString()}`;
}

async function redeem(callback: string, verifier = VERIFIER) {
  const parameters = {
    grant_type: "authorization_code",
    client_id: "portcullis-console",
    code: new URL(callback).searchParams.get("code") ?? "",
    redirect_uri: redirectUri,
    code_verifier: verifier,
  };
  const response = await fetch(`${issuer}/token`, { method: "POST", body: new URLSearchParams(parameters) });
  return { status: response.status, body: await response.json<Record<string, string>>() };
}

test("the discovery document is the issuer's, and every endpoint in it is below the issuer", async () => {
  const metadata = await discover();
  expect(metadata["issuer"]).toBe(issuer);
  for (const endpoint of ["authorization_endpoint", "token_endpoint", "jwks_uri", "end_session_endpoint"]) {
    expect(metadata[endpoint]).toMatch(new RegExp(`^${issuer}/`));
  }
  expect(metadata["code_challenge_methods_supported"]).toEqual(["S256"]);
});

test("the published key set holds no private part", async () => {
  const { jwks_uri: jwks = "" } = await discover();
  const { keys } = await (await fetch(jwks)).json<{ keys: Record<string, string>[] }>();
  expect(keys).toHaveLength(1);
  expect(keys[0]).not.toHaveProperty("d");
});

describe("a token from the command line", () => {
  test.each([
    { user: "alice", roles: ["admin"], vault_roles: { "*": ["developer"] } },
    { user: "bob", roles: [], vault_roles: { vault_3f8a2c1d9b: ["developer"] } },
    { user: "carol", roles: [], vault_roles: {} },
  ])("says who $user is and what $user may do", async ({ user, roles, vault_roles }) => {
    const before = Math.floor(Date.now() / 1000);
    const { payload, protectedHeader } = await verify(await requestToken(issuer, { user }), "portcullis");
    expect(protectedHeader).toMatchObject({ typ: "at+jwt", alg: "ES256" });
    expect(payload).toMatchObject({
      sub: user,
      org_id: "org_demo",
      name: expect.stringMatching(new RegExp(`^${user} `, "i")),
      email: `${user}@demo.example`,
      roles,
      vault_roles,
      amr: ["pwd"],
    });
    expect(payload["scope"]).toBeUndefined();
    expect(payload["auth_time"]).toBeGreaterThanOrEqual(before);
    expect(payload.iat).toBeGreaterThanOrEqual(before);
    expect(payload.exp).toBe((payload.iat ?? 0) + 3600);
  });

  test("with a second factor says so, freshly", async () => {
    const before = Math.floor(Date.now() / 1000);
    const { payload } = await verify(await requestToken(issuer, { user: "bob", mfa: true }), "portcullis");
    expect(payload["amr"]).toEqual(["pwd", "otp", "mfa"]);
    expect(payload["auth_time"]).toBeGreaterThanOrEqual(before);
    expect(payload["auth_time"]).toBeLessThanOrEqual(Date.now() / 1000);
  });

  test("for operators carries their scope, and nothing else does", async () => {
    const { payload } = await verify(await requestToken(issuer, { user: "carol", ops: true }), "portcullis");
    expect(payload["scope"]).toBe("portcullis:ops");
    expect(payload["amr"]).toEqual(["pwd"]);
  });

  test("is not given for somebody unknown", async () => {
    await expect(requestToken(issuer, { user: "mallory" })).rejects.toThrow("mallory");
  });
});

describe("signing in", () => {
  test("gives an access token for the gateway and an ID token for the console alone", async () => {
    const { open } = browser();
    const page = await open(authorizationUrl());
    expect(page.body).toContain("Alice");
    const { url } = await open(page.url, { user: "alice" });
    expect(url).toMatch(`${redirectUri}?`);
    expect(new URL(url).searchParams.get("state")).toBe("a-state");

    const { status, body } = await redeem(url);
    expect(status).toBe(200);
    const access = await verify(body["access_token"] ?? "", "portcullis");
    expect(access.protectedHeader.typ).toBe("at+jwt");
    expect(access.payload).toMatchObject({ sub: "alice", amr: ["pwd"], roles: ["admin"] });
    const id = await verify(body["id_token"] ?? "", "portcullis-console");
    expect(id.payload).toMatchObject({ sub: "alice", email: "alice@demo.example" });
    await expect(verify(body["id_token"] ?? "", "portcullis")).rejects.toThrow("aud");
  });

  test("with a second factor says so, with the time of the sign-in", async () => {
    const before = Math.floor(Date.now() / 1000);
    const { open } = browser();
    const page = await open(authorizationUrl());
    const { url } = await open(page.url, { user: "bob", mfa: "true" });
    const { body } = await redeem(url);
    const { payload } = await verify(body["access_token"] ?? "", "portcullis");
    expect(payload).toMatchObject({ sub: "bob", amr: ["pwd", "otp", "mfa"] });
    expect(payload["auth_time"]).toBeGreaterThanOrEqual(before);
    expect(payload["auth_time"]).toBeLessThanOrEqual(Date.now() / 1000);
  });

  test("is asked for once, and again when a second factor is asked for", async () => {
    const { open } = browser();
    await open((await open(authorizationUrl())).url, { user: "alice" });
    expect((await open(authorizationUrl())).url).toMatch(redirectUri);

    const stepUp = authorizationUrl({ acr_values: SECOND_FACTOR_ACR });
    const page = await open(stepUp);
    expect(page.body).toContain("checked");
    const { url } = await open(page.url, { user: "alice", mfa: "true" });
    const { payload } = await verify((await redeem(url)).body["access_token"] ?? "", "portcullis");
    expect(payload["amr"]).toContain("mfa");
    expect((await open(stepUp)).url).toMatch(redirectUri);
  });

  test("needs the verifier that the challenge was made from", async () => {
    const { open } = browser();
    const { url } = await open((await open(authorizationUrl())).url, { user: "alice" });
    const { status, body } = await redeem(url, "x".repeat(43));
    expect(status).toBe(400);
    expect(body["error"]).toBe("invalid_grant");
  });

  test("as somebody unknown shows the choice again", async () => {
    const { open } = browser();
    const page = await open(authorizationUrl());
    expect((await open(page.url, { user: "mallory" })).body).toContain("Carol");
  });

  test.each(["https://evil.example/-/console/callback", `${consoleOrigin}/elsewhere`])(
    "never sends a code to %s",
    async (redirect_uri) => {
      const { url, body } = await browser().open(authorizationUrl({ redirect_uri }));
      expect(url).toMatch(issuer);
      expect(body).toContain("redirect_uri");
    },
  );

  test("signing out ends the session and goes back to the console", async () => {
    const { open } = browser();
    const { url } = await open((await open(authorizationUrl())).url, { user: "alice" });
    const { id_token = "" } = (await redeem(url)).body;
    const back = `${consoleOrigin}/-/console/signed-out`;
    const leave = new URLSearchParams({ id_token_hint: id_token, post_logout_redirect_uri: back });
    const page = await open(`${issuer}/session/end?${leave.toString()}`);
    const [, xsrf = ""] = /name="xsrf" value="([^"]+)"/.exec(page.body) ?? [];
    expect((await open(`${issuer}/session/end/confirm`, { xsrf, logout: "yes" })).url).toBe(back);
    expect((await open(authorizationUrl())).body).toContain("Sign in");
  });
});

test("a token outlives a restart of the provider", async () => {
  const token = await requestToken(issuer, { user: "alice" });
  await server.close();
  server = await start(Number(new URL(issuer).port));
  // The first attempt may still meet a connection to the old server.
  await vi.waitFor(() => verify(token, "portcullis"), { timeout: 60_000 });
  expect(decodeProtectedHeader(await requestToken(issuer, { user: "alice" })).kid).toBe(
    decodeProtectedHeader(token).kid,
  );
});

test("nobody else on the machine can read the signing key", () => {
  expect(statSync(secretsFile).mode & 0o077).toBe(0);
});

test("nothing is answered under a foreign host name", async () => {
  const status = await new Promise((resolve) => {
    request(`${issuer}/jwks`, { headers: { Host: "rebound.example" } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    }).end();
  });
  expect(status).toBe(421);
});

test("the provider says nothing on the console", async () => {
  const said = ["log", "info", "warn", "error"].map((level) => vi.spyOn(console, level as "log"));
  const port = await freePort();
  const other = await start(port);
  await fetch(`http://127.0.0.1:${port}/oidc/.well-known/openid-configuration`);
  await other.close();
  for (const spy of said) expect(spy).not.toHaveBeenCalled();
  vi.restoreAllMocks();
});
