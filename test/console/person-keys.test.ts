import { expect, test, vi } from "vitest";
import { createConsoleApp } from "../../src/console/app.tsx";
import { newSession } from "../../src/console/session/session.ts";
import { readConfig } from "../../src/settings.ts";
import { envOf, fakeDeployment, sealedSession } from "../support/sealed-session.ts";

/** Cutting somebody off who has had more keys than a page can ask for. */

const ORIGIN = "https://console.test";
const PATH = "/-/console/people/bob/revoke-keys";
const deployment = fakeDeployment();
const env = envOf(() => deployment);
const context = { waitUntil: () => {}, passThroughOnException: () => {}, props: {} };
const tokens = {
  subject: "alice",
  accessToken: "the-token",
  idToken: "",
  signIn: {},
  refreshToken: null,
  expiresAt: Date.now() + 3_600_000,
};

const keyOf = (id: string, status: string) => ({
  id,
  name: `Name of ${id}`,
  status,
  revokedAt: id === "key_before" ? "2025-12-31T00:00:00.000Z" : "2026-01-01T00:00:00.000Z",
  owner: { id: "bob", kind: "user", name: "Bob" },
});
const receiptOf = (keyId: string) => {
  const time = "2026-01-01T00:00:00.000Z";
  return { keyId, status: "revoked", requestedAt: time, effectiveAt: time, version: 2 };
};

test("leads to their receipts, of which a page is read, however many there are, and which stay", async () => {
  vi.spyOn(console, "log").mockImplementation(() => {});
  const lists: string[] = [];
  const app = createConsoleApp({
    config: readConfig({ ORIGIN_URL: "http://origin.test", OIDC_ISSUER: "http://issuer.test" }),
    env,
    policy: { operations: [], resourceTypes: new Map(), checkScope: () => null },
    callControl: async (request) => {
      const { pathname, searchParams } = new URL(request.url);
      if (pathname === "/-/people/bob/revoke-keys") {
        return Response.json({ receipts: ["key_earlier", "key_forgotten", "key_pending"].map(receiptOf) });
      }
      const [, id] = /^\/-\/api-keys\/(\w+)$/.exec(pathname) ?? [];
      if (id !== undefined) {
        const receipt = id === "key_pending" ? {} : { receipt: receiptOf(id) };
        return Response.json({ ...keyOf(id, "revoked"), ...receipt });
      }
      if (pathname !== "/-/api-keys")
        return Response.json({ id: "bob", name: "Bob", roles: ["admin"], credentials: {}, keys: 2 });
      lists.push(searchParams.get("status") ?? "");
      const data = ["key_earlier", "key_before", "key_forgotten", "key_pending"].map((each) =>
        keyOf(each, "revoked"),
      );
      return Response.json({ data, pagination: { limit: 100, nextCursor: "there-is-always-more" } });
    },
  });
  const session = newSession(tokens, false, Date.now());
  const headers = { Cookie: await sealedSession(env, ORIGIN, session), "Sec-Fetch-Site": "same-origin" };
  const body = new URLSearchParams({ csrf: session.csrf, reason: "Gone" });
  const sent = await app.request(`${ORIGIN}${PATH}`, { method: "POST", body, headers }, env, context);
  const location = sent.headers.get("Location") ?? "";
  expect([sent.status, location]).toEqual([
    303,
    "/-/console/people/bob/receipts?done=2&at=2026-01-01T00%3A00%3A00.000Z",
  ]);
  expect(lists).toEqual([]);

  const page = await (await app.request(`${ORIGIN}${location}`, { headers }, env, context)).text();
  expect(lists).toEqual(["revoked"]);
  for (const text of ["2 keys revoked", "Name of key_earlier", "Name of key_forgotten", "Next page"])
    expect(page).toContain(text);
  expect(page).not.toContain("Name of key_before");
  expect(page).toContain('<a href="/-/console/people/bob/receipts">Receipts of all revoked keys</a>');
  expect(page).toContain("1 not confirmed everywhere yet");
  expect(page).not.toContain("dead everywhere");
});
