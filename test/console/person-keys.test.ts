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

const keyOf = (id: string, status: string) => {
  return { id, name: `Name of ${id}`, status, owner: { id: "bob", kind: "user", name: "Bob" } };
};
const receiptOf = (keyId: string) => {
  const time = "2026-01-01T00:00:00.000Z";
  return { keyId, status: "revoked", requestedAt: time, effectiveAt: time, version: 2 };
};

test("asks for the live ones, and of those that were revoked for one page, however many there are", async () => {
  vi.spyOn(console, "log").mockImplementation(() => {});
  const lists: string[] = [];
  const app = createConsoleApp({
    config: readConfig({ ORIGIN_URL: "http://origin.test", OIDC_ISSUER: "http://issuer.test" }),
    env,
    policy: { operations: [], resourceTypes: new Map(), checkScope: () => null },
    callControl: async (request) => {
      const { pathname, searchParams } = new URL(request.url);
      if (pathname === "/-/people/bob/revoke-keys") {
        return Response.json({ receipts: ["key_live", "key_earlier", "key_forgotten"].map(receiptOf) });
      }
      if (pathname !== "/-/api-keys")
        return Response.json({ name: "Alice", roles: ["admin"], credentials: {} });
      const status = searchParams.get("status") ?? "";
      lists.push(status);
      const ids: Readonly<Record<string, string>> = { active: "key_live", revoked: "key_earlier" };
      const data = status in ids ? [keyOf(ids[status] ?? "", status)] : [];
      const nextCursor = status === "revoked" ? "there-is-always-more" : null;
      return Response.json({ data, pagination: { limit: 500, nextCursor } });
    },
  });
  const session = newSession(tokens, false, Date.now());
  const answer = await app.request(
    `${ORIGIN}${PATH}`,
    {
      method: "POST",
      body: new URLSearchParams({ csrf: session.csrf, reason: "Gone" }),
      headers: { Cookie: await sealedSession(env, ORIGIN, session), "Sec-Fetch-Site": "same-origin" },
    },
    env,
    context,
  );
  const page = await answer.text();
  expect(lists.toSorted()).toEqual(["active", "disabled", "expired", "revoked"]);
  expect(page).toContain("1 key revoked");
  expect(page).toContain("2 more were");
  for (const name of ["Name of key_live", "Name of key_earlier", ">key_forgotten<"])
    expect(page).toContain(name);
});
