import { createServer, type ServerResponse } from "node:http";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { IdentityVerifier } from "../../src/control/identity/identity-verifier.ts";
import { readConfig } from "../../src/settings.ts";
import { close, listen, startIssuer, type Down, type TestIssuer } from "../support/issuer.ts";

/** Over real HTTP with a real provider; only the clock is moved, as nobody wants to wait for it. */
const MINUTE_MS = 60_000;

let issuer: TestIssuer;
let verifier: IdentityVerifier;

beforeEach(async () => {
  issuer = await startIssuer();
  verifier = verifierOf(issuer.url);
  vi.useFakeTimers({ toFake: ["Date"] });
});
afterEach(async () => {
  vi.useRealTimers();
  await issuer.close();
});

function verifierOf(issuerUrl: string): IdentityVerifier {
  const { identity } = readConfig({ ORIGIN_URL: "http://origin.test", OIDC_ISSUER: issuerUrl });
  return new IdentityVerifier({ ...identity, hasVaults: true });
}

function pass(ms: number): void {
  vi.setSystemTime(Date.now() + ms);
}

/** `accepted`, or the code of the refusal. */
async function outcomeOf(token: string): Promise<string> {
  const identity = await verifier.verify(`Bearer ${token}`, Date.now());
  return "code" in identity ? identity.code : "accepted";
}

test("the provider's keys are fetched once, then again after ten minutes", async () => {
  for (let i = 0; i < 5; i++) expect(await outcomeOf(await issuer.token())).toBe("accepted");
  expect(issuer.keyFetches).toBe(1);
  pass(9 * MINUTE_MS);
  await outcomeOf(await issuer.token());
  expect(issuer.keyFetches).toBe(1);
  pass(MINUTE_MS + 1);
  await outcomeOf(await issuer.token());
  expect(issuer.keyFetches).toBe(2);
});

test("tokens of unknown keys cause at most one fetch a minute", async () => {
  await outcomeOf(await issuer.token());
  for (let minute = 1; minute <= 3; minute++) {
    for (let i = 0; i < 5; i++) {
      expect(await outcomeOf(await issuer.token({}, { kid: `${minute}.${i}` }))).toBe(
        "identity_token_invalid",
      );
    }
    expect(issuer.keyFetches).toBe(minute);
    pass(MINUTE_MS);
  }
});

test("a new key of the provider works within a minute, and its old one no longer", async () => {
  const old = await issuer.token();
  expect(await outcomeOf(old)).toBe("accepted");
  await issuer.rotate();
  pass(MINUTE_MS);
  expect(await outcomeOf(await issuer.token())).toBe("accepted");
  expect(await outcomeOf(old)).toBe("identity_token_invalid");
});

test("a provider that is down stops nobody once its keys are known, and everybody before that, with one question every ten seconds", async () => {
  const token = await issuer.token({ exp: Math.floor(Date.now() / 1000) + 3600 });
  issuer.setDown("everything");
  for (let i = 0; i < 5; i++) expect(await outcomeOf(token)).toBe("identity_provider_unavailable");
  expect(issuer.discoveries).toBe(1);
  issuer.setDown("nothing");
  expect(await outcomeOf(token)).toBe("identity_provider_unavailable");
  pass(10_000);
  expect(await outcomeOf(token)).toBe("accepted");
  issuer.setDown("everything");
  for (const minutes of [9, 2, 10, 10]) {
    pass(minutes * MINUTE_MS);
    expect(await outcomeOf(token)).toBe("accepted");
  }
});

test.each<Down>(["everything", "keys"])(
  "a provider of which %s is down is asked again every ten seconds, until its new keys count",
  async (down) => {
    const old = await issuer.token({ exp: Math.floor(Date.now() / 1000) + 3600 });
    expect(await outcomeOf(old)).toBe("accepted");
    issuer.setDown(down);
    pass(10 * MINUTE_MS + 1);
    const before = issuer.discoveries;
    for (let i = 0; i < 5; i++) expect(await outcomeOf(old)).toBe("accepted");
    expect(issuer.discoveries).toBe(before + 1);
    pass(10_000);
    expect(await outcomeOf(old)).toBe("accepted");
    expect(issuer.discoveries).toBe(before + 2);
    await issuer.rotate();
    issuer.setDown("nothing");
    pass(10_000);
    expect(await outcomeOf(await issuer.token())).toBe("accepted");
    expect(await outcomeOf(old)).toBe("identity_token_invalid");
  },
);

const json =
  (body: unknown, status = 200) =>
  (response: ServerResponse) =>
    response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
const discovery =
  (changes: object = {}) =>
  (response: ServerResponse, url: string) =>
    json({ issuer: url, jwks_uri: `${url}/keys`, ...changes })(response);
/** Leads elsewhere, where it gives the answer. */
const redirectFirst = (answer: ReturnType<typeof discovery>): typeof answer => {
  let asked = 0;
  return (response, url) =>
    asked++ === 0 ? response.writeHead(302, { Location: `${url}/elsewhere` }).end() : answer(response, url);
};
const hangUp = (response: ServerResponse) => response.destroy();

describe("a provider is at fault, and not the token, when", () => {
  type Handler = (response: ServerResponse, url: string) => unknown;
  test.each<[string, Handler, Handler]>([
    ["it hangs up", hangUp, hangUp],
    ["it has no discovery document", json({}, 404), hangUp],
    ["its discovery document is no JSON", (response) => response.end("<html>"), hangUp],
    ["its discovery document names no keys", discovery({ jwks_uri: undefined }), hangUp],
    ["its discovery document names no URL", discovery({ jwks_uri: "keys" }), hangUp],
    ["its discovery document names a file", discovery({ jwks_uri: "file:///etc/keys" }), hangUp],
    ["it redirects whoever asks for its discovery document", redirectFirst(discovery()), json({ keys: [] })],
    ["it hangs up on whoever asks for keys", discovery(), hangUp],
    ["it says nothing to whoever asks for keys", discovery(), () => {}],
    ["it answers 404 for its keys", discovery(), json({}, 404)],
    ["it answers 500 for its keys", discovery(), json({ keys: [] }, 500)],
    [
      "it redirects whoever asks for keys",
      discovery(),
      (r, url) => r.writeHead(302, { Location: url }).end(),
    ],
    ["its keys are no JSON", discovery(), (response) => response.end("<html>")],
    ["its keys are no list", discovery(), json({ keys: "none" })],
  ])("%s", async (_, answerDiscovery, answerKeys) => {
    const server = createServer((request, response) => {
      (request.url === "/keys" ? answerKeys : answerDiscovery)(response, url);
    });
    const url = await listen(server);
    verifier = verifierOf(url);
    expect(await outcomeOf(await issuer.token({ iss: url }))).toBe("identity_provider_unavailable");
    await close(server);
  });
});

test("keys are fetched by HTTPS alone from an issuer of HTTPS", async () => {
  const url = "https://id.example";
  const asked: string[] = [];
  const keys = await (await fetch(`${issuer.url}/jwks`)).text();
  let jwksUri = "http://id.example/keys";
  vi.stubGlobal("fetch", async (address: string) => {
    asked.push(address);
    if (address === jwksUri) return new Response(keys);
    return Response.json({ issuer: url, jwks_uri: jwksUri });
  });
  const token = await issuer.token({ iss: url });
  verifier = verifierOf(url);
  expect(await outcomeOf(token)).toBe("identity_provider_unavailable");
  expect(asked).toEqual([`${url}/.well-known/openid-configuration`]);
  jwksUri = `${url}/keys`;
  verifier = verifierOf(url);
  expect(await outcomeOf(token)).toBe("accepted");
  vi.unstubAllGlobals();
});

test("a discovery document of another issuer is not believed", async () => {
  verifier = verifierOf(`${issuer.url}/`);
  const token = await issuer.token({ iss: `${issuer.url}/` });
  expect(await outcomeOf(token)).toBe("identity_provider_unavailable");
});
