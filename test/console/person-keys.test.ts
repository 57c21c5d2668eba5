import { describe, expect, test, vi } from "vitest";
import { NOTHING_HAPPENED } from "../support/key-json.ts";
import { createConsoleApp } from "../../src/console/app.tsx";
import { newSession } from "../../src/console/session/session.ts";
import { readConfig } from "../../src/settings.ts";
import { envOf, fakeDeployment, sealedSession } from "../support/sealed-session.ts";

/** Pages over a control API that answers as it seldom does: with very much, with almost nothing, or not at all. */

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

/** The console over a control API that answers like this. */
function consoleOver(answer: (path: string, url: URL, method: string) => Response) {
  vi.spyOn(console, "log").mockImplementation(() => {});
  return createConsoleApp({
    config: readConfig({ ORIGIN_URL: "http://origin.test", OIDC_ISSUER: "http://issuer.test" }),
    env,
    policy: { operations: [], resourceTypes: new Map(), checkScope: () => null },
    callControl: async (request) => {
      const url = new URL(request.url);
      return answer(url.pathname, url, request.method);
    },
  });
}

test("cutting somebody off leads to their receipts, of which a page is read, however many there are, and which stay", async () => {
  const lists: string[] = [];
  const app = consoleOver((pathname, { searchParams }) => {
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
  // No count of other keys than those of the cut.
  expect(page).not.toContain("1–4");
  expect(page).toContain('<a href="/-/console/people/bob/receipts">Receipts of all revoked keys</a>');
  expect(page).toContain("1 not confirmed everywhere yet");
  expect(page).not.toContain("dead everywhere");
});

const ME = { id: "alice", name: "Alice", orgId: "org_test", roles: ["admin"], vaultRoles: {} };
const NOTHING = { data: [], pagination: { limit: 25, nextCursor: null } };
const COUNTS = { succeeded: 0, clientErrors: 0, originErrors: 0, refused: 0, limited: 0 };
const LIVE = {
  ...keyOf("key_3fA9xKq20LmZ", "active"),
  keyPrefix: "fkc_3fA9xKq20LmZ",
  disabled: false,
  description: null,
  scopes: [],
  vaults: "*",
  allowedIps: [],
  rateLimit: null,
  version: 1,
  createdAt: "2026-01-01T00:00:00.000Z",
  createdBy: "bob",
  expiresAt: null,
  ...NOTHING_HAPPENED,
};
const USER = {
  id: "svc_0",
  name: "Loader",
  description: null,
  vaultRoles: {},
  active: true,
  createdAt: "2026-01-01T00:00:00.000Z",
};

/** What a control API answers that has almost nothing. */
function answerOf(path: string): object {
  if (path === "/-/me") return ME;
  if (path === `/-/api-keys/${LIVE.id}`) return LIVE;
  if (path === "/-/service-users/svc_0") return USER;
  if (path === "/-/people/bob") return { id: "bob", name: "Bob", roles: [], scim: null, keys: 0 };
  if (path === "/-/organization/credentials")
    return { scimToken: null, webhookSecret: null, signingKeys: [] };
  if (path === "/-/organization") return { id: "org_test", bootstrapped: true, bootstrappedAt: null };
  if (path === "/-/organization/webhook") return { url: "https://hooks.test/", disabledReason: null };
  if (path.endsWith("/counts")) return { counts: null };
  if (path.endsWith("/usage")) {
    const parts = { buckets: [], operations: [], addresses: [], refusals: [], keys: [] };
    return { window: "24h", from: LIVE.createdAt, bucketSeconds: 3600, totals: COUNTS, ...parts };
  }
  return NOTHING;
}

const refusalOf = (code: string, status: number) =>
  Response.json({ error: { code, correlationId: "c" } }, { status });
const down = () => refusalOf("admission_unavailable", 503);

/** A page over that, or the answer to its form; `instead`: what some paths answer, by method and path. */
async function pageAt(path: string, instead: Readonly<Record<string, () => Response>> = {}, method = "GET") {
  const app = consoleOver((asked, _, by) => instead[`${by} ${asked}`]?.() ?? Response.json(answerOf(asked)));
  const session = newSession(tokens, false, Date.now());
  const headers = { Cookie: await sealedSession(env, ORIGIN, session), "Sec-Fetch-Site": "same-origin" };
  const sent = { csrf: session.csrf, name: "Loader 2", reviewed: "yes" };
  const body = method === "GET" ? null : new URLSearchParams(sent);
  const answer = await app.request(`${ORIGIN}/-/console${path}`, { method, body, headers }, env, context);
  return { status: answer.status, to: answer.headers.get("Location"), text: await answer.text() };
}

test.each([
  ["/search?q=ledger", "/-/api-keys"],
  ["/search?q=ledger", "/-/people"],
  ["/search?q=ledger", "/-/service-users"],
  ["/overview", "/-/api-keys"],
  [`/selected-keys?act=revoke&id=${LIVE.id}`, `/-/api-keys/${LIVE.id}`],
  [`/selected-keys/done?act=revoke&ids=${LIVE.id}`, `/-/api-keys/${LIVE.id}`],
  [`/selected-keys/receipts.json?ids=${LIVE.id}`, `/-/api-keys/${LIVE.id}`],
])("%s does not take for absent what %s could not tell", async (page, api) => {
  expect((await pageAt(page)).status).toBe(200);
  expect((await pageAt(page, { [`GET ${api}`]: down })).status).toBe(503);
});

test.each([
  [`/keys/${LIVE.id}?done=disabled`, "is disabled and refused everywhere"],
  ["/service-users/svc_0?done=deactivated", "is deactivated, and its keys"],
  ["/service-users?done=deactivated", "is deactivated, and its keys"],
  ["/organization?done=webhook-deleted", "The webhook is deleted"],
  ["/organization?done=rotated", "is published"],
  ["/people/bob/receipts?done=5", "5 keys revoked"],
])("%s, opened when it is not so, does not say that it was done", async (path, text) => {
  const page = await pageAt(path);
  expect(page.status).toBe(200);
  expect(page.text).not.toContain(text);
});

test("a list of few owners says nothing of all keys when nothing in it is to be looked at", async () => {
  expect((await pageAt("/all-keys?show=no-expiry")).text).toContain("Every active key has an expiry.");
  for (const filter of ["kind=service", "ownerName=Bob", "owner=bob"]) {
    expect((await pageAt(`/all-keys?show=no-expiry&${filter}`)).text).not.toContain("Every active key");
  }
});

test("a search in one's own keys stays among those that it began with", async () => {
  expect((await pageAt("/keys?show=unused")).text).toContain('name="show" value="unused"');
});

test("the button that ends a SCIM token says so", async () => {
  const scimToken = { made: null, lastUsedAt: null };
  const credentials = () => Response.json({ scimToken, webhookSecret: null, signingKeys: [] });
  const { text } = await pageAt("/organization/scim-token", {
    "GET /-/organization/credentials": credentials,
  });
  expect(text).toContain(">Replace the token</button>");
});

test("enabling a key that has expired meanwhile does not promise that it works again", async () => {
  const ended = { ...LIVE, status: "disabled", disabled: true, expiresAt: "2026-01-02T00:00:00.000Z" };
  const asked = { [`GET /-/api-keys/${LIVE.id}`]: () => Response.json(ended) };
  const { text } = await pageAt(`/keys/${LIVE.id}/enable`, asked);
  expect(text).toContain("refused even when it is enabled");
  expect(text).not.toContain("works again");
});

describe("a change of a service user that could not be confirmed", () => {
  const PAGE = "/service-users/svc_0";
  const API = "/-/service-users/svc_0";
  const gone = () => refusalOf("not_found", 404);

  test("is told to be recorded", async () => {
    const page = await pageAt(`${PAGE}/edit`, { [`PATCH ${API}`]: down }, "POST");
    expect([page.status, page.text]).toEqual([503, expect.stringContaining("Done, but not confirmed")]);
  });

  test("and was its deletion is done when it is sent again, or asked for", async () => {
    const sent = await pageAt(`${PAGE}/delete`, { [`DELETE ${API}`]: gone }, "POST");
    expect([sent.status, sent.to]).toEqual([303, "/-/console/service-users?done=deleted"]);
    const asked = await pageAt(`${PAGE}/delete`, { [`GET ${API}`]: gone });
    expect([asked.status, asked.to]).toEqual([303, "/-/console/service-users/svc_0"]);
  });
});

test("a link to a file shows the page that comes instead, and does not keep that as the file", async () => {
  const { text } = await pageAt("/audit");
  expect(text).toMatch(/href="\/-\/console\/audit\/download"[^>]* data-saves/);
  expect(text).not.toMatch(/<a[^>]* download\b/);
});
