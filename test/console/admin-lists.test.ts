import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hourOf } from "../../src/core/usage.ts";
import type { ControlClient } from "../../src/demo/control-client.ts";
import type { Page } from "../support/browser.ts";
import { startConsole, type ConsoleProduct } from "../support/console.ts";
import { visitorsOf } from "../support/console-visitors.ts";
import { expectReadable, SCREENS } from "../support/readable.ts";

/** What admins see of the whole organisation: everybody's keys, their usage, the audit log. */

let product: ConsoleProduct;
let alice: ControlClient;
let bob: ControlClient;
let userId: string;
const keys: Record<"hers" | "his" | "its", string> = { hers: "", his: "", its: "" };
const visitors = visitorsOf(() => product);

beforeAll(async () => {
  product = await startConsole({ MAX_KEYS_PER_OWNER: "1000" });
  [alice, bob] = await Promise.all([product.control("alice"), product.control("bob")]);
  const user = { name: "Reporter", vaultRoles: { vault_3f8a2c1d9b: ["developer"] } };
  ({ id: userId } = (await alice("POST", "/-/service-users", user)).body as { id: string });
  keys.hers = await createKey(alice, { name: "Hers" });
  keys.his = await createKey(bob, { name: "His" });
  keys.its = await createKey(alice, { name: "Its", ownerId: userId });
});
afterAll(() => product.stop());

async function createKey(as: ControlClient, changes: object): Promise<string> {
  const fields = { scopes: ["vault:read"], vaults: ["vault_3f8a2c1d9b"], ...changes };
  const { status, body } = await as("POST", "/-/api-keys", fields);
  expect(status).toBe(201);
  return (body as { id: string }).id;
}

function namesOn(page: Page): Promise<string[]> {
  return page.locator("tbody th a").allInnerTexts();
}

describe("all keys", () => {
  test.each([
    ["", ["Its", "His", "Hers"]],
    ["?kind=service", ["Its"]],
    ["?kind=user", ["His", "Hers"]],
    ["?owner=bob", ["His"]],
    ["?q=i", ["Its", "His"]],
    ["?q=i&kind=user", ["His"]],
    ["?status=revoked", []],
  ])("%s shows the right ones", async (query, names) => {
    const { page } = await visitors.signIn("alice");
    await page.goto(`/-/console/all-keys${query}`);
    expect(await namesOn(page)).toEqual(names);
  });

  test("are narrowed by status, kind of owner, owner and name, each keeping the others", async () => {
    const visitor = await visitors.signIn("alice");
    const { page } = visitor;
    await page.getByRole("link", { name: "All keys" }).click();
    await page.getByRole("link", { name: "Service users", exact: true }).last().click();
    await page.waitForURL(/kind=service/);
    expect(await namesOn(page)).toEqual(["Its"]);
    await page.getByRole("link", { name: "All", exact: true }).click();
    await page.waitForURL(/kind=service.*status=all|status=all.*kind=service/);
    await page.getByRole("searchbox").fill("nothing");
    await page.getByRole("button", { name: "Search" }).click();
    await page.getByRole("heading", { name: "No key has such a name" }).waitFor();
    await expectReadable(visitor);

    await page.goto("/-/console/all-keys");
    await page.getByRole("link", { name: "Bob Baker" }).click();
    await page.waitForURL(/owner=bob/);
    expect(await namesOn(page)).toEqual(["His"]);
    await page.getByRole("link", { name: "Keys of everybody, not of Bob Baker alone" }).click();
    await page.waitForURL((url) => !url.search.includes("owner"));
    expect(await namesOn(page)).toHaveLength(3);

    await page.getByLabel("Owner").fill(userId);
    await page.getByLabel("Owner").press("Enter");
    await page.waitForURL(/owner=svc_/);
    expect(await namesOn(page)).toEqual(["Its"]);
  });

  test("lead to each key, and back to where one was", async () => {
    const { page } = await visitors.signIn("alice");
    await page.goto("/-/console/all-keys");
    await page.getByRole("link", { name: "His", exact: true }).click();
    await page.getByRole("heading", { name: "His" }).waitFor();
    await page.locator("main").getByRole("link", { name: "All keys" }).click();
    await page.getByRole("heading", { name: "All keys" }).waitFor();
    await page.getByRole("link", { name: "Its", exact: true }).click();
    await page.locator("main").getByRole("link", { name: "Reporter" }).click();
    await page.waitForURL(`**/service-users/${userId}`);
  });

  test("come in pages that keep what they were narrowed to", async () => {
    for (let i = 1; i <= 28; i++) await createKey(bob, { name: `Paged ${i}` });
    const { page } = await visitors.signIn("alice");
    await page.goto("/-/console/all-keys?owner=bob&kind=user&q=Paged");
    await page.getByRole("link", { name: "Next page" }).click();
    await page.waitForURL(/cursor=/);
    expect(await namesOn(page)).toEqual(["Paged 3", "Paged 2", "Paged 1"]);
    await page.getByRole("link", { name: "First page" }).click();
    await page.waitForURL((url) => !url.search.includes("cursor"));
    expect(await namesOn(page)).toHaveLength(25);
  });
});

describe("usage", () => {
  test("says that there was none", async () => {
    const visitor = await visitors.signIn("alice");
    await visitor.page.getByRole("link", { name: "Usage" }).click();
    await visitor.page.getByRole("heading", { name: "No requests" }).waitFor();
    await expectReadable(visitor);
  });

  test("is told for the organisation and by key, with what was refused marked, as chart and as table", async () => {
    const now = hourOf(Date.now());
    await product.recordUsage(keys.hers, { [now]: { admitted: 1200, limited: 0, refused: 0 } });
    await product.recordUsage(keys.its, {
      [now]: { admitted: 34, limited: 5, refused: 6 },
      [now - 3 * 86_400_000]: { admitted: 100, limited: 0, refused: 0 },
    });
    const visitor = await visitors.signIn("alice");
    const { page } = visitor;
    await page.goto("/-/console/usage");
    await page
      .getByRole("img", {
        name: "Requests by time: 1,234 succeeded, 0 client errors, 0 origin errors, 6 refused, 5 rate limited",
      })
      .waitFor();
    const rows = page.getByRole("region", { name: "By key" }).locator("tbody tr");
    expect((await rows.allInnerTexts()).map((row) => row.split(/\s+/))).toEqual([
      ["Hers", keys.hers, "1,200", "0", "0", "0", "0"],
      ["Its", keys.its, "34", "0", "0", "6", "5"],
    ]);
    expect(await rows.locator(".badge").allInnerTexts()).toEqual(["6", "5"]);
    await page.getByText("As a table").click();
    await page.getByRole("cell", { name: "1,234" }).waitFor();
    await expectReadable(visitor);

    await page.getByRole("link", { name: "7d" }).click();
    await page.waitForURL(/window=7d/);
    await page.getByRole("img", { name: /1,334 succeeded/ }).waitFor();
    await page.getByRole("link", { name: "Its", exact: true }).click();
    await page.waitForURL(`**/keys/${keys.its}?window=7d`);
  });

  test.each(["window=nonsense", "window=", "nonsense=1"])("survives an address with %s", async (query) => {
    const { page } = await visitors.signIn("alice");
    expect((await page.goto(`/-/console/usage?${query}`))?.status()).toBe(200);
  });
});

describe("the audit log", () => {
  beforeAll(async () => {
    await alice("PATCH", `/-/api-keys/${keys.hers}`, {
      name: "Hers, renamed",
      scopes: ["vault/#/balance:read"],
      allowedIps: ["203.0.113.0/24"],
      expiresAt: null,
    });
    await bob("POST", "/-/service-users", { name: "Not for Bob" });
  });

  test("tells who has done what to what, and what is different since, in words", async () => {
    const visitor = await visitors.signIn("alice");
    const { page } = visitor;
    await page.goto("/-/console/audit?action=api_key.updated");
    const row = page.locator("tbody tr");
    expect(await row.innerText()).toMatch(new RegExp(`api_key.updated\\s+${keys.hers}`));
    await row.getByText("5 fields").click();
    const changes = (await row.locator("dl").innerText()).split(/\n+/);
    expect(changes).toEqual([
      "name",
      "Hers Hers, renamed",
      "scopes",
      "vault:read vault/#/balance:read",
      "allowed ips",
      "none 203.0.113.0/24",
      "version",
      "1 2",
      "expires at",
      expect.stringMatching(/^\d+ \w+ 20\d\d, \d\d:\d\d UTC none$/),
      "Time",
      expect.stringMatching(/UTC$/),
      "Request",
      expect.stringMatching(/^[\da-f-]{36}$/),
    ]);
    await expectReadable(visitor);
    await row.getByRole("link", { name: `Open ${keys.hers}` }).click();
    await page.getByRole("heading", { name: "Hers, renamed" }).waitFor();
  });

  test("marks what was refused, with why", async () => {
    const visitor = await visitors.signIn("alice");
    await visitor.page.goto("/-/console/audit?actor=bob&action=createServiceUser");
    await visitor.page.getByText("Refused: role_required").waitFor();
    await expectReadable(visitor);
  });

  test("is narrowed by what is on it, and by the form", async () => {
    const { page } = await visitors.signIn("alice");
    await page.goto("/-/console/audit");
    await page.getByRole("link", { name: "service_user.created" }).first().click();
    await page.waitForURL(/action=service_user.created/);
    expect(await page.locator("tbody tr").count()).toBe(1);
    expect(await page.getByLabel("Event").inputValue()).toBe("service_user.created");
    await page.getByRole("link", { name: "Clear" }).click();
    await page.waitForURL("**/audit");

    await page.getByLabel("Target").fill(keys.his);
    await page.getByLabel("By", { exact: true }).fill("bob");
    await page.getByRole("button", { name: "Filter" }).click();
    await page.waitForURL(/target=/);
    expect(await page.locator("tbody th").allInnerTexts()).toEqual(["api_key.created"]);
  });

  test("is narrowed by time, which is UTC", async () => {
    const { page } = await visitors.signIn("alice");
    const minute = (offset: number): string => new Date(Date.now() + offset).toISOString().slice(0, 16);
    await page.goto("/-/console/audit");
    await page.getByLabel("From (UTC)").fill(minute(3_600_000));
    await page.getByRole("button", { name: "Filter" }).click();
    await page.getByRole("heading", { name: "No events" }).waitFor();
    await page.getByLabel("From (UTC)").fill(minute(-3_600_000));
    await page.getByLabel("Before (UTC)").fill(minute(3_600_000));
    await page.getByRole("button", { name: "Filter" }).click();
    await page.getByRole("table").waitFor();
  });

  test("is downloaded as a whole, a line each, narrowed as it is shown", async () => {
    const { page } = await visitors.signIn("alice");
    await page.goto("/-/console/audit?actor=bob&action=api_key.created");
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Download" }).click(),
    ]);
    expect(download.suggestedFilename()).toMatch(/^audit-\d{4}-\d\d-\d\d\.ndjson$/);
    const lines = (await readFile(await download.path(), "utf8")).trim().split("\n");
    const events = lines.map((line) => JSON.parse(line) as { action: string; actor: { id: string } });
    expect(events.length).toBeGreaterThan(0);
    expect(new Set(events.map(({ action, actor }) => `${action} ${actor.id}`))).toEqual(
      new Set(["api_key.created bob"]),
    );
  });

  test("comes in pages", async () => {
    for (let i = 1; i <= 60; i++) await alice("PATCH", `/-/api-keys/${keys.hers}`, { description: `${i}` });
    const { page } = await visitors.signIn("alice");
    await page.goto(`/-/console/audit?target=${keys.hers}`);
    expect(await page.locator("tbody tr").count()).toBe(50);
    await page.getByRole("link", { name: "Next page" }).click();
    await page.waitForURL(/target=.*cursor=/);
    expect(await page.locator("tbody th").last().innerText()).toBe("api_key.created");
    await page.getByRole("link", { name: "First page" }).click();
    await page.waitForURL((url) => !url.search.includes("cursor"));
  });

  test.each(["from=yesterday", "cursor=nonsense", "actor=%00", `q=${"x".repeat(900)}`])(
    "survives an address with %s",
    async (query) => {
      const { page } = await visitors.signIn("alice");
      expect((await page.goto(`/-/console/audit?${query}`))?.status()).toBeLessThan(500);
    },
  );
});

test.each(["light", "dark"] as const)("every page can be read by everybody in %s", async (colorScheme) => {
  for (const viewport of Object.values(SCREENS)) {
    const visitor = await visitors.signIn("alice", { colorScheme, viewport });
    for (const path of [
      "all-keys?status=all",
      "usage?window=30d",
      "audit",
      "audit?actor=nobody",
      "account",
    ]) {
      await visitor.page.goto(`/-/console/${path}`);
      await expectReadable(visitor);
    }
  }
});
