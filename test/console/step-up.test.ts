import { beforeEach, expect, test, vi } from "vitest";
import { createConsoleApp } from "../../src/console/app.tsx";
import { refusalPage } from "../../src/console/pages/error-pages.tsx";
import { isRefusal } from "../../src/core/refusal.ts";
import { newSession } from "../../src/console/session/session.ts";
import { readConfig } from "../../src/settings.ts";
import { envOf, fakeDeployment, sealedSession } from "../support/sealed-session.ts";

/** A form for which the control API wants a second factor, whatever it is about. */

const FORM = "/-/console/form";
const ORIGIN = "https://console.test";
const config = readConfig({ ORIGIN_URL: "http://origin.test", OIDC_ISSUER: "http://issuer.test" });
const deployment = fakeDeployment();
const env = envOf(() => deployment);
const context = { waitUntil: () => {}, passThroughOnException: () => {}, props: {} };

let sent: Request[];
let signIns: unknown[];
let app: ReturnType<typeof createConsoleApp>;
beforeEach(() => {
  sent = [];
  signIns = [];
  vi.spyOn(console, "log").mockImplementation(() => {});
  app = createConsoleApp({
    config,
    env,
    policy: { operations: [], resourceTypes: new Map(), checkScope: () => null },
    callControl: async (request, _, signIn) => {
      sent.push(request);
      signIns.push(signIn);
      if (request.method === "GET") return Response.json({ name: "Alice", roles: [] });
      const error = { code: "mfa_required", message: "", correlationId: "" };
      return Response.json({ error }, { status: 401 });
    },
  });
  app.post("/form", async (c) => {
    const answer = await c.get("api").change("POST", "/-/api-keys", { name: "a" });
    return isRefusal(answer) ? refusalPage(c, answer) : c.text("done");
  });
});

/** Sends the form as somebody who has signed in at some moment, with or without being asked for a second factor. */
async function submit(signedInAt: number, steppedUp: boolean, anew = false): Promise<Response> {
  const tokens = {
    subject: "alice",
    accessToken: "the-token",
    idToken: "",
    signIn: { amr: ["mfa"] },
    refreshToken: null,
    expiresAt: Date.now() + 60_000,
  };
  const session = newSession(tokens, steppedUp, signedInAt, anew);
  const cookie = await sealedSession(env, ORIGIN, session);
  return app.request(
    `${ORIGIN}${FORM}?a=b`,
    {
      method: "POST",
      body: new URLSearchParams({ csrf: session.csrf }),
      headers: {
        Cookie: cookie,
        "Sec-Fetch-Site": "same-origin",
        "CF-Connecting-IP": "203.0.113.9",
      },
    },
    env,
    context,
  );
}

test("a second factor that is missing is asked for at the provider, and the form is kept meanwhile", async () => {
  const answer = await submit(Date.now() - 3_600_000, false);
  const page = await answer.text();
  expect(answer.status).toBe(401);
  expect(page).toContain("Confirm that it is you");
  expect(page).toContain("data-keep-forms");
  const url = `/-/console/sign-in/start?return=${encodeURIComponent(`${FORM}?a=b`)}&step_up=1`;
  expect(page.replaceAll("&amp;", "&")).toContain(`content="0; url=${url}"`);
});

test("it is asked for again when the last one is too old", async () => {
  expect(await (await submit(Date.now() - 600_000, true)).text()).toContain("Confirm that it is you");
});

test("a new sign-in is asked for when the provider's own session gave no fresh one", async () => {
  expect(await (await submit(Date.now() - 2000, true)).text()).toContain("step_up=2");
});

test("it is not asked for in circles when the provider does not tell of one", async () => {
  const page = await (await submit(Date.now() - 2000, true, true)).text();
  expect(page).toContain("No second factor");
  expect(page).not.toContain("http-equiv");
});

test("the control API is called with the session's token, from the client's address", async () => {
  await submit(Date.now(), false);
  const request = sent.find(({ method }) => method === "POST");
  expect(request?.url).toBe(`${ORIGIN}/-/api-keys`);
  expect(request?.headers.get("Authorization")).toBe("Bearer the-token");
  expect(request?.headers.get("CF-Connecting-IP")).toBe("203.0.113.9");
  expect(new Set(signIns.map((signIn) => JSON.stringify(signIn)))).toEqual(new Set(['{"amr":["mfa"]}']));
});
