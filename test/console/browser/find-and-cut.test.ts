import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hourOf } from "../../../src/core/usage/usage.ts";
import type { ControlClient } from "../../../src/demo/control-client.ts";
import type { Page } from "../../support/browser.ts";
import { startConsole, type ConsoleProduct } from "../../support/console.ts";
import { submit, visitorsOf } from "../../support/console-visitors.ts";
import { expectReadable, SCREENS } from "../../support/readable.ts";

/** Finding a key by whatever is known of it, and cutting keys off together. */

interface Whole {
  readonly id: string;
  readonly key: string;
}

let product: ConsoleProduct;
let alice: ControlClient;
let bob: ControlClient;
const visitors = visitorsOf(() => product);

beforeAll(async () => {
  product = await startConsole({ MAX_KEYS_PER_OWNER: "100" });
  [alice, bob] = await Promise.all([product.control("alice"), product.control("bob")]);
});
afterAll(() => product.stop());

async function createKey(as: ControlClient, name: string): Promise<Whole> {
  const fields = { name, scopes: ["vault:read"], vaults: ["vault_3f8a2c1d9b"] };
  const { status, body } = await as("POST", "/-/api-keys", fields);
  expect(status).toBe(201);
  return body as Whole;
}

async function searchFor(page: Page, text: string): Promise<void> {
  await page.getByRole("searchbox").fill(text);
  const loaded = page.waitForEvent("load");
  await page.getByRole("button", { name: "Search" }).click();
  await loaded;
}

describe("a search", () => {
  test.each([true, false])(
    "finds a key of another system wherever it is pasted, in no address, with scripts: %s",
    async (javaScriptEnabled) => {
      const name = `Imported ${String(javaScriptEnabled)}`;
      const key = `old-live_${String(javaScriptEnabled)}.9f8Xk2LmQ7`;
      // An owner is known who has been here.
      await bob("GET", "/-/me");
      await product.importKey(key, "bob", name);
      await alice("POST", "/-/service-users", { name: `Beside ${name}`, vaultRoles: {} });
      const { page } = await visitors.signIn("alice", { javaScriptEnabled });
      const sent: string[] = [];
      page.on("request", (request) => sent.push(request.url()));
      page.on("request", (request) => javaScriptEnabled && sent.push(request.postData() ?? ""));
      const places = javaScriptEnabled
        ? [
            ["search", "Name, id or whole key", "Search"],
            ["all-keys", "Owner’s name", "Filter"],
            ["people", "Name, address or id", "Search"],
            ["audit", "On", "Filter"],
          ]
        : [
            ["service-users", "Name or id", "Search"],
            ["audit", "By", "Filter"],
          ];
      for (const [place = "", field = "", button = ""] of places) {
        await page.goto(`/-/console/${place}`);
        await page.getByLabel(field, { exact: place === "audit" }).fill(`Bearer ${key}`);
        await page.getByRole("button", { name: button, exact: true }).click();
        await page.waitForURL(place === "audit" ? /audit\?target=key_/ : /\/keys\/key_/);
        await page.locator("main").getByText(name).first().waitFor();
      }
      expect(decodeURIComponent(sent.join("\n"))).not.toContain("9f8Xk2LmQ7");
    },
  );

  test("finds a key by its leaked string, which leaves neither the browser nor a trace in an address", async () => {
    const { id, key } = await createKey(bob, "Leaked");
    const visitor = await visitors.signIn("alice");
    const { page } = visitor;
    const sent: string[] = [];
    page.on("request", (request) => sent.push(request.url(), request.postData() ?? ""));
    const places = {
      search: key,
      "all-keys": `curl -H 'Authorization: Bearer ${key}' ${product.url}/v1/vaults`,
      keys: `https://api.example.com/v1/vaults?api_key=${key}&page=2`,
    };
    for (const [place, text] of Object.entries(places)) {
      await page.goto(`/-/console/${place}`);
      await searchFor(page, text);
      await page.getByRole("heading", { name: "Leaked" }).waitFor();
      expect(new URL(page.url()).pathname).toBe(`/-/console/keys/${id}`);
    }
    // A filter stands in the address: it takes the key's id.
    await page.goto("/-/console/audit");
    await page.getByLabel("On", { exact: true }).fill(key);
    await page.getByRole("button", { name: "Filter" }).click();
    await page.waitForURL("**/audit?*");
    expect(new URL(page.url()).searchParams.get("target")).toBe(id);
    await page.getByText("Bob Baker created the key Leaked").waitFor();
    expect(sent.join("\n")).not.toContain(key.slice(20));
    expect(product.logs.join("\n")).not.toContain(key.slice(20));
  });

  test("finds it without scripts, too, in a body alone", async () => {
    const { id, key } = await createKey(bob, "Leaked quietly");
    const { page } = await visitors.signIn("alice", { javaScriptEnabled: false });
    const addresses: string[] = [];
    page.on("request", (request) => addresses.push(request.url()));
    await page.goto("/-/console/search");
    await searchFor(page, `"${key}",`);
    expect(new URL(page.url()).pathname).toBe(`/-/console/keys/${id}`);
    expect(addresses.join("\n")).not.toContain(key.slice(20));
  });

  test("says that nobody's key is a string, and shows a key to nobody who may not see it", async () => {
    const { key } = await createKey(alice, "Hers");
    const visitor = await visitors.signIn("bob");
    await visitor.page.goto("/-/console/search");
    await searchFor(visitor.page, key);
    await visitor.page.getByRole("heading", { name: "No key matches" }).waitFor();
    expect(await visitor.page.content()).not.toContain(key);
    await expectReadable(visitor);
  });

  test("finds keys by name, id and beginning, and people and service users by name", async () => {
    const { id, key } = await createKey(bob, "Wallet sync");
    await alice("POST", "/-/service-users", { name: "Walter the importer", vaultRoles: {} });
    const visitor = await visitors.signIn("alice");
    const { page } = visitor;
    const found = () => page.locator(".found li > a").allInnerTexts();
    const link = `${product.url}/-/console/keys/${id}?window=7d`;
    for (const text of [id, link, key.slice(0, 16), `${key.slice(0, 16)}…`, "wallet\u200b SYNC"]) {
      await page.goto("/-/console/search");
      await searchFor(page, text);
      expect(await found(), text).toEqual(["Wallet sync"]);
    }
    await searchFor(page, "wal");
    expect(await found()).toEqual(["Wallet sync", "Walter the importer"]);
    await searchFor(page, "bob@");
    expect(await found()).toEqual(["Bob Baker"]);
    await expectReadable(visitor);
    await searchFor(page, "nothing like it");
    await page.getByRole("heading", { name: "Nothing found" }).waitFor();
    // What was searched for is in the address, so that it can be passed on.
    expect(new URL(page.url()).search).toBe("?q=nothing+like+it");
  });

  test("is a key away, and tells so", async () => {
    const { page } = await visitors.signIn("alice");
    await page.goto("/-/console/usage");
    const link = page.getByRole("navigation", { name: "Console" }).getByRole("link", { name: "Search" });
    expect(await link.getAttribute("aria-keyshortcuts")).toBe("/");
    await page.keyboard.press("/");
    await page.waitForURL("**/search");
    await page.goto("/-/console/all-keys");
    await page.keyboard.press("/");
    await page.keyboard.type("a/b");
    expect(await page.getByRole("searchbox").inputValue()).toBe("a/b");
  });
});

test("a leaked key leads to its owner, who is cut off, and to who did it and since when, without a detour", async () => {
  const { key } = await createKey(bob, "Found in a repository");
  const visitor = await visitors.signIn("alice");
  const { page } = visitor;
  await page.keyboard.press("/");
  await page.keyboard.type(key);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Found in a repository" }).waitFor();
  await page.locator("main").getByRole("link", { name: "Bob Baker", exact: true }).first().click();
  await page.getByRole("button", { name: "Revoke all keys" }).click();
  await page.getByLabel("Why").fill("Leaked");
  await submit(visitor, "Revoke all keys");
  const row = page.locator("tbody tr").filter({ hasText: "Found in a repository" });
  expect(await row.locator("td[data-label=Effective]").innerText()).toMatch(/^20\d\d-.*\.\d{3} UTC$/);
  expect(await product.call(key)).toBe(401);
  await row.getByRole("link", { name: "Found in a repository" }).click();
  await page.getByText("Alice Andersson revoked Found in a repository").waitFor();
});

describe("a person", () => {
  test("is shown with roles and whence, keys and the last sign-in, and is cut off with receipts", async () => {
    const [one, two] = [await createKey(bob, "One of his"), await createKey(bob, "Two of his")];
    await product.recordUsage(two.id, { [hourOf(Date.now())]: { admitted: 7, limited: 1, refused: 1 } });
    const visitor = await visitors.signIn("alice");
    const { page } = visitor;
    await page.getByRole("link", { name: "People" }).click();
    const row = page.locator("tbody tr").filter({ hasText: "Bob Baker" });
    expect(await row.innerText()).toMatch(/Developer on vault_3f8a2c1d9b\s+by their sign-in/);
    await expectReadable(visitor);
    await row.getByRole("link", { name: "Bob Baker" }).click();
    await page.getByRole("heading", { name: "Bob Baker" }).waitFor();
    await expectReadable(visitor);
    await page.getByRole("button", { name: "Revoke all keys" }).click();
    await page.getByRole("heading", { name: "Revoke all keys of Bob Baker?" }).waitFor();
    await page.getByText(/They let [1-9]\d* calls through in the last 24 hours/).waitFor();
    await expectReadable(visitor);
    await submit(visitor, "Revoke all keys");
    await page.getByText("Must not be empty").first().waitFor();
    expect(await product.call(one.key)).toBe(200);
    await page.getByLabel("Why").fill("Laptop stolen");
    await submit(visitor, "Revoke all keys");
    await page.getByText("They are dead everywhere").waitFor();
    await expectReadable(visitor);

    expect([await product.call(one.key), await product.call(two.key)]).toEqual([401, 401]);
    const receipts = page.getByRole("region", { name: "Receipts" });
    const { receipt } = (await alice("GET", `/-/api-keys/${one.id}`)).body as {
      receipt: { effectiveAt: string };
    };
    await receipts.locator(`time[datetime="${receipt.effectiveAt}"]`).first().waitFor();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      receipts.getByRole("button", { name: "Download" }).click(),
    ]);
    const kept = JSON.parse(await readFile(await download.path(), "utf8")) as {
      keyId: string;
      reason: string;
    }[];
    expect(kept.map(({ keyId }) => keyId)).toEqual(expect.arrayContaining([one.id, two.id]));
    expect(new Set(kept.map(({ reason }) => reason))).toEqual(new Set(["Laptop stolen"]));

    await page.goto("/-/console/audit?action=person.keys_revoked");
    expect(await page.locator(".event .what").first().innerText()).toBe(
      "Alice Andersson revoked all keys of Bob Baker",
    );
  });

  test("whom nobody knows is not there", async () => {
    const { page } = await visitors.signIn("alice");
    for (const path of ["people/nobody", "people/nobody/revoke-keys", "people/..%2Fservice-users"]) {
      expect((await page.goto(`/-/console/${path}`))?.status(), path).toBe(404);
    }
  });
});

describe("keys that are selected", () => {
  async function select(page: Page, names: readonly string[]): Promise<void> {
    await page.goto("/-/console/all-keys");
    for (const name of names) await page.getByLabel(`Select ${name}`, { exact: true }).check();
  }

  test("are revoked together, without a second factor, with a receipt each", async () => {
    const keys = [await createKey(bob, "Bulk one"), await createKey(alice, "Bulk two")];
    const kept = await createKey(alice, "Not chosen");
    const visitor = await visitors.signIn("alice");
    const { page } = visitor;
    await page.goto("/-/console/all-keys");
    expect(await page.getByRole("button", { name: "Revoke" }).isDisabled()).toBe(true);
    await select(page, ["Bulk one", "Bulk two"]);
    await page.getByText("2 selected").waitFor();
    await submit(visitor, "Revoke");
    await page.getByRole("heading", { name: "Revoke 2 keys?" }).waitFor();
    await page.getByText("They let no call through in the last 24 hours.").waitFor();
    await expectReadable(visitor);
    await page.getByLabel("Why (optional)").fill("Found in a repository");
    for (const { key } of keys) expect(await product.call(key)).toBe(200);
    await page.getByRole("button", { name: "Revoke 2 keys" }).click();
    await page.getByRole("heading", { name: "2 keys revoked" }).waitFor();
    await expectReadable(visitor);
    expect(await page.getByRole("region", { name: "Receipts" }).locator("tbody tr").count()).toBe(2);
    for (const { key, id } of keys) {
      expect(await product.call(key)).toBe(401);
      expect((await alice("GET", `/-/api-keys/${id}`)).body).toMatchObject({
        revocationReason: "Found in a repository",
      });
    }
    expect(await product.call(kept.key)).toBe(200);
  });

  test.each([true, false])("are disabled together, with scripts: %s", async (javaScriptEnabled) => {
    const name = `Pause ${String(javaScriptEnabled)}`;
    const { id } = await createKey(bob, name);
    const visitor = await visitors.signInTwice("bob", "/keys", { javaScriptEnabled });
    await product.recordUsage(id, { [hourOf(Date.now())]: { admitted: 7, limited: 1, refused: 1 } });
    await visitor.page.getByLabel(`Select ${name}`, { exact: true }).check();
    await submit(visitor, "Disable");
    await visitor.page.getByText("It let 7 calls through in the last 24 hours.").waitFor();
    await submit(visitor, "Disable 1 key");
    await visitor.page.getByText("It is disabled and refused everywhere.").waitFor();
    expect((await alice("GET", `/-/api-keys/${id}`)).body).toMatchObject({ status: "disabled" });
  });

  test.each(["", "?act=revoke", "?act=nonsense&id=nonsense", "?act=revoke&id=key_000000000000"])(
    "that are none are told so: %s",
    async (query) => {
      const { page } = await visitors.signIn("alice");
      expect((await page.goto(`/-/console/selected-keys${query}`))?.status()).toBe(200);
      await page.getByRole("heading", { name: "No key was selected" }).waitFor();
    },
  );
});

test.each(["light", "dark"] as const)("every page can be read by everybody in %s", async (colorScheme) => {
  const { id } = await createKey(alice, `Read in ${colorScheme}`);
  for (const viewport of Object.values(SCREENS)) {
    const visitor = await visitors.signIn("alice", { colorScheme, viewport });
    const paths = [
      "search?q=a",
      "people",
      "people/alice",
      `selected-keys?act=revoke&id=${id}`,
      "keys",
      "all-keys",
    ];
    for (const path of paths) {
      await visitor.page.goto(`/-/console/${path}`);
      await expectReadable(visitor);
    }
  }
});
