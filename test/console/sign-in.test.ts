import { createHash } from "node:crypto";
import { decodeProtectedHeader } from "jose";
import { describe, expect, test } from "vitest";
import {
  comeBack,
  consoleClient,
  csrfOf,
  giveTokens,
  headingOf,
  signIn,
  startedBy,
  startSignIn,
  type ConsoleClient,
} from "../support/console-client.ts";
import { startIssuer, type TestIssuer } from "../support/issuer.ts";

import { usePortcullis } from "../support/started.ts";

const KEYS = "/-/console/keys";
const SESSION = "portcullis-session";
const portcullis = await usePortcullis();

function newClient(): ConsoleClient {
  return consoleClient(portcullis.edges[0] ?? "");
}

/** The id of the provider's key. */
async function kidOf(issuer: TestIssuer): Promise<string | undefined> {
  return decodeProtectedHeader(await issuer.token()).kid;
}

/** Somebody who has signed in. */
async function signedIn(answers?: Parameters<typeof signIn>[2]): Promise<ConsoleClient> {
  const client = newClient();
  const answer = await signIn(client, portcullis.issuer, answers);
  expect([answer.status, answer.headers.get("Location")]).toEqual([303, KEYS]);
  return client;
}

describe("signing in", () => {
  test("asks the provider for a code, bound to this browser by state, nonce and PKCE", async () => {
    const client = newClient();
    const { request } = await startSignIn(client);
    expect(Object.fromEntries(request)).toEqual({
      client_id: "portcullis-console",
      response_type: "code",
      redirect_uri: `${portcullis.edges[0]}/-/console/callback`,
      scope: "openid profile email",
      state: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: "S256",
    });
    const again = await startSignIn(client);
    for (const name of ["state", "nonce", "code_challenge"]) {
      expect(again.request.get(name)).not.toBe(request.get(name));
    }
  });

  test.each([
    ["of the provider's own session", "?step_up=1", null],
    ["with a new sign-in", "?step_up=2", "login"],
  ])("asks for a fresh second factor %s", async (_, query, prompt) => {
    const { request } = await startSignIn(newClient(), query);
    expect(request.get("acr_values")).toBe("http://schemas.openid.net/pape/policies/2007/06/multi-factor");
    expect(request.get("max_age")).toBe("300");
    expect(request.get("prompt")).toBe(prompt);
  });

  test.each<[string, number, RegExp]>([
    ["an old sign-in", -900, /tells of an old one/],
    ["a sign-in yet to come", 900, /yet to come/],
  ])("takes no %s for a second factor: it asks for a new one, once, and says why", async (_, after, said) => {
    const client = newClient();
    const answers = { id: { auth_time: Math.floor(Date.now() / 1000) + after } };
    const started = await startSignIn(client, `?step_up=1&return=${KEYS}`);
    giveTokens(portcullis.issuer, started.nonce, answers);
    const again = startedBy(await comeBack(client, started));
    expect(again.request.get("prompt")).toBe("login");
    giveTokens(portcullis.issuer, again.nonce, answers);
    const answer = await comeBack(client, again);
    expect([answer.status, await answer.text()]).toEqual([502, expect.stringMatching(said)]);
  });

  test("for a second factor is done though the provider does not say when it was", async () => {
    const client = newClient();
    const started = await startSignIn(client, "?step_up=1");
    giveTokens(portcullis.issuer, started.nonce);
    expect((await comeBack(client, started)).status).toBe(303);
  });

  test("redeems the code with the verifier that only this browser's cookie holds", async () => {
    const client = newClient();
    const started = await startSignIn(client);
    let form = new URLSearchParams();
    portcullis.issuer.answerWith(async (sent) => {
      form = sent;
      return { status: 400, body: { error: "invalid_grant" } };
    });
    await comeBack(client, started);
    const challenge = createHash("sha256")
      .update(form.get("code_verifier") ?? "")
      .digest("base64url");
    expect(challenge).toBe(started.request.get("code_challenge"));
    expect(form.get("redirect_uri")).toBe(started.request.get("redirect_uri"));
  });

  test.each([
    ["has no value", { refresh_token: null, scope: "", expires_in: null, ext_expires_in: null }],
    ["has another type", { refresh_token: 7, scope: ["openid"], expires_in: "soon" }],
    ["cannot be", { expires_in: -1 }],
    ["is for ever", { expires_in: 1e300 }],
    ["leaves no time for a session", { expires_in: 0 }],
    ["leaves no time for a session, as a text", { expires_in: "0" }],
    ["leaves hardly any time for a session", { expires_in: 0.001 }],
  ])("takes what %s in the provider's answer as left out", async (_, body) => {
    const client = await signedIn({ body });
    expect((await client.get(KEYS)).status).toBe(200);
  });

  test.each(["bearer", "BEARER"])("takes a token of the type %s", async (type) => {
    const client = await signedIn({ body: { token_type: type } });
    expect((await client.get(KEYS)).status).toBe(200);
  });

  test.each([["1700000000"], [1_700_000_000.5], [null], [""], ["now"], [-1], [1e300], [{}], [true]])(
    "is done though the ID token's time of sign-in is %j, which is a time or none",
    async (authTime) => {
      const times = { auth_time: authTime, ...(typeof authTime !== "number" && { nbf: authTime }) };
      const client = await signedIn({ id: { ...times, amr: "mfa" } });
      expect((await client.get("/-/console/account")).status).toBe(200);
    },
  );

  test("makes a session of tokens that no cookie could hold", async () => {
    const groups = Array.from({ length: 5000 }, (_, i) => `a group of many, number ${i}`);
    const client = await signedIn({ access: { groups }, id: { groups } });
    expect([...client.cookies.values()].join("").length).toBeLessThan(4096);
    expect((await client.get(KEYS)).status).toBe(200);
  });

  test("leads to the page that was asked for", async () => {
    const client = newClient();
    const page = await client.get(`${KEYS}?status=all`);
    expect(page.headers.get("Location")).toBe(
      `/-/console/sign-in?return=${encodeURIComponent(`${KEYS}?status=all`)}`,
    );
    const started = await startSignIn(client, `?return=${encodeURIComponent(`${KEYS}?status=all`)}`);
    giveTokens(portcullis.issuer, started.nonce);
    expect((await comeBack(client, started)).headers.get("Location")).toBe(`${KEYS}?status=all`);
  });

  test.each([
    "https://evil.example/-/console/keys",
    "//evil.example/-/console/keys",
    "/\\evil.example",
    "/-/console/../../v1/vaults",
    "/-/console/%2e%2e/%2e%2e/v1/vaults",
    "/-/console/..//evil.example",
    "/-/api-keys",
    "/-/consoles",
    "javascript:alert(1)",
    "/-/console/keys\r\nSet-Cookie: a=b",
    "/-/console/callback?code=a",
    "/-/console/sign-out",
    "/-/console/%73ign-in/start?step_up=1",
    "/-/console/sign-in%2Fstart",
    "/-/console/%ff",
    `/-/console/keys?q=${"a".repeat(2000)}`,
    "",
  ])("leads to the first page when asked to lead to %j", async (wanted) => {
    const client = newClient();
    const started = await startSignIn(client, `?return=${encodeURIComponent(wanted)}`);
    giveTokens(portcullis.issuer, started.nonce);
    expect((await comeBack(client, started)).headers.get("Location")).toBe(KEYS);
  });

  test("keeps apart the sign-ins of several tabs", async () => {
    const client = newClient();
    const first = await startSignIn(client, `?return=${KEYS}%3Fstatus=all`);
    const second = await startSignIn(client);
    giveTokens(portcullis.issuer, first.nonce);
    expect((await comeBack(client, first)).headers.get("Location")).toBe(`${KEYS}?status=all`);
    giveTokens(portcullis.issuer, second.nonce);
    expect((await comeBack(client, second)).headers.get("Location")).toBe(KEYS);
  });
});

test("a browser has four sign-ins under way at most, the newest ones", async () => {
  const client = newClient();
  const all = [];
  for (let i = 0; i < 8; i++) all.push(await startSignIn(client));
  expect(client.cookies.size).toBe(4);
  const [first, fifth] = [all[0], all[4]] as [(typeof all)[0], (typeof all)[0]];
  giveTokens(portcullis.issuer, first.nonce);
  expect((await comeBack(client, first)).status).toBe(400);
  giveTokens(portcullis.issuer, fifth.nonce);
  expect((await comeBack(client, fifth)).status).toBe(303);
});

describe("nobody is signed in", () => {
  test("by a code that was sent to another browser", async () => {
    const attacker = newClient();
    const started = await startSignIn(attacker);
    giveTokens(portcullis.issuer, started.nonce);
    const victim = newClient();
    await startSignIn(victim);
    expect((await comeBack(victim, started)).status).toBe(400);
    expect(victim.cookies.has(SESSION)).toBe(false);
  });

  test("by the same answer of the provider a second time", async () => {
    const client = newClient();
    const started = await startSignIn(client);
    giveTokens(portcullis.issuer, started.nonce);
    expect((await comeBack(client, started)).status).toBe(303);
    expect((await comeBack(client, started)).status).toBe(400);
  });

  const now = Math.floor(Date.now() / 1000);
  test.each<[string, Parameters<typeof giveTokens>[2]]>([
    ["for another nonce", { id: { nonce: "another" } }],
    ["for another client", { id: { aud: "another" } }],
    ["of another issuer", { id: { iss: "https://another.example" } }],
    ["that has ended", { id: { iat: now - 7200, exp: now - 3600 } }],
    ["that says nothing of who it is", { id: { sub: undefined } }],
    ["that is missing", { body: { id_token: undefined } }],
    ["that is no token", { body: { id_token: "a.b.c" } }],
    ["that is encrypted", { body: { id_token: "a.b.c.d.e" } }],
  ])("by an ID token %s", async (_, answers) => {
    const client = newClient();
    const answer = await signIn(client, portcullis.issuer, answers);
    expect([answer.status, await headingOf(answer)]).toEqual([502, "The sign-in did not work"]);
    expect(client.cookies.has(SESSION)).toBe(false);
  });

  test.each<[string, Parameters<typeof giveTokens>[2], string]>([
    ["an expiry that is a text", { id: { exp: `${now + 600}` } }, "something else than a number for its exp"],
    ["no expiry", { id: { exp: undefined } }, "has no exp"],
    ["a time of issue that is nothing", { id: { iat: null } }, "has no iat"],
    ["a time of issue that is a list", { id: { iat: [now] } }, "something else than a number for its iat"],
    ["an expiry that cannot be", { id: { exp: 1e300 } }, "a time that cannot be for its exp"],
    ["a time of issue to come", { id: { iat: now + 3000, exp: now + 6000 } }, "was issued in the future"],
    ["a start to come", { id: { nbf: now + 3000 } }, "is not valid yet"],
    ["a start to come, as a text", { id: { nbf: `${now + 3000}` } }, "is not valid yet"],
    ["an expiry that is past", { id: { exp: now - 3000 } }, "has expired"],
    ["another nonce", { id: { nonce: "another" } }, "nonce"],
    ["another audience", { id: { aud: "another" } }, "aud"],
    ["a bound token beside it", { body: { token_type: "DPoP" } }, "of the type &quot;DPoP&quot;"],
    ["a token of a new type beside it", { body: { token_type: "mac" } }, "of the type &quot;mac&quot;"],
    ["a token of types beside it", { body: { token_type: ["Bearer"] } }, "only Bearer tokens"],
    ["a token of no type beside it", { body: { token_type: null } }, "of no type"],
  ])("by an ID token with %s, and the page says what is wrong", async (_, answers, said) => {
    const client = newClient();
    const answer = await signIn(client, portcullis.issuer, answers);
    expect([answer.status, await answer.text()]).toEqual([502, expect.stringContaining(said)]);
    expect(client.cookies.has(SESSION)).toBe(false);
  });

  test.each<[string, boolean, object]>([
    ["as their own", false, {}],
    ["as the provider's", true, {}],
    ["with a time that is a text", true, { auth_time: "1700000000" }],
  ])("by an ID token that somebody else has signed %s", async (_, kid, more) => {
    const other = await startIssuer();
    const client = newClient();
    const started = await startSignIn(client);
    const claims = { iss: portcullis.issuer.url, aud: "portcullis-console", nonce: started.nonce, ...more };
    const header = { typ: "JWT", ...(kid && { kid: await kidOf(portcullis.issuer) }) };
    giveTokens(portcullis.issuer, started.nonce, { body: { id_token: await other.token(claims, header) } });
    expect((await comeBack(client, started)).status).toBe(502);
    expect(client.cookies.has(SESSION)).toBe(false);
    await other.close();
  });

  test.each([
    ["access_denied", 403, "You were not signed in"],
    ["login_required", 403, "You were not signed in"],
    ["server_error", 503, "The identity provider cannot be reached"],
    ["temporarily_unavailable", 503, "The identity provider cannot be reached"],
  ])("when the provider says %s", async (error, status, heading) => {
    const client = newClient();
    const { state } = await startSignIn(client);
    const answer = await client.get(`/-/console/callback?error=${error}&state=${state}`);
    expect([answer.status, await headingOf(answer)]).toEqual([status, heading]);
    expect(client.cookies.has(SESSION)).toBe(false);
  });

  test("by an answer of the provider that is longer than tokens are", async () => {
    const client = newClient();
    const answer = await signIn(client, portcullis.issuer, { body: { more: "x".repeat(3_000_000) } });
    expect([answer.status, await headingOf(answer)]).toEqual([
      503,
      "The identity provider cannot be reached",
    ]);
    expect(client.cookies.has(SESSION)).toBe(false);
  });

  test.each<[status: number, error: string]>([
    [429, "slow_down"],
    [400, "temporarily_unavailable"],
  ])("while the provider is in trouble with codes, which it says by %i %s", async (status, error) => {
    const client = newClient();
    const started = await startSignIn(client);
    portcullis.issuer.answerWith(async () => ({ status, body: { error } }));
    const answer = await comeBack(client, started);
    expect([answer.status, answer.headers.get("Retry-After")]).toEqual([503, "10"]);
  });

  test("while the provider is down, which is said with when to try again", async () => {
    const client = newClient();
    const started = await startSignIn(client);
    portcullis.issuer.setDown("everything");
    const answer = await comeBack(client, started);
    portcullis.issuer.setDown("nothing");
    expect([answer.status, answer.headers.get("Retry-After")]).toEqual([503, "10"]);
  });

  test("with tokens that are larger than any provider's", async () => {
    const client = newClient();
    const answer = await signIn(client, portcullis.issuer, { id: { padding: "x".repeat(1_300_000) } });
    expect([answer.status, client.cookies.has(SESSION)]).toEqual([502, false]);
  });
});

describe("a session", () => {
  test("is kept in a cookie that scripts cannot read, that other sites' requests lack, and that shows no token", async () => {
    const client = newClient();
    const answer = await signIn(client, portcullis.issuer);
    const cookie = answer.headers.getSetCookie().find((set) => set.startsWith(SESSION)) ?? "";
    expect(cookie).toMatch(/; Path=\/; HttpOnly; SameSite=Lax$/);
    const [header = "", ...parts] = (client.cookies.get(SESSION) ?? "").split(".");
    expect(JSON.parse(atob(header))).toMatchObject({ alg: "dir", enc: "A256GCM" });
    expect(parts).toHaveLength(4);
  });

  test.each([40, 8000, 60_000])("of tokens with %d letters more is one small cookie", async (length) => {
    const groups = Array.from({ length: length / 40 }, () => crypto.randomUUID().slice(0, 37));
    const client = await signedIn({
      id: { groups },
      access: { groups },
      body: { refresh_token: "x".repeat(length) },
    });
    expect([...client.cookies.keys()]).toEqual([SESSION]);
    expect(client.cookies.get(SESSION)?.length).toBeLessThan(500);
    expect((await client.get(KEYS)).status).toBe(200);
  });

  test("is a new one after every sign-in: forms of the one before are refused", async () => {
    const client = await signedIn();
    const csrf = await csrfOf(await client.get(KEYS));
    await signIn(client, portcullis.issuer);
    expect((await client.post("/-/console/sign-out", { csrf })).status).toBe(403);
    expect((await client.get(KEYS)).status).toBe(200);
  });

  test.each([
    ["altered", (value: string) => `${value.slice(0, -4)}AAAA`],
    ["cut short", (value: string) => value.slice(0, -40)],
    ["made up", () => "a.b.c.d.e"],
    ["empty", () => ""],
  ])("does not count when its cookie was %s", async (_, change) => {
    const client = await signedIn();
    client.cookies.set(SESSION, change(client.cookies.get(SESSION) ?? ""));
    expect((await client.get(KEYS)).headers.get("Location")).toMatch(/^\/-\/console\/sign-in\?/);
  });

  test("cannot be made of the cookie of a sign-in under way", async () => {
    const client = newClient();
    await startSignIn(client);
    client.cookies.set(SESSION, [...client.cookies.values()][0] ?? "");
    expect((await client.get(KEYS)).headers.get("Location")).toMatch(/^\/-\/console\/sign-in\?/);
  });

  test("goes on with new tokens where the provider gives them", async () => {
    const client = await signedIn({ body: { expires_in: 30, refresh_token: "the-refresh-token" } });
    let form = new URLSearchParams();
    const token = await portcullis.issuer.token({ sub: "renewed", name: "Renée Renewed" });
    portcullis.issuer.answerWith(async (sent) => {
      form = sent;
      return { status: 200, body: { access_token: token, token_type: "Bearer", expires_in: 600 } };
    });
    const page = await client.get(KEYS);
    expect(Object.fromEntries(form)).toMatchObject({
      grant_type: "refresh_token",
      refresh_token: "the-refresh-token",
    });
    expect(await page.text()).toContain("Renée Renewed");
    // The next page needs no more.
    portcullis.issuer.answerWith(async () => ({ status: 400, body: { error: "invalid_grant" } }));
    expect((await client.get(KEYS)).status).toBe(200);
  });

  test("that the provider ends just after the sign-in says so, and does not lead in circles", async () => {
    const client = await signedIn({ body: { expires_in: 30, refresh_token: "the-refresh-token" } });
    portcullis.issuer.answerWith(async () => ({ status: 400, body: { error: "invalid_grant" } }));
    const answer = await client.get(KEYS);
    expect([answer.status, answer.headers.get("Location")]).toEqual([403, null]);
    expect(await answer.text()).toContain("ended your session again within a minute");
    const next = await client.get(KEYS);
    expect([next.status, next.headers.get("Location")]).toEqual([303, expect.stringContaining("/sign-in?")]);
  });

  test("with a token that the control API does not take says so, and does not lead in circles", async () => {
    const client = await signedIn({ access: { org_id: undefined } });
    const answer = await client.get(KEYS);
    expect([answer.status, await headingOf(answer)]).toEqual([401, "Your sign-in is not accepted here"]);
  });
});

describe("signing out", () => {
  test("ends the session here and leads on to the provider's own end", async () => {
    const client = await signedIn();
    const csrf = await csrfOf(await client.get(KEYS));
    const page = await (await client.post("/-/console/sign-out", { csrf })).text();
    expect(client.cookies.size).toBe(0);
    const [, url = ""] = /content="0; url=([^"]+)"/.exec(page.replaceAll("&amp;", "&")) ?? [];
    const { origin, pathname, searchParams } = new URL(url);
    expect(origin + pathname).toBe(`${portcullis.issuer.url}/sign-out`);
    expect(searchParams.get("post_logout_redirect_uri")).toBe(`${portcullis.edges[0]}/-/console/signed-out`);
    expect(searchParams.get("id_token_hint")).toMatch(/^eyJ/);
  });

  test("does nothing for a session that is not there", async () => {
    const answer = await newClient().post("/-/console/sign-out", {});
    expect([answer.status, answer.headers.get("Location")]).toEqual([303, "/-/console/signed-out"]);
  });

  test.each([
    ["another site", { "Sec-Fetch-Site": "cross-site" }],
    ["another host of the site", { "Sec-Fetch-Site": "same-site" }],
    ["another origin, of an old browser", { Origin: "https://evil.example" }],
    ["nowhere that is told", {}],
  ])("is not done for %s", async (_, headers) => {
    const client = await signedIn();
    const csrf = await csrfOf(await client.get(KEYS));
    const answer = await client.post("/-/console/sign-out", { csrf }, headers as Record<string, string>);
    expect([answer.status, await headingOf(answer)]).toEqual([403, "This form is out of date"]);
    expect((await client.get(KEYS)).status).toBe(200);
  });

  test.each([["no"], ["another session's"]])("is not done with %s token", async (kind) => {
    const client = await signedIn();
    const other = await signedIn();
    const csrf = kind === "no" ? undefined : await csrfOf(await other.get(KEYS));
    const answer = await client.post("/-/console/sign-out", csrf === undefined ? {} : { csrf });
    expect(answer.status).toBe(403);
    expect((await client.get(KEYS)).status).toBe(200);
  });

  test("is done for an old browser that says where it comes from", async () => {
    const client = await signedIn();
    const csrf = await csrfOf(await client.get(KEYS));
    const headers = { Origin: portcullis.edges[0] ?? "" };
    expect((await client.post("/-/console/sign-out", { csrf }, headers)).status).toBe(200);
    expect(client.cookies.size).toBe(0);
  });
});

test("the log names every page and holds no token, code or cookie", async () => {
  const client = await signedIn();
  await client.get(`${KEYS}?q=a`);
  await portcullis.call("GET", "/-/healthz");
  const lines = portcullis.logs.join("\n");
  expect(lines).toContain('"operation":"/-/console/callback"');
  expect(lines).toContain('"operation":"/-/console/keys"');
  expect(lines).not.toMatch(/eyJ|the-code|the-refresh-token/);
});
