import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { consoleClient, signIn, startSignIn } from "../support/console-client.ts";
import { startPortcullis, type Portcullis } from "../support/portcullis.ts";
import { requestText, sendRaw } from "../support/raw-http.ts";
import { usePortcullis } from "../support/started.ts";

/** Bytes that the first page may come to, with everything that it loads. */
const FIRST_LOAD_BYTES = 100 * 1024;

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
];
const portcullis = await usePortcullis();
const client = consoleClient(portcullis.edges[0] ?? "");
beforeAll(async () => {
  await signIn(client, portcullis.issuer);
});

/** Paths of what a page loads. */
async function partsOf(page: Response): Promise<string[]> {
  const html = await page.text();
  return [...html.matchAll(/(?:href|src)="(\/-\/console\/assets\/[^"]+)"/g)].map(([, path]) => path ?? "");
}

describe.each([
  ["/-/console", 303],
  ["/-/console/", 303],
  ["/-/console/keys", 200],
  ["/-/console/keys/key_unknown", 404],
  ["/-/console/keys/new", 200],
  ["/-/console/keys/key_000000000000/edit", 404],
  ["/-/console/keys/key_000000000000/disable", 404],
  ["/-/console/keys/key_000000000000/enable", 404],
  ["/-/console/keys/key_000000000000/rotate", 404],
  ["/-/console/keys/key_000000000000/revoke", 404],
  ["/-/console/keys/key_000000000000", 404],
  ["/-/console/keys/%252e", 404],
  ["/-/console/keys/%2e%2e%2fservice-users", 404],
  ["/-/console/keys/a%2Fb?window=7d", 404],
  ["/-/console/nothing", 404],
  ["/-/console/sign-in", 303],
  ["/-/console/sign-in/start", 303],
  ["/-/console/callback", 400],
  ["/-/console/signed-out", 200],
])("GET %s", (path, status) => {
  let answer: Response;
  beforeAll(async () => {
    answer = await client.get(path);
  });

  test(`answers ${status}`, () => {
    expect(answer.status).toBe(status);
  });

  test("lets pages load from their own origin alone, and be framed and cached by nobody", () => {
    const policy = answer.headers.get("Content-Security-Policy")?.split("; ") ?? [];
    expect(policy.toSorted()).toEqual(POLICY.toSorted());
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      "cache-control": "no-store",
      "cross-origin-opener-policy": "same-origin",
      "referrer-policy": "same-origin",
      // For this host, and for no other of its domain.
      "strict-transport-security": "max-age=15552000",
      "x-content-type-options": "nosniff",
      "x-request-id": expect.stringMatching(/^[\da-f-]{36}$/),
    });
  });

  test("has no script or style in the page itself", async () => {
    const html = await answer.text();
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:/i);
  });
});

test("what is left of a dot segment is no key's id", async () => {
  const cookie = [...client.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  const text = requestText("GET", "/-/console/keys/%2e", [`Cookie: ${cookie}`]);
  expect((await sendRaw(portcullis.edges[0] ?? "", text)).status).toBe(404);
});

test("a page that needs nobody to be signed in shows a stranger nothing else", async () => {
  const stranger = consoleClient(portcullis.edges[0] ?? "");
  for (const path of ["/-/console/keys", "/-/console/keys/key_unknown", "/-/console/nothing"]) {
    const answer = await stranger.get(path);
    const signInPath = `/-/console/sign-in?return=${encodeURIComponent(path)}`;
    expect([answer.status, answer.headers.get("Location")]).toEqual([303, signInPath]);
  }
});

test("what pages load is kept by browsers for good, under names that change with the content", async () => {
  const parts = await partsOf(await client.get("/-/console/keys"));
  expect(parts).toHaveLength(3);
  for (const path of parts) {
    expect(path).toMatch(/\.[A-Z0-9]{8}\.(js|css|svg)$/);
    const answer = await client.get(path);
    expect(answer.headers.get("Cache-Control")).toBe("public, max-age=31536000, immutable");
    expect(answer.headers.get("Content-Type")).toMatch(/^(text\/javascript|text\/css|image\/svg\+xml)/);
  }
});

test("a script of another version is not there", async () => {
  expect((await client.get("/-/console/assets/console.AAAAAAAA.js")).status).toBe(404);
});

test.each(["/-/console/keys", "/-/console/keys/new"])(
  "the first load of %s is under 100 KiB, compressed, in all",
  async (path) => {
    const page = await client.get(path);
    const html = await page.clone().text();
    let bytes = gzipSync(html).length;
    for (const part of await partsOf(page)) bytes += gzipSync(await (await client.get(part)).bytes()).length;
    expect(bytes).toBeGreaterThan(1000);
    expect(bytes).toBeLessThan(FIRST_LOAD_BYTES);
  },
);

test("text that people have chosen is text on the page, and nothing else", async () => {
  const name = `<img src=x onerror=alert(1)>"'&`;
  const own = consoleClient(portcullis.edges[0] ?? "");
  const key = await portcullis.createKey({ name });
  await signIn(own, portcullis.issuer);
  for (const path of [
    "/-/console/keys",
    `/-/console/keys/${key.id}`,
    `/-/console/keys/${key.id}/edit`,
    `/-/console/keys/${key.id}/rotate`,
    `/-/console/keys/${key.id}/revoke`,
    `/-/console/keys?q=${encodeURIComponent(name)}`,
  ]) {
    const html = await (await own.get(path)).text();
    expect(html).toContain("&lt;img src=x onerror=alert(1)&gt;");
    expect(html).not.toContain("<img");
  }
});

test.each(["light", "dark"])("the %s theme is remembered", async (theme) => {
  const own = consoleClient(portcullis.edges[0] ?? "");
  const answer = await own.post("/-/console/theme", { theme, return: "/-/console/keys?q=a" });
  expect(answer.headers.get("Location")).toBe("/-/console/keys?q=a");
  expect(await (await own.get("/-/console/signed-out")).text()).toContain(
    `<html lang="en" data-theme="${theme}">`,
  );
});

test("what is no form at all chooses no theme and is no error", async () => {
  const headers = { "Content-Type": "multipart/form-data", "Sec-Fetch-Site": "same-origin" };
  const answer = await client.post("/-/console/theme", { theme: "dark" }, headers);
  expect([answer.status, answer.headers.get("Location")]).toEqual([303, "/-/console/keys"]);
});

test("a form that is too large is refused", async () => {
  const answer = await client.post("/-/console/keys", { name: "x".repeat(2_000_000) });
  expect(answer.status).toBe(413);
});

describe("with a control host", () => {
  let guarded: Portcullis;
  beforeAll(async () => {
    guarded = await startPortcullis({ vars: { CONTROL_HOSTNAME: "localhost" } });
  });
  afterAll(() => guarded.stop());

  test("the console is on that host alone", async () => {
    const origin = guarded.edges[0] ?? "";
    const elsewhere = await consoleClient(origin).get("/-/console/signed-out");
    expect(elsewhere.headers.get("Content-Type")).toBe("application/json");
    expect(elsewhere.status).toBe(404);
    const own = consoleClient(origin.replace("127.0.0.1", "localhost"));
    expect((await own.get("/-/console/signed-out")).status).toBe(200);
    await startSignIn(own);
    expect((await signIn(own, guarded.issuer)).status).toBe(303);
    expect((await own.get("/-/console/keys")).status).toBe(200);
  });
});
