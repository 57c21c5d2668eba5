import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { IdentityVerifier } from "../../src/control/identity.ts";
import { AUDIENCE, startIssuer, type TestIssuer } from "../support/issuer.ts";

/** Over real HTTP with a real provider; only the clock is moved, as nobody wants to wait for it. */
const MINUTE_MS = 60_000;

let issuer: TestIssuer;
let verifier: IdentityVerifier;

beforeEach(async () => {
  issuer = await startIssuer();
  verifier = new IdentityVerifier(issuer.url, AUDIENCE);
  vi.useFakeTimers({ toFake: ["Date"] });
});
afterEach(async () => {
  vi.useRealTimers();
  await issuer.close();
});

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

test("a provider that is down stops nobody while its keys are known, and everybody after that", async () => {
  const token = await issuer.token({ exp: Math.floor(Date.now() / 1000) + 3600 });
  expect(await outcomeOf(token)).toBe("accepted");
  issuer.setDown(true);
  pass(9 * MINUTE_MS);
  expect(await outcomeOf(token)).toBe("accepted");
  pass(MINUTE_MS + 1);
  expect(await outcomeOf(token)).toBe("identity_provider_unavailable");
  issuer.setDown(false);
  expect(await outcomeOf(token)).toBe("accepted");
});

test("a discovery document of another issuer is not believed", async () => {
  verifier = new IdentityVerifier(`${issuer.url}/`, AUDIENCE);
  const token = await issuer.token({ iss: `${issuer.url}/` });
  expect(await outcomeOf(token)).toBe("identity_provider_unavailable");
});
