import { beforeEach, describe, expect, test, vi } from "vitest";
import { createConsoleApp } from "../../src/console/app.tsx";
import { newSession, renewed, type Session } from "../../src/console/session/session.ts";
import { readConfig } from "../../src/settings.ts";
import { envOf, fakeDeployment, sealedSession, type FakeDeployment } from "../support/sealed-session.ts";

/** How long a session lasts, and what becomes of it when the deployment cannot say whether it was ended. */

const HOUR_MS = 3_600_000;
const ORIGIN = "https://console.test";
const PAGE = `${ORIGIN}/-/console/page`;
const config = readConfig({ ORIGIN_URL: "http://origin.test", OIDC_ISSUER: "http://127.0.0.1:9" });
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
    expect(renewed(session, tokens(now + HOUR_MS)).expiresAt).toBe(now + 0.5 * HOUR_MS);
  });

  test.each([
    ["a second before that", -1000, 200, null],
    ["a second after that", 1000, 303, "/-/console/sign-in/start?return=%2F-%2Fconsole%2Fpage"],
  ])("and %s asks for no new tokens", async (_, after, status, location) => {
    const claim = vi.spyOn(deployment, "claimConsoleSessionRenewal");
    const session = newSession(tokens(Date.now() + HOUR_MS), false, Date.now() - 12 * HOUR_MS - after);
    const answer = await send(session, PAGE);
    expect([answer.status, answer.headers.get("Location")]).toEqual([status, location]);
    expect(claim).not.toHaveBeenCalled();
  });
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
