import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { createConsoleApp } from "../../src/console/app.tsx";
import { newSession, postponed, renewed, type Session } from "../../src/console/session/session.ts";
import { generateKey } from "../../src/core/key/key-secret.ts";
import { readConfig } from "../../src/settings.ts";
import { startIssuer, type TestIssuer } from "../support/issuer.ts";
import { envOf, fakeDeployment, sealedSession, type FakeDeployment } from "../support/sealed-session.ts";

/** How long a session lasts, and what becomes of it when the deployment cannot say whether it was ended. */

const HOUR_MS = 3_600_000;
const ORIGIN = "https://console.test";
const PAGE = `${ORIGIN}/-/console/page`;
const configFor = (OIDC_ISSUER: string) => readConfig({ ORIGIN_URL: "http://origin.test", OIDC_ISSUER });
let config = configFor("http://127.0.0.1:9");
const context = { waitUntil: () => {}, passThroughOnException: () => {}, props: {} };

const tokens = (expiresAt: number) => ({
  subject: "alice",
  accessToken: "the-token",
  idToken: "",
  signIn: {},
  refreshToken: "the-refresh-token",
  expiresAt,
});

let deployment: FakeDeployment;
const env = envOf(() => deployment);
let asked: string[];

beforeEach(() => {
  vi.spyOn(console, "log").mockImplementation(() => {});
  asked = [];
  deployment = fakeDeployment();
});

/** Sends a request as a browser that is in this session. */
async function send(session: Session, url: string, form?: Readonly<Record<string, string>>) {
  const app = createConsoleApp({
    config,
    env,
    policy: { operations: [], resourceTypes: new Map(), checkScope: () => null },
    callControl: async (request) => {
      asked.push(new URL(request.url).pathname);
      return Response.json({ name: "Alice", roles: [] });
    },
  });
  app.all("/page", (c) => c.text("the page"));
  const init = {
    method: form === undefined ? "GET" : "POST",
    headers: { Cookie: await sealedSession(env, ORIGIN, session), "Sec-Fetch-Site": "same-origin" },
    ...(form !== undefined && { body: new URLSearchParams(form) }),
  };
  return app.request(url, init, env, context);
}

describe("a session ends twelve hours after the sign-in", () => {
  test("however long its tokens last", () => {
    const now = Date.now();
    expect(newSession(tokens(now + 24 * HOUR_MS), false, now).expiresAt).toBe(now + 12 * HOUR_MS);
    expect(newSession(tokens(now + HOUR_MS), false, now).expiresAt).toBe(now + HOUR_MS);
  });

  test("however often they are renewed", () => {
    const now = Date.now();
    const session = newSession(tokens(now), false, now - 11.5 * HOUR_MS);
    expect(renewed(session, tokens(now + HOUR_MS), now).expiresAt).toBe(now + 0.5 * HOUR_MS);
  });

  test.each([
    ["a second before that", -1000, 200, "the page"],
    ["a second after that", 1000, 401, "0; url=/-/console/sign-in/start?return=%2F-%2Fconsole%2Fpage"],
  ])("and %s asks for no new tokens", async (_, after, status, text) => {
    const claim = vi.spyOn(deployment, "claimConsoleSessionRenewal");
    const now = Date.now();
    const begun = newSession(tokens(now), false, now - 12 * HOUR_MS - after);
    const session = renewed(begun, tokens(now + HOUR_MS), now);
    const answer = await send(session, PAGE);
    expect(answer.status).toBe(status);
    expect(await answer.text()).toContain(text);
    expect(claim).not.toHaveBeenCalled();
  });
});

test("a session that has ended while a form was filled in asks to sign in, and comes back to the form's page", async () => {
  const now = Date.now();
  const over = newSession(tokens(now - 1000), false, now - HOUR_MS);
  const answer = await send({ ...over, refreshToken: null }, `${PAGE}?q=a`, { name: "a" });
  const page = await answer.text();
  expect([answer.status, asked]).toEqual([401, []]);
  expect(page).toContain("Your session has ended");
  const start = `/-/console/sign-in/start?return=${encodeURIComponent("/-/console/page?q=a")}`;
  expect(page).toContain(`content="0; url=${start}"`);
  expect(page).toContain("data-keep-forms");
});

describe("while nobody can say whether a session was ended", () => {
  const session = newSession(tokens(Date.now() + HOUR_MS), false, Date.now());
  const fail = () => Promise.reject(new Error("The object is broken"));

  test.each([
    ["a page", undefined],
    ["a form", { csrf: session.csrf }],
  ])("%s does nothing, and says when to try again", async (_, form) => {
    deployment.readConsoleSession = fail;
    const answer = await send(session, PAGE, form);
    expect([answer.status, answer.headers.get("Retry-After")]).toEqual([503, "10"]);
    expect(await answer.text()).toContain("Your session cannot be checked");
    expect(asked).toEqual([]);
  });

  test("signing out is not said to be done, and can be tried again", async () => {
    deployment.endConsoleSession = fail;
    const answer = await send(session, `${ORIGIN}/-/console/sign-out`, { csrf: session.csrf });
    expect([answer.status, answer.headers.getSetCookie()]).toEqual([503, []]);
  });

  test("it is not renewed", async () => {
    deployment.claimConsoleSessionRenewal = fail;
    const ending = newSession(tokens(Date.now() + 30_000), false, Date.now());
    const answer = await send(ending, PAGE);
    expect([answer.status, answer.headers.getSetCookie()]).toEqual([200, []]);
  });
});

describe("the provider says within five minutes what has become of somebody", () => {
  let issuer: TestIssuer;
  let forms: (string | null)[];
  const answerWith = (status: number, body: object) =>
    issuer.answerWith(async (form) => {
      forms.push(form.get("refresh_token"));
      return { status, body };
    });
  const renewedBy = async () => ({
    access_token: await issuer.token(),
    token_type: "Bearer",
    expires_in: 3600,
    refresh_token: "the-next-one",
  });
  /** A session whose tokens are good for an hour more, and of this age. */
  const session = (ageMs: number) => newSession(tokens(Date.now() + HOUR_MS), false, Date.now() - ageMs);

  beforeAll(async () => {
    issuer = await startIssuer();
    config = configFor(issuer.url);
  });
  beforeEach(() => {
    forms = [];
    let claims = 0;
    deployment.claimConsoleSessionRenewal = async () => ++claims > 0;
    issuer.setDown("nothing");
  });
  afterAll(() => issuer.close());

  test.each([
    ["after four minutes it is not asked yet", 240_000, []],
    ["before five are over it is", 290_000, ["the-refresh-token"]],
  ])("%s, however long the tokens last", async (_, ageMs, expected) => {
    answerWith(200, await renewedBy());
    expect((await send(session(ageMs), PAGE)).status).toBe(200);
    expect(forms).toEqual(expected);
  });

  test.each(["invalid_grant", "access_denied", "interaction_required"])(
    "the session of somebody whom it lets in no more ends: %s",
    async (error) => {
      answerWith(400, { error, error_description: "The user is disabled" });
      const ended = vi.spyOn(deployment, "endConsoleSession");
      const answer = await send(session(290_000), PAGE);
      expect([answer.status, asked]).toEqual([401, []]);
      expect(await answer.text()).toContain('content="0; url=/-/console/sign-in/start?');
      expect(ended).toHaveBeenCalledOnce();
    },
  );

  test("of what it says then, the log holds no key, and no more than fits", async () => {
    const { key } = generateKey("fkc");
    answerWith(400, { error: "invalid_grant", error_description: `${key} ${"x".repeat(100_000)}` });
    await send(session(290_000), PAGE);
    const line = String(vi.mocked(console.log).mock.lastCall);
    expect(line).toContain("invalid_grant");
    expect(line).not.toContain(key);
    expect(line.length).toBeLessThan(2000);
  });

  test.each<[string, () => void]>([
    ["is down", () => issuer.setDown("everything")],
    ["is in trouble", () => answerWith(500, {})],
    ["does not know this client any more", () => answerWith(401, { error: "invalid_client" })],
  ])("while it %s the session goes on, and is asked for again later", async (_, fail) => {
    answerWith(200, await renewedBy());
    const held = session(290_000);
    const save = vi.spyOn(deployment, "saveConsoleSession");
    fail();
    expect((await send(held, PAGE)).status).toBe(200);
    expect(save).toHaveBeenCalledTimes(2);
    expect(save).toHaveBeenLastCalledWith(expect.objectContaining({ renewals: 1 }));
    const [later, now] = [postponed(held, Date.now()), Date.now()];
    expect(later.renewAt).toBeGreaterThan(now);
    expect(later.renewAt).toBeLessThan(now + 60_000);
    expect(later).toMatchObject({ accessToken: "the-token", expiresAt: held.expiresAt });
  });
});
