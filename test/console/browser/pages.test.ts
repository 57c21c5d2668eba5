import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { hourOf } from "../../../src/core/usage/usage.ts";
import type { ControlClient } from "../../../src/demo/control-client.ts";
import type { Visitor } from "../../support/browser.ts";
import { pickPerson, startConsole, type ConsoleProduct } from "../../support/console.ts";
import { untilToldOf } from "../../support/console-visitors.ts";

/** What people see, in a real browser. */

interface Key {
  readonly id: string;
  readonly key: string;
}

let product: ConsoleProduct;
let alice: ControlClient;
const visitors: Visitor[] = [];

beforeAll(async () => {
  product = await startConsole({ MAX_KEYS_PER_OWNER: "1000" });
  alice = await product.control("alice");
});
afterAll(() => product.stop());

// Whatever a test is about, no page may break a rule.
afterEach(async () => {
  const problems = visitors.flatMap((visitor) => visitor.problems);
  await Promise.all(visitors.splice(0).map((visitor) => visitor.close()));
  expect(problems).toEqual([]);
});

async function signIn(...[user, options]: Parameters<ConsoleProduct["signIn"]>): Promise<Visitor> {
  const visitor = await product.signIn(user, options);
  visitors.push(visitor);
  return visitor;
}

async function open(options?: Parameters<ConsoleProduct["open"]>[0]): Promise<Visitor> {
  const visitor = await product.open(options);
  visitors.push(visitor);
  return visitor;
}

async function createKey(changes: object = {}, as = alice): Promise<Key> {
  const { status, body } = await as("POST", "/-/api-keys", {
    name: "Test",
    scopes: ["vault:read"],
    vaults: ["vault_3f8a2c1d9b"],
    ...changes,
  });
  expect(status).toBe(201);
  return body as Key;
}

/** The names in the list of keys. */
function namesIn({ page }: Visitor): Promise<string[]> {
  return page.locator("tbody th a").allInnerTexts();
}

describe("signing in and out", () => {
  test("leads from the first page to the provider and to one's keys, and ends at both", async () => {
    const visitor = await open();
    const { page } = visitor;
    expect(await page.getByRole("heading").innerText()).toBe("Sign in");
    await page.getByRole("button", { name: /^Continue with/ }).click();
    await pickPerson(visitor, "alice");
    await page.waitForURL("**/-/console/keys");
    expect(await page.locator(".who").innerText()).toContain("Alice Andersson");

    await page.getByRole("button", { name: "Sign out" }).click();
    await page.waitForURL("**/-/console/signed-out");
    await page.getByRole("button", { name: "Sign in again" }).click();
    await page.getByText("The sample users of").waitFor();
  });

  test("leads to the page that was asked for", async () => {
    const { id } = await createKey({ name: "Deep link" });
    const visitor = await open();
    await visitor.page.goto(`/-/console/keys/${id}?window=7d`);
    await visitor.page.getByRole("button", { name: /^Continue with/ }).click();
    await pickPerson(visitor, "alice");
    await visitor.page.waitForURL(`**/-/console/keys/${id}?window=7d`);
  });

  test("works without scripts", async () => {
    const { page } = await signIn("alice", { javaScriptEnabled: false });
    await page.getByRole("button", { name: "Sign out" }).click();
    // The provider's own page wants a press of its button then.
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.waitForURL("**/-/console/signed-out");
  });

  test("asks for a second factor where one is needed, whoever is signed in", async () => {
    const visitor = await signIn("alice");
    await visitor.page.goto("/-/console/sign-in/start?return=%2F-%2Fconsole%2Fkeys%3Fstatus%3Dall&step_up=1");
    expect(await visitor.page.getByLabel("With a second factor").isChecked()).toBe(true);
    await pickPerson(visitor, "alice");
    await visitor.page.waitForURL("**/-/console/keys?status=all");
  });

  test("that is not finished at the provider can be tried again", async () => {
    const visitor = await open();
    await visitor.page.goto("/-/console/callback?error=access_denied&state=of-nothing-here");
    expect(await visitor.page.getByRole("heading").innerText()).toBe("This sign-in is over");
    expect(await visitor.axe()).toEqual([]);
    await visitor.page.getByRole("button", { name: "Try again" }).click();
    await pickPerson(visitor, "bob");
    await visitor.page.waitForURL("**/-/console/keys");
  });
});

describe("the list of keys", () => {
  test("shows one's own active keys, the newest first, and nobody else's", async () => {
    await createKey({ name: "Hers" });
    const bob = await product.control("bob");
    await createKey({ name: "First of his" }, bob);
    const disabled = await createKey({ name: "Disabled of his" }, bob);
    await bob("PATCH", `/-/api-keys/${disabled.id}`, { disabled: true });
    await createKey({ name: "Second of his" }, bob);
    const visitor = await signIn("bob");
    expect(await namesIn(visitor)).toEqual(["Second of his", "First of his"]);

    await visitor.page.getByRole("link", { name: "Disabled", exact: true }).click();
    await visitor.page.waitForURL("**/keys?status=disabled");
    expect(await namesIn(visitor)).toEqual(["Disabled of his"]);
    await visitor.page.getByRole("link", { name: "All", exact: true }).click();
    await visitor.page.waitForURL("**/keys?status=all");
    expect(await namesIn(visitor)).toEqual(["Second of his", "Disabled of his", "First of his"]);
  });

  test("is searched by part of a name, within the status", async () => {
    await createKey({ name: "Alpha reporting" });
    await createKey({ name: "Beta Reporting" });
    await createKey({ name: "Gamma" });
    const visitor = await signIn("alice");
    await visitor.page.getByRole("searchbox").fill("report");
    await visitor.page.getByRole("searchbox").press("Enter");
    await visitor.page.waitForURL("**/keys?status=active&q=report");
    expect(await namesIn(visitor)).toEqual(["Beta Reporting", "Alpha reporting"]);
    await visitor.page.getByRole("link", { name: "Revoked" }).click();
    await visitor.page.getByText("No key found").waitFor();
    expect(await visitor.axe()).toEqual([]);
  });

  test("comes in pages", async () => {
    for (let i = 1; i <= 30; i++) await createKey({ name: `Paged ${i}` });
    const visitor = await signIn("alice");
    await visitor.page.goto("/-/console/keys?q=Paged");
    expect(await namesIn(visitor)).toHaveLength(25);
    await visitor.page.getByRole("link", { name: "Next page" }).click();
    await visitor.page.waitForURL(/cursor=/);
    expect(await namesIn(visitor)).toEqual(["Paged 5", "Paged 4", "Paged 3", "Paged 2", "Paged 1"]);
    await visitor.page.getByRole("link", { name: "First page" }).click();
    await visitor.page.waitForURL((url) => !url.search.includes("cursor"));
    expect(await namesIn(visitor)).toHaveLength(25);
  });

  test("says what a key is when there is none", async () => {
    const visitor = await signIn("bob");
    await visitor.page.goto("/-/console/keys?status=expired");
    await visitor.page.getByRole("heading", { name: "No expired keys" }).waitFor();
    expect(await visitor.axe()).toEqual([]);
  });

  test.each(["status=nonsense", "cursor=nonsense", "q=%00"])("survives an address with %s", async (query) => {
    const visitor = await signIn("alice");
    const answer = await visitor.page.goto(`/-/console/keys?${query}`);
    expect(answer?.status()).toBeLessThan(500);
  });
});

describe("a key's page", () => {
  test("tells its settings, its use with the last address, and to admins its audit", async () => {
    const { id, key } = await createKey({
      name: "Detailed",
      description: "For the books",
      scopes: ["vault/#/balance:read", "vault:read"],
      allowedIps: ["127.0.0.1", "203.0.113.0/24"],
      rateLimit: { requests: 2, windowSeconds: 3600 },
      expiresIn: null,
    });
    const statuses = [await product.call(key), await product.call(key), await product.call(key)];
    expect(statuses).toEqual([200, 200, 429]);
    await alice("PATCH", `/-/api-keys/${id}`, { name: "Detailed, renamed" });

    const visitor = await signIn("alice");
    await visitor.page.getByRole("link", { name: "Detailed, renamed" }).click();
    await visitor.page.waitForURL(`**/keys/${id}`);
    const text = await untilToldOf(
      visitor,
      "main",
      /Succeeded\s+2\s+Client errors\s+0\s+Origin errors\s+0\s+Refused\s+0\s+Rate limited\s+1/,
    );
    for (const part of [
      "Detailed, renamed",
      "For the books",
      "vault/#/balance:read",
      "vault_3f8a2c1d9b",
      "203.0.113.0/24",
      "2 requests an hour",
      `key_${key.slice(4, 16)}`,
      "Never",
      "from 127.0.0.1",
    ]) {
      expect(text).toContain(part);
    }
    expect(text).not.toContain(key);
    await visitor.page
      .getByRole("slider", {
        name: /^Requests in the last 24 hours: 2 succeeded, 0 client errors, 0 origin errors, 0 refused, 1 rate limited$/,
      })
      .waitFor();
    expect(await visitor.page.locator(".event .what").allInnerTexts()).toEqual([
      "Alice Andersson changed Detailed, renamed",
      "Alice Andersson created the key Detailed, renamed",
    ]);
    await visitor.page.getByText("As a table").click();
    await visitor.page.getByRole("figure").getByRole("cell", { name: "2", exact: true }).waitFor();
    expect(await visitor.axe()).toEqual([]);
  });

  test("shows the use of another stretch of time", async () => {
    const { id } = await createKey();
    await product.recordUsage(id, { [hourOf(Date.now())]: { admitted: 3, limited: 0, refused: 0 } });
    const { page } = await signIn("alice");
    await page.goto(`/-/console/keys/${id}`);
    await page.getByRole("link", { name: "30d" }).click();
    await page.waitForURL(/window=30d/);
    expect(await page.locator(".chart g").count()).toBe(30);
  });

  test("has no audit for whoever is no admin, and is not there for whom the key is not", async () => {
    const bob = await product.control("bob");
    const his = await createKey({ name: "His alone" }, bob);
    const hers = await createKey({ name: "Hers alone" });
    const visitor = await signIn("bob");
    await visitor.page.goto(`/-/console/keys/${his.id}`);
    await visitor.page.getByRole("heading", { name: "His alone" }).waitFor();
    expect(await visitor.page.getByRole("heading", { name: "Audit" }).count()).toBe(0);

    const answer = await visitor.page.goto(`/-/console/keys/${hers.id}`);
    expect(answer?.status()).toBe(404);
    await visitor.page.getByRole("heading", { name: "Not found" }).waitFor();
    expect(await visitor.axe()).toEqual([]);
  });

  test("says who has revoked it, and when", async () => {
    const { id } = await createKey({ name: "Revoked" });
    await alice("DELETE", `/-/api-keys/${id}`);
    const { page } = await signIn("alice");
    await page.goto(`/-/console/keys/${id}`);
    expect(await page.locator("main").innerText()).toMatch(/Revoked by\s+Alice Andersson/);
  });
});

const SIZES = { wide: { width: 1280, height: 800 }, narrow: { width: 360, height: 740 } };

describe.each(["light", "dark"] as const)("in %s", (colorScheme) => {
  test.each(Object.entries(SIZES))(
    "every page on a %s screen can be read by everybody",
    async (_, viewport) => {
      const { id, key } = await createKey({
        name: "A name that is as long as the names of keys can be, which is quite long",
      });
      await product.call(key);
      const visitor = await signIn("alice", { colorScheme, viewport });
      const { page } = visitor;
      for (const path of ["/keys", `/keys/${id}`, "/keys?q=nothing", "/keys/nothing", "/signed-out"]) {
        await page.goto(`/-/console${path}`);
        expect(await visitor.axe()).toEqual([]);
        expect(await page.evaluate("document.documentElement.scrollWidth - innerWidth")).toBeLessThanOrEqual(
          0,
        );
      }
      expect(await page.evaluate("getComputedStyle(document.body).colorScheme")).toContain(colorScheme);
    },
  );
});

test("the navigation of a narrow screen opens and closes by keyboard", async () => {
  const visitor = await signIn("alice", { viewport: SIZES.narrow });
  const navigation = visitor.page.getByRole("navigation", { name: "Console" });
  expect(await navigation.isVisible()).toBe(false);
  await visitor.page.getByRole("button", { name: "Menu" }).press("Enter");
  await navigation.waitFor();
  expect(await visitor.axe()).toEqual([]);
  await visitor.page.keyboard.press("Escape");
  await navigation.waitFor({ state: "hidden" });
});

test("the theme changes at once, and stays", async () => {
  const { page } = await signIn("alice", { colorScheme: "light" });
  const remembered = page.waitForResponse("**/-/console/theme");
  await page.getByRole("button", { name: "Dark theme" }).click();
  expect(await page.evaluate("getComputedStyle(document.documentElement).backgroundColor")).toBe(
    "rgb(15, 19, 26)",
  );
  await remembered;
  await page.reload();
  expect(await page.evaluate("getComputedStyle(document.documentElement).backgroundColor")).toBe(
    "rgb(15, 19, 26)",
  );
  expect(await page.getByRole("button", { name: "Dark theme" }).getAttribute("aria-pressed")).toBe("true");
});

test("the first thing that the keyboard reaches leads past the navigation", async () => {
  const { page } = await signIn("alice");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  expect(new URL(page.url()).hash).toBe("#main");
});
