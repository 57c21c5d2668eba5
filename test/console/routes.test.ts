import { gzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { createConsoleApp } from "../../src/console/app.tsx";
import type { Env } from "../../src/env.ts";
import { BODY_TIMEOUT_MS } from "../../src/core/http/body.ts";
import { readConfig } from "../../src/settings.ts";
import { consoleClient, headingOf, signIn, type ConsoleClient } from "../support/console-client.ts";
import { startPortcullis, type Portcullis } from "../support/portcullis.ts";

/** What holds for every path of the console, the ones of tomorrow included. */

/** Bytes that a page may come to, with everything that it loads. */
const FIRST_LOAD_BYTES = 100 * 1024;

const app = createConsoleApp({
  config: readConfig({ ORIGIN_URL: "http://origin.test", OIDC_ISSUER: "http://issuer.test" }),
  env: {} as Env,
  policy: { operations: [], resourceTypes: new Map(), checkScope: () => null },
  callControl: () => Promise.reject(new Error("Nothing is asked here")),
});
const routes = app.routes.filter(({ method }) => method !== "ALL");
const pathsOf = (method: string): string[] => [
  ...new Set(routes.filter((route) => route.method === method).map(({ path }) => path)),
];

/** What somebody sees who is not signed in, and the first path, which only leads on. */
const FOR_STRANGERS = /\/(console|sign-in|sign-in\/start|callback|signed-out|assets\/:file)$/;
/** What is changed without anybody being signed in. */
const OPEN_FORMS = /\/(theme|sign-out)$/;
const FOR_ADMINS = /^\/-\/console\/(overview|all-keys|people|service-users|usage|audit|organization)(\/|$)/;

const pages = pathsOf("GET").filter((path) => !FOR_STRANGERS.test(path));
const forms = pathsOf("POST").filter((path) => !OPEN_FORMS.test(path));

let portcullis: Portcullis;
let admin: ConsoleClient;
let member: ConsoleClient;
let ids: { readonly key: string; readonly user: string };

beforeAll(async () => {
  portcullis = await startPortcullis();
  const [origin = ""] = portcullis.edges;
  [admin, member] = [consoleClient(origin), consoleClient(origin)];
  await signIn(admin, portcullis.issuer);
  await signIn(member, portcullis.issuer, { access: { sub: "bob", name: "Bob", roles: [] } });
  const user = await portcullis.manage("POST", "/-/service-users", { name: "Reporter" });
  ids = { key: (await portcullis.createKey()).id, user: (await user.json<{ id: string }>()).id };
});
afterAll(() => portcullis.stop());

/** In bytes, by path; told at the end. */
const firstLoads = new Map<string, number>();
afterAll(() => {
  const heaviest = [...firstLoads].toSorted(([, a], [, b]) => b - a).slice(0, 5);
  const lines = heaviest.map(([path, bytes]) => `${(bytes / 1024).toFixed(1)} KiB ${path}`);
  process.stdout.write(
    `The heaviest first loads of ${firstLoads.size} pages, gzipped:\n${lines.join("\n")}\n`,
  );
});

/** What a page and all that it names come to: scripts, styles, icon; data in the style sheet is weighed with it. */
async function firstLoadOf(html: string): Promise<{ parts: string[]; bytes: number }> {
  const named = html.matchAll(/<(?:link|script|img)\b[^>]*?(?:href|src)="([^"]+)"/g);
  const answers = [...new Set([...named].map(([, url = ""]) => url))].map((url) => admin.get(url));
  const parts = await Promise.all(answers.map(async (answer) => (await answer).text()));
  return { parts, bytes: [html, ...parts].reduce((sum, text) => sum + gzipSync(text).length, 0) };
}

/** The path with ids of what there is. */
function filled(path: string): string {
  if (path.includes("/people/")) return path.replace(":id", "alice");
  return path.replace(":id", path.includes("service-users") ? ids.user : ids.key);
}

function strangersClient(): ConsoleClient {
  return consoleClient(portcullis.edges[0] ?? "");
}

/** The page at the end of redirects within the console. */
async function open(client: ConsoleClient, path: string): Promise<Response> {
  const answer = await client.get(path);
  const location = answer.headers.get("Location");
  return location === null ? answer : open(client, location);
}

test("there are pages and forms, for everybody and for admins", () => {
  expect(pages).toContain("/-/console/keys/:id");
  expect(forms.filter((path) => FOR_ADMINS.test(path)).length).toBeGreaterThan(5);
});

describe.each(pages)("GET %s", (path) => {
  test("is not for strangers, who come back to it once they have signed in", async () => {
    const answer = await strangersClient().get(filled(path));
    const location = answer.headers.get("Location") ?? "";
    expect([answer.status, location.replace(/\?.*/, "")]).toEqual([303, "/-/console/sign-in"]);
    const back = new URL(location, "http://console.test").searchParams.get("return");
    expect([filled(path), "/-/console/keys"]).toContain(back);
  });

  test("is in no cache, in no frame, of no other type, and loads from its own origin alone", async () => {
    const { headers } = await admin.get(filled(path));
    expect(Object.fromEntries(headers)).toMatchObject({
      "cache-control": "no-store",
      "content-security-policy": expect.stringMatching(/default-src 'none'.*require-trusted-types-for/),
      "cross-origin-opener-policy": "same-origin",
      "referrer-policy": "same-origin",
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
      "x-request-id": expect.stringMatching(/^[\da-f-]{36}$/),
    });
  });

  test("has one heading of its own, and headings of no level that none above leads to", async () => {
    const answer = await open(admin, filled(path));
    const html = await answer.text();
    // Downloads have none.
    if (answer.headers.get("Content-Type")?.startsWith("text/html") !== true) return;
    const levels = [...html.matchAll(/<h([1-6])[ >]/g)].map(([, level]) => Number(level));
    expect(levels.filter((level) => level === 1)).toEqual([1]);
    expect(levels.filter((level, i) => level > (levels[i - 1] ?? 0) + 1)).toEqual([]);
  });

  test("answers, has no script or style in itself, and weighs less than 100 KiB with all that it loads", async () => {
    const answer = await open(admin, filled(path));
    const html = await answer.text();
    expect(answer.status).toBeLessThan(405);
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:/i);
    const { parts, bytes } = await firstLoadOf(html);
    firstLoads.set(path, bytes);
    // Nothing is loaded but what was weighed: no picture or font that a style sheet names.
    for (const text of parts) expect(text).not.toMatch(/@import|url\((?!["']?data:)/);
    expect(bytes).toBeLessThan(FIRST_LOAD_BYTES);
  });
});

describe.each([...forms, ...pathsOf("POST").filter((path) => path.endsWith("/sign-out"))])(
  "POST %s",
  (path) => {
    test.each<[string, Record<string, string>, Record<string, string>]>([
      ["another site", { csrf: "token" }, { "Sec-Fetch-Site": "cross-site" }],
      ["another host of the site", { csrf: "token" }, { "Sec-Fetch-Site": "same-site" }],
      ["another origin", { csrf: "token" }, { Origin: "https://elsewhere.test" }],
      ["nobody knows where", { csrf: "token" }, {}],
      ["a page without the session's token", {}, { "Sec-Fetch-Site": "same-origin" }],
      ["a page with another token", { csrf: "AAAA" }, { "Sec-Fetch-Site": "same-origin" }],
    ])("does nothing when it comes from %s", async (_, fields, headers) => {
      const own = { ...fields, ...(fields["csrf"] === "token" && { csrf: await tokenOf(admin) }) };
      const before = await history();
      const answer = await admin.post(filled(path), own, headers);
      expect([answer.status, await headingOf(answer)]).toEqual([403, "This form is out of date"]);
      expect(await history()).toEqual(before);
    });
  },
);

describe.each(forms)("POST %s", (path) => {
  test("leads whoever is not signed in to where they do so, and changes nothing", async () => {
    const answer = await strangersClient().post(filled(path), {});
    expect([answer.status, await headingOf(answer)]).toEqual([401, "Your session has ended"]);
  });

  test("is answered by a page that no cache keeps, and comes back to a page that is there", async () => {
    const answer = await strangersClient().post(filled(path), {});
    expect(answer.headers.get("Cache-Control")).toBe("no-store");
    expect((await open(admin, filled(path))).status).toBe(200);
  });
});

describe.each(pages.filter((path) => FOR_ADMINS.test(path)))("GET %s", (path) => {
  test("is not for whoever is no admin", async () => {
    const answer = await open(member, filled(path));
    expect([answer.status, await headingOf(answer)]).toEqual([403, "Your role does not allow this"]);
  });
});

describe.each(forms.filter((path) => FOR_ADMINS.test(path)))("POST %s", (path) => {
  test("is refused to whoever is no admin", async () => {
    const form = { csrf: await tokenOf(member), name: "Mine", url: "https://hooks.example.com/" };
    const answer = await member.post(filled(path), form);
    expect([answer.status, await headingOf(answer)]).toEqual([403, "Your role does not allow this"]);
  });
});

test("the theme is not changed by other sites", async () => {
  const answer = await admin.post("/-/console/theme", { theme: "dark" }, { "Sec-Fetch-Site": "cross-site" });
  expect(answer.status).toBe(403);
  expect(answer.headers.getSetCookie()).toEqual([]);
});

async function tokenOf(client: ConsoleClient): Promise<string> {
  const page = await (await client.get("/-/console/keys")).text();
  return /name="csrf" value="([^"]+)"/.exec(page)?.[1] ?? "";
}

/** All that was ever done or refused in the organisation. */
async function history(): Promise<unknown> {
  return (await portcullis.manage("GET", "/-/audit-events?limit=500")).json();
}

describe("a form has a minute to come:", () => {
  afterEach(() => vi.useRealTimers());

  test.each(pathsOf("POST"))("%s", async (path) => {
    vi.useFakeTimers();
    const body = new ReadableStream<Uint8Array>({ start: (stream) => stream.enqueue(new Uint8Array(1)) });
    const headers = { "Sec-Fetch-Site": "same-origin" };
    const init: RequestInit & { duplex: string } = { method: "POST", headers, body, duplex: "half" };
    const answer = Promise.resolve(app.request(new Request(`http://console.test${path}`, init)));
    await vi.advanceTimersByTimeAsync(BODY_TIMEOUT_MS - 1);
    expect(await Promise.race([answer, Promise.resolve("waits")])).toBe("waits");
    await vi.advanceTimersByTimeAsync(1);
    expect((await answer).status).toBe(400);
  });
});
