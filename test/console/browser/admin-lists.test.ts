import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hourOf } from "../../../src/core/usage/usage.ts";
import type { ControlClient } from "../../../src/demo/control-client.ts";
import type { Page } from "../../support/browser.ts";
import { startConsole, type ConsoleProduct } from "../../support/console.ts";
import { visitorsOf } from "../../support/console-visitors.ts";
import { faultsOf } from "../../support/page-faults.ts";
import { expectReadable, SCREENS } from "../../support/readable.ts";

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

/** With the whole key. */
async function createWhole(name: string): Promise<{ id: string; key: string }> {
  const { body } = await alice("POST", "/-/api-keys", { name, scopes: ["vault:read"], vaults: "*" });
  return body as { id: string; key: string };
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
    ["?ownerName=BAKER", ["His"]],
    ["?q=i", ["Its", "His"]],
    ["?q=i&kind=user", ["His"]],
    ["?sort=name", ["Hers", "His", "Its"]],
    ["?status=revoked", []],
    ["?show=never-used", ["Its", "His", "Hers"]],
    ["?show=no-expiry", []],
    ["?show=any-address&sort=createdAt", ["Hers", "His", "Its"]],
    ["?show=nonsense&sort=nonsense&trail=..", ["Its", "His", "Hers"]],
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
    await page.getByRole("heading", { name: "No key found" }).waitFor();
    expect(page.url()).toMatch(/kind=service/);
    await expectReadable(visitor);

    await page.goto("/-/console/all-keys");
    await page.getByLabel("Owner’s name").fill("bob");
    await page.getByRole("button", { name: "Filter" }).click();
    await page.waitForURL(/ownerName=bob/);
    expect(await namesOn(page)).toEqual(["His"]);

    await page.goto(`/-/console/all-keys?owner=${userId}`);
    await page.getByRole("link", { name: "Everybody’s keys" }).click();
    await page.waitForURL((url) => !url.search.includes("owner"));
    expect(await namesOn(page)).toHaveLength(3);
  });

  test("are counted by status and by what wants to be looked at, which is marked", async () => {
    const { page } = await visitors.signIn("alice");
    await page.goto("/-/console/all-keys");
    const status = page.getByRole("navigation", { name: "Status" });
    expect((await status.innerText()).replaceAll(/\s+/g, " ")).toBe(
      "Active 3 Disabled 0 Expired 0 Revoked 0 All",
    );
    await page.getByRole("link", { name: "Any address 3" }).click();
    await page.waitForURL(/show=any-address/);
    expect(await page.locator("tbody .mark").allInnerTexts()).toEqual([
      "Any address",
      "Any address",
      "Any address",
    ]);
    await page.getByRole("link", { name: "Expiring soon 0" }).click();
    await page.getByText("No active key ends within 14 days.").waitFor();
    await page.getByRole("link", { name: "Show all active keys" }).click();
    await page.getByText("1–3 of 3").waitFor();
  });

  test("are sorted by a column, and the other way at the next press", async () => {
    const { page } = await visitors.signIn("alice");
    await page.goto("/-/console/all-keys");
    const name = page.getByRole("columnheader", { name: "Name" });
    expect(await page.getByRole("columnheader", { name: "Created" }).getAttribute("aria-sort")).toBe(
      "descending",
    );
    await name.getByRole("link").click();
    await page.waitForURL(/sort=name/);
    expect(await name.getAttribute("aria-sort")).toBe("ascending");
    expect(await namesOn(page)).toEqual(["Hers", "His", "Its"]);
    await name.getByRole("link").click();
    await page.waitForURL(/sort=-name/);
    expect(await namesOn(page)).toEqual(["Its", "His", "Hers"]);
  });

  test("lead to each key and its owner, and back to where one was", async () => {
    const { page } = await visitors.signIn("alice");
    await page.goto("/-/console/all-keys");
    await page.getByRole("link", { name: "Bob Baker" }).click();
    await page.waitForURL("**/people/bob");
    await page.goBack();
    await page.getByRole("link", { name: "His", exact: true }).click();
    await page.getByRole("heading", { name: "His" }).waitFor();
    await page.locator("main").getByRole("link", { name: "All keys" }).click();
    await page.getByRole("heading", { name: "All keys" }).waitFor();
    await page.getByRole("link", { name: "Its", exact: true }).click();
    await page.locator("main").getByRole("link", { name: "Reporter" }).click();
    await page.waitForURL(`**/service-users/${userId}`);
  });

  test("come in pages that keep what they were narrowed to, to and fro", async () => {
    for (let i = 1; i <= 55; i++) await createKey(bob, { name: `Paged ${i}` });
    const { page } = await visitors.signIn("alice");
    await page.goto("/-/console/all-keys?owner=bob&kind=user&q=Paged");
    await page.getByText("1–25", { exact: true }).waitFor();
    for (const range of ["26–50", "51–55 of 55"]) {
      await page.getByRole("link", { name: "Next page" }).click();
      await page.getByText(range, { exact: true }).waitFor();
    }
    expect(await namesOn(page)).toEqual(["Paged 5", "Paged 4", "Paged 3", "Paged 2", "Paged 1"]);
    await page.getByRole("link", { name: "Previous page" }).click();
    await page.getByText("26–50", { exact: true }).waitFor();
    expect((await namesOn(page))[0]).toBe("Paged 30");
    await page.getByRole("link", { name: "Previous page" }).click();
    await page.getByText("1–25", { exact: true }).waitFor();
    expect(page.url()).not.toMatch(/cursor|trail/);
  });
});

describe("usage", () => {
  let usedIn: number;

  test("says that there was none", async () => {
    const visitor = await visitors.signIn("alice");
    await visitor.page.getByRole("link", { name: "Usage" }).click();
    await visitor.page.getByText("No requests in the last 24 hours.").waitFor();
    expect(await visitor.page.locator("[data-chart]").count()).toBe(0);
    await expectReadable(visitor);
  });

  test("is told for the organisation and by key, with what was refused marked, as chart and as table", async () => {
    const now = (usedIn = hourOf(Date.now()));
    await product.recordUsage(keys.hers, { [now]: { admitted: 1200, limited: 0, refused: 0 } });
    await product.recordUsage(keys.its, {
      [now]: { admitted: 34, limited: 5, refused: 6 },
      [now - 3 * 86_400_000]: { admitted: 100, limited: 0, refused: 0 },
    });
    const visitor = await visitors.signIn("alice");
    const { page } = visitor;
    await page.goto("/-/console/usage");
    await page
      .getByLabel(
        "Requests in the last 24 hours: 1,234 succeeded, 0 client errors, 0 origin errors, 6 refused, 5 rate limited",
      )
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
    await page.getByLabel(/1,334 succeeded/).waitFor();
    await page.getByRole("link", { name: "Its", exact: true }).click();
    await page.waitForURL(`**/keys/${keys.its}?window=7d`);
  });

  test("tells the numbers of a bar at the pointer and by the arrow keys, in the zone of the reader", async () => {
    const hour = new Date(usedIn);
    const visitor = await visitors.signIn("alice", { timezoneId: "Asia/Tokyo" });
    const { page } = visitor;
    await page.goto("/-/console/usage");
    const chart = page.getByRole("slider", { name: /^Requests in the last 24 hours/ });
    const values = page.locator("[data-chart] .values");
    const inTokyo = `${(hour.getUTCHours() + 9) % 24}`.padStart(2, "0");
    await chart.focus();
    // An hour may have ended since.
    for (let hours = 0; hours < 2 && !(await values.innerText()).includes("1,234"); hours++)
      await chart.press("ArrowLeft");
    expect(await values.innerText()).toMatch(
      new RegExp(`${inTokyo}:00 GMT\\+9: 1,234 succeeded, 6 refused, 5 rate limited$`),
    );
    await chart.press("ArrowLeft");
    expect(await chart.getAttribute("aria-valuetext")).toMatch(/: no requests$/);
    await chart.hover({ position: { x: 2, y: 20 } });
    expect(await chart.getAttribute("aria-valuenow")).toBe("1");
    await expectReadable(visitor);
  });

  test.each([
    ["1h", 6, /^\d\d:[0-5]0$|^\d+ \w{3}$/],
    ["24h", 6, /^\d\d:00$|^\d+ \w{3}$/],
    ["7d", 7, /^\d+ \w{3}$/],
    ["30d", 5, /^\d+ \w{3}$/],
  ] as const)("has labels along the axis of %s that say where one is", async (window, least, form) => {
    const { page } = await visitors.signIn("alice");
    await product.recordUsage(keys.hers, { [hourOf(Date.now())]: { admitted: 1, limited: 0, refused: 0 } });
    await product.call((await createWhole(`Ticks ${window}`)).key);
    const labels = page.locator("[data-chart] .ticks text");
    await expect
      .poll(async () => {
        await page.goto(`/-/console/usage?window=${window}`);
        return labels.count();
      })
      .toBeGreaterThanOrEqual(least);
    for (const label of await labels.allTextContents()) expect(label).toMatch(form);
    for (const width of [320, 1280]) {
      await page.setViewportSize({ width, height: 800 });
      expect(await faultsOf(page)).toEqual([]);
    }
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
    await bob("PATCH", `/-/api-keys/${keys.hers}`, { name: "Not for Bob" });
  });

  const events = (page: Page) => page.locator(".event");
  const sentences = (page: Page): Promise<string[]> => events(page).locator(".what").allInnerTexts();

  test("says in a sentence who has done what to what, with what is different since at full width", async () => {
    const visitor = await visitors.signIn("alice");
    const { page } = visitor;
    await page.goto("/-/console/audit?action=api_key.updated&actor=alice");
    const event = events(page);
    expect(await sentences(page)).toEqual(["Alice Andersson changed Hers, renamed"]);
    expect(await event.locator(".when").innerText()).toMatch(/^\d+ \w+ 20\d\d, \d\d:\d\d:\d\d UTC$/);
    await event.getByText("name, scopes, allowed addresses, and 1 more").click();
    const details = event.locator("dl");
    expect((await details.innerText()).split(/\n+/)).toEqual([
      "Name",
      "Hers Hers, renamed",
      "Scopes",
      "vault:read vault/#/balance:read",
      "Allowed addresses",
      "Any address 203.0.113.0/24",
      "Version",
      "1 2",
      "Expiry",
      expect.stringMatching(/^\d+ \w+ 20\d\d, \d\d:\d\d:\d\d UTC never$/),
      "Event",
      "api_key.updated",
      "On",
      `Hers, renamed ${keys.hers}`,
      "By",
      "Alice Andersson alice",
      "Request",
      expect.stringMatching(/^[\da-f-]{36}$/),
    ]);
    const [wide, row] = await Promise.all([details.boundingBox(), event.boundingBox()]);
    expect(wide?.width).toBeGreaterThan((row?.width ?? Infinity) * 0.9);
    await expectReadable(visitor);
    await event.locator(".what").getByRole("link", { name: "Hers, renamed" }).click();
    await page.getByRole("heading", { name: "Hers, renamed" }).waitFor();
  });

  test("calls what was refused as it calls what was done, and says why it was refused", async () => {
    const visitor = await visitors.signIn("alice");
    const { page } = visitor;
    await page.goto("/-/console/audit?action=api_key.updated");
    expect(await sentences(page)).toEqual([
      "Bob Baker tried to change Hers, renamed Refused",
      "Alice Andersson changed Hers, renamed",
    ]);
    await page.goto("/-/console/audit");
    await page.getByLabel("Event").selectOption({ label: "Service user created" });
    await page.getByLabel("By", { exact: true }).fill("bob b");
    await page.getByRole("button", { name: "Filter" }).click();
    await page.waitForURL(/action=service_user.created/);
    expect(await sentences(page)).toEqual(["Bob Baker tried to create a service user Refused"]);
    await events(page).getByText("role_required").first().click();
    await expectReadable(visitor);
  });

  test("leads to people and service users that are there, and to nobody else's page", async () => {
    const { body } = await alice("POST", "/-/service-users", { name: "Not for long", vaultRoles: {} });
    const { id } = body as { id: string };
    await alice("DELETE", `/-/service-users/${id}`);
    const { page } = await visitors.signIn("alice");
    const links = events(page).locator(".what a");
    await page.goto(`/-/console/audit?action=service_user.&target=${id}`);
    expect(await sentences(page)).toEqual([
      "Alice Andersson deleted the service user Not for long",
      "Alice Andersson created the service user Not for long",
    ]);
    expect(await links.allInnerTexts()).toEqual(["Alice Andersson", "Alice Andersson"]);
  });

  test("is narrowed by what is on it, and by names of keys and people", async () => {
    const { page } = await visitors.signIn("alice");
    await page.goto(`/-/console/audit?target=${userId}`);
    const made = events(page).filter({ hasText: "created the service user Reporter" });
    await made.locator("summary").click();
    await made.getByRole("link", { name: "of this kind" }).click();
    await page.waitForURL(/action=service_user.created.*target=svc_/);
    expect(await page.getByLabel("Event").inputValue()).toBe("service_user.created");
    await page.getByRole("link", { name: "Clear" }).click();
    await page.waitForURL("**/audit");

    await page.getByLabel("On", { exact: true }).fill("his");
    await page.getByLabel("By", { exact: true }).fill("Bob Baker");
    await page.getByRole("button", { name: "Filter" }).click();
    await page.waitForURL(/target=his/);
    expect(await sentences(page)).toEqual(["Bob Baker created the key His"]);
  });

  test("shows times in the reader's zone, in UTC at a touch, and filters by either", async () => {
    const { page } = await visitors.signIn("alice", { timezoneId: "America/New_York" });
    await page.goto("/-/console/audit");
    const time = page.locator(".event .when").first();
    const [local, iso] = [await time.innerText(), await time.locator("time").getAttribute("datetime")];
    expect(local).not.toMatch(/UTC$/);
    await page.getByLabel(/^From \(local time\)/).fill(localMinute(iso ?? "", 1));
    await page.getByRole("button", { name: "Filter" }).click();
    await page.getByRole("heading", { name: "No events" }).waitFor();
    const minute = new Date(Date.parse(iso ?? "") + 60_000).toISOString().slice(0, 16);
    expect(new URL(page.url()).searchParams.get("from")).toBe(minute);

    await page.getByRole("button", { name: "UTC" }).click();
    expect(await page.getByLabel("From (UTC)").inputValue()).toBe(minute);
    await page.getByRole("link", { name: "Clear" }).click();
    await page.waitForURL("**/audit");
    expect(await time.innerText()).toMatch(/UTC$/);
    await page.getByRole("button", { name: "Local time" }).click();
    expect(await time.innerText()).toBe(local);

    // Clocks went back an hour that night: half past one was twice.
    await page.goto("/-/console/audit?from=2026-11-01T06:30&to=2026-11-01T05:30");
    expect(
      await page
        .getByLabel(/^(From|Before) \(/)
        .evaluateAll((fields) => fields.map((field) => (field as unknown as { value: string }).value)),
    ).toEqual(Array(2).fill("2026-11-01T01:30"));
    await page.getByLabel("By", { exact: true }).fill("Alice");
    await page.getByRole("button", { name: "Filter" }).click();
    await page.waitForURL(/actor=Alice/);
    const { searchParams } = new URL(page.url());
    expect([searchParams.get("from"), searchParams.get("to")]).toEqual([
      "2026-11-01T06:30",
      "2026-11-01T05:30",
    ]);

    /** As New York's clocks show it, so many minutes later. */
    function localMinute(at: string, later: number): string {
      const parts = new Intl.DateTimeFormat("sv-SE", {
        timeZone: "America/New_York",
        dateStyle: "short",
        timeStyle: "short",
      }).format(Date.parse(at) + later * 60_000);
      return parts.replace(" ", "T");
    }
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
    const parsed = lines.map((line) => JSON.parse(line) as { action: string; actor: { id: string } });
    expect(parsed.length).toBeGreaterThan(0);
    expect(new Set(parsed.map(({ action, actor }) => `${action} ${actor.id}`))).toEqual(
      new Set(["api_key.created bob"]),
    );
  });

  test("comes in pages", async () => {
    for (let i = 1; i <= 60; i++) await alice("PATCH", `/-/api-keys/${keys.hers}`, { description: `${i}` });
    const { page } = await visitors.signIn("alice");
    await page.goto(`/-/console/audit?target=${keys.hers}`);
    expect(await events(page).count()).toBe(50);
    await page.getByRole("link", { name: "Next page" }).click();
    await page.waitForURL(/target=.*cursor=/);
    expect((await sentences(page)).at(-1)).toBe("Alice Andersson created the key Hers, renamed");
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

describe("the overview", () => {
  test("tells what wants to be looked at, each with the way to it", async () => {
    const soon = await createKey(alice, { name: "Ends soon", expiresIn: "3d" });
    await product.recordUsage(soon, { [hourOf(Date.now())]: { admitted: 5, limited: 0, refused: 7 } });
    const visitor = await visitors.signIn("alice");
    const { page } = visitor;
    await page.getByRole("link", { name: "Overview" }).click();
    await page.getByRole("heading", { name: "Overview" }).waitFor();
    await expectReadable(visitor);
    const expiring = page.getByRole("region", { name: "Expiring next" });
    expect(await expiring.locator("li").first().innerText()).toMatch(
      /^Ends soon\s+in 3 days, of Alice Andersson$/,
    );
    const failing = page.getByRole("region", { name: "Failing in the last 24 hours" });
    expect(await failing.locator("li").filter({ hasText: "Ends soon" }).innerText()).toMatch(
      /7 refused; 5 succeeded/,
    );
    await page.getByRole("link", { name: /^Expiring soon/ }).click();
    await page.waitForURL(/all-keys\?show=expiring/);
    expect(await namesOn(page)).toContain("Ends soon");
  });
});

/** In the page: how the current entry differs from the others. */
const OUTLINES = `[...document.querySelectorAll("[aria-current], [aria-pressed=true]")]
  .map((element) => getComputedStyle(element).outlineStyle)`;

describe("the shape of pages", () => {
  const PATHS = [
    "search",
    "keys",
    "all-keys",
    "people",
    "service-users",
    "usage",
    "audit",
    "organization",
    "account",
  ];

  test("is one: headings stand at one height, what is pressed and filled in is equally high", async () => {
    const { page } = await visitors.signIn("alice");
    const [tops, heights] = [new Set<number>(), new Set<number>()];
    for (const path of PATHS) {
      await page.goto(`/-/console/${path}`);
      tops.add((await page.locator("h1").boundingBox())?.y ?? 0);
      const controls =
        "main :is(button, [role=button], input:not([type=checkbox]), select):not(.tabs *, .themes *)";
      for (const control of await page.locator(controls).all()) {
        const box = await control.boundingBox();
        if (box !== null) heights.add(box.height);
      }
    }
    expect([tops.size, heights.size]).toEqual([1, 1]);
  });

  /** Screens, and how large text is set on them. */
  const SIZES = [
    { width: 320 },
    { width: 640 },
    { width: 800 },
    { width: 890 },
    { width: 1000 },
    { width: 1080 },
    { width: 320, text: "200%", breaks: true },
    { width: 1280, text: "200%" },
  ];

  /** Where there is room for ten letters, longer words have to break. */
  const TOO_LONG = /^(is broken|has no room)/;

  test("cuts off, breaks and covers nothing on any screen, nor with text of twice the size", async () => {
    const body = {
      name: "Many scopes",
      scopes: ["vault/#/transaction:read", "vault/#/balance:read", "vault:read|write"],
      vaults: ["vault_3f8a2c1d9b"],
      allowedIps: ["2001:db8::/32"],
    };
    const { id } = (await alice("POST", "/-/api-keys", body)).body as { id: string };
    await product.recordUsage(id, { [hourOf(Date.now())]: { admitted: 1_234_567, limited: 8, refused: 9 } });
    const { page } = await visitors.signIn("alice");
    const faults: unknown[] = [];
    const ofKey = [`keys/${id}`, `keys/${id}/edit`, `keys/${id}/revoke`, "keys/new"];
    for (const path of [
      ...PATHS,
      "keys?status=all",
      ...ofKey,
      "people/bob",
      "service-users/new",
      "signed-out",
    ]) {
      await page.goto(`/-/console/${path}`);
      await page.evaluate("document.querySelectorAll('details').forEach((each) => (each.open = true))");
      for (const { width, text = "", breaks = false } of SIZES) {
        await page.setViewportSize({ width, height: 700 });
        await page.evaluate(`document.documentElement.style.fontSize = "${text}"`);
        const found = (await faultsOf(page)).filter((fault) => !breaks || !TOO_LONG.test(fault));
        faults.push(...found.map((fault) => `${path} ${width} ${text}: ${fault}`));
      }
    }
    expect(faults.join("\n")).toBe("");
  });

  test("tells where one is in colours that the reader's system chose, too", async () => {
    const { page } = await visitors.signIn("alice");
    await page.emulateMedia({ forcedColors: "active" });
    await page.goto("/-/console/keys");
    const outlines = await page.evaluate<string[]>(OUTLINES);
    expect(outlines.length).toBeGreaterThan(2);
    expect(new Set(outlines)).toEqual(new Set(["solid"]));
  });

  test("keeps the content beside the menu on the widest screens", async () => {
    const { page } = await visitors.signIn("alice", { viewport: { width: 2560, height: 1200 } });
    const [menu, main] = [page.locator("nav.side"), page.locator("main")];
    const [left, right] = [await menu.boundingBox(), await main.boundingBox()];
    expect(right?.x).toBe((left?.x ?? 0) + (left?.width ?? 0));
    expect(right?.width).toBeGreaterThan(1300);
  });
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
