import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ControlClient } from "../../../src/demo/control-client.ts";
import type { Page, Visitor } from "../../support/browser.ts";
import { pickPerson, startConsole, type ConsoleProduct } from "../../support/console.ts";
import { submit, visitorsOf } from "../../support/console-visitors.ts";

const NEW = "/keys/new";
const TREASURY = "vault_3f8a2c1d9b";
const FORM = /^fkc_[0-9A-Za-z]{50}$/;

let product: ConsoleProduct;
let alice: ControlClient;
beforeAll(async () => {
  product = await startConsole({ MAX_KEYS_PER_OWNER: "1000" });
  alice = await product.control("alice");
});
afterAll(() => product.stop());
const { signIn, signInTwice } = visitorsOf(() => product);

/** The keys of one name, as the control API tells them. */
async function keysNamed(name: string, as = alice): Promise<Record<string, unknown>[]> {
  const { body } = await as("GET", `/-/api-keys?status=all&owner=*&q=${encodeURIComponent(name)}`);
  return (body as { data: Record<string, unknown>[] }).data;
}

async function fillIn(page: Page, name: string): Promise<void> {
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByLabel("Vault ids").fill(TREASURY);
}

function secretOf({ page }: Visitor): Promise<string> {
  return page.locator("#secret").innerText();
}

describe("a key", () => {
  test("is made as it was filled in, works, and is shown once", async () => {
    const visitor = await signInTwice("alice", NEW);
    const { page } = visitor;
    await page.getByLabel("Name", { exact: true }).fill("Filled in");
    await page.getByLabel("Description").fill("For the books");
    await page.getByLabel("view").selectOption("balance");
    await page.getByRole("button", { name: "Add a scope" }).click();
    const second = page.getByRole("group", { name: "Scope 2" });
    await second.getByLabel("vaultId").fill(TREASURY);
    await page.getByLabel("Vault ids").fill(TREASURY);
    await page.getByLabel("Allowed addresses").fill("127.0.0.1\n203.0.113.0/24");
    await page.getByLabel("A year").check();
    await page.getByLabel("Requests").fill("5");
    await page.getByLabel("In", { exact: true }).selectOption("an hour");
    await submit(visitor, "Create key");

    const key = await secretOf(visitor);
    expect(key).toMatch(FORM);
    expect(await product.call(key, `/v1/vaults/${TREASURY}/balances`)).toBe(200);
    const [made] = await keysNamed("Filled in");
    expect(made).toMatchObject({
      description: "For the books",
      scopes: [
        { action: "read", resource: "vault/#/balance" },
        { action: "read", resource: `vault/${TREASURY}` },
      ],
      vaults: [TREASURY],
      allowedIps: ["127.0.0.1", "203.0.113.0/24"],
      rateLimit: { requests: 5, windowSeconds: 3600 },
    });
    expect(new Date(String(made?.["expiresAt"])).getTime()).toBeGreaterThan(Date.now() + 364 * 86_400_000);
  });

  test.each([
    ["Never", null],
    ["Until the end of a day", "2096-02-01T23:59:59.000Z"],
  ])("that is to live %s, does", async (choice, expiresAt) => {
    const visitor = await signInTwice("alice", NEW);
    const { page } = visitor;
    await fillIn(page, `Lives ${choice}`);
    expect(await page.getByLabel("Last day").isVisible()).toBe(false);
    await page.getByRole("radio", { name: choice }).check();
    if (expiresAt !== null) await page.getByLabel("Last day").fill("2096-02-01");
    await submit(visitor, "Create key");
    expect((await keysNamed(`Lives ${choice}`))[0]).toMatchObject({ expiresAt });
  });

  test("is made by somebody who is developer on some vaults for those, by ticking them", async () => {
    const visitor = await signInTwice("bob", NEW);
    const { page } = visitor;
    await page.getByLabel("Name", { exact: true }).fill("Bob's own");
    expect(await page.getByRole("checkbox").count()).toBe(1);
    expect(await page.getByLabel(TREASURY).isChecked()).toBe(true);
    await submit(visitor, "Create key");
    expect((await keysNamed("Bob's own"))[0]).toMatchObject({ vaults: [TREASURY], createdBy: "bob" });
  });

  test("is made by an admin for a service user, of whose vaults there is a choice", async () => {
    const { body } = await alice("POST", "/-/service-users", {
      name: "Nightly export",
      vaultRoles: { vault_7b21e4c09d: ["developer"], [TREASURY]: ["developer"] },
    });
    const { id } = body as { id: string };
    const visitor = await signInTwice("alice", NEW);
    const { page } = visitor;
    await page.getByLabel("Name", { exact: true }).fill("For the export");
    await page.getByLabel("Owner").selectOption({ label: "Nightly export (service user)" });
    await page.getByRole("checkbox", { name: "vault_7b21e4c09d" }).check();
    await submit(visitor, "Create key");
    expect((await keysNamed("For the export"))[0]).toMatchObject({
      owner: { id, kind: "service" },
      vaults: ["vault_7b21e4c09d"],
    });

    await page.getByLabel("I have stored").check();
    await page.goto(`/-/console/keys/new?owner=${id}`);
    expect(await page.getByLabel("Owner").inputValue()).toBe(id);
  });

  test("is made for nobody else than whom it was asked for", async () => {
    const { body } = await alice("POST", "/-/service-users", {
      name: "Retired",
      vaultRoles: { [TREASURY]: ["developer"] },
      active: false,
    });
    const visitor = await signInTwice("alice", NEW);
    const { page } = visitor;
    expect((await page.goto("/-/console/keys/new?owner=svc_unknown"))?.status()).toBe(404);
    await page.goto(`/-/console/keys/new?owner=${(body as { id: string }).id}`);
    await page.getByLabel("Name", { exact: true }).fill("For the retired");
    await submit(visitor, "Create key");
    expect(await page.getByRole("alert").innerText()).toContain("Must be the id of an active service user");
    expect(await keysNamed("For the retired")).toEqual([]);

    const noVaults = await alice("POST", "/-/service-users", { name: "Powerless" });
    await page.goto(`/-/console/keys/new?owner=${(noVaults.body as { id: string }).id}`);
    await page.getByText("does not have the Developer role on any vault").waitFor();
    expect(await visitor.axe()).toEqual([]);

    const bob = await signIn("bob");
    expect((await bob.page.goto("/-/console/keys/new?owner=svc_unknown"))?.status()).toBe(403);
  });

  test("cannot be made by whom it would reach nothing, and they are told why", async () => {
    const visitor = await signIn("carol");
    expect(await visitor.page.getByRole("link", { name: "New key" }).count()).toBe(0);
    const answer = await visitor.page.goto("/-/console/keys/new");
    expect(answer?.status()).toBe(403);
    await visitor.page.getByRole("heading", { name: "No vault to create a key for" }).waitFor();
    expect(await visitor.axe()).toEqual([]);
  });
});

describe("while one fills in", () => {
  test("it is told what the key will reach", async () => {
    const { page } = await signIn("alice", {});
    await page.goto("/-/console/keys/new");
    const sentence = page.locator("#reach-sentence");
    expect(await sentence.innerText()).toBe("Name a vault to see what it will reach.");
    await page.getByLabel("Vault ids").fill("vault_1 vault_2");
    await page.getByText("All 7 operations").waitFor();
    const balances = page.locator("#reach-list li", { hasText: "/balances" });
    expect(await balances.innerText()).toContain("on vault_1 and vault_2");

    await page.getByLabel("view").selectOption("transaction");
    await page.getByText("4 of 7 operations").waitFor();
    expect(await page.locator("#scope-0-result").innerText()).toContain("vault/#/transaction:read");
    await page.getByLabel("Action", { exact: true }).selectOption("write");
    await page.getByText("Nothing: no operation").waitFor();
  });

  test("every address is checked as the control API will, and ranges that restrict nothing are flagged", async () => {
    const { page } = await signIn("alice");
    await page.goto("/-/console/keys/new");
    const checks = page.locator("#address-checks li");
    expect(await checks.allInnerTexts()).toEqual([expect.stringContaining("from anywhere")]);
    await page
      .getByLabel("Allowed addresses")
      .pressSequentially("203.0.113.0/24, 0.0.0.0/0, ::/0, 10.0.0.0/7, 10.0.0.1/8, 010.0.0.1, 2001:DB8::1");
    await expect
      .poll(() => checks.allInnerTexts())
      .toEqual([
        expect.stringMatching(/^203\.0\.113\.0\/24\s+is fine\.$/),
        expect.stringContaining("as good as no restriction"),
        expect.stringContaining("as good as no restriction"),
        expect.stringContaining("very large part"),
        expect.stringContaining("did you mean 10.0.0.0/8?"),
        expect.stringContaining("standard notation"),
        expect.stringContaining("kept as 2001:db8::1"),
        expect.stringContaining("is among them"),
      ]);
  });

  test("the field that was being filled in keeps the keyboard and its text when scopes are added and taken away", async () => {
    const { page } = await signIn("alice");
    await page.goto("/-/console/keys/new");
    await page.getByLabel("vaultId").fill("vault_1");
    await page.getByRole("button", { name: "Add a scope" }).press("Enter");
    await page.getByRole("group", { name: "Scope 2" }).waitFor();
    await expect.poll(() => focusedName(page)).toBe("scopes.1.action");
    await page.keyboard.type("write");
    expect(await page.getByLabel("vaultId").first().inputValue()).toBe("vault_1");
    await page.getByRole("button", { name: "Remove scope 1" }).click();
    await expect.poll(() => page.getByRole("group", { name: /^Scope/ }).count()).toBe(1);
    expect(await page.getByLabel("Action", { exact: true }).inputValue()).toBe("write");
    await page.getByLabel("Of", { exact: true }).focus();
    await page.keyboard.type("e");
    await expect.poll(() => page.getByLabel("vaultId").count()).toBe(0);
    await expect.poll(() => focusedName(page)).toBe("scopes.0.type");
  });
});

test("what cannot be looked up any more is said, and not asked for again and again", async () => {
  const visitor = await signIn("alice");
  const { page } = visitor;
  await page.goto("/-/console/keys/new");
  await page.context().clearCookies({ name: "portcullis-session" });
  await page.getByLabel("Vault ids").fill("vault_1");
  await page.getByText("This could not be brought up to date. Save to see why.").waitFor();
  expect(visitor.takeProblems()).toEqual([expect.stringMatching(/^401: /)]);
});

async function focusedName(page: Page): Promise<unknown> {
  return page.evaluate("document.activeElement.getAttribute('name')");
}

describe("what cannot be", () => {
  test.each([
    ["Name", async (page: Page) => page.getByLabel("Name", { exact: true }).fill(""), "Must not be empty"],
    ["Vaults", async (page: Page) => page.getByLabel("Vault ids").fill(""), "Must name at least one vault"],
    [
      "Allowed addresses",
      async (page: Page) => page.getByLabel("Allowed addresses").fill("10.0.0.1/8"),
      "did you mean 10.0.0.0/8?",
    ],
    [
      "Scopes",
      async (page: Page) => page.getByLabel("vaultId").fill("a b"),
      "A segment of a resource filter",
    ],
    [
      "Expiry",
      async (page: Page) => {
        await page.getByLabel("Until the end of a day").check();
        await page.getByLabel("Last day").fill("2001-01-01");
      },
      "Must be in the future",
    ],
    ["Rate limit", async (page: Page) => page.getByLabel("Requests").fill("many"), "Must be a whole number"],
  ])("is said at the field: %s", async (field, spoil, problem) => {
    const visitor = await signInTwice("alice", NEW);
    const { page } = visitor;
    await fillIn(page, "Impossible");
    await spoil(page);
    await submit(visitor, "Create key");
    const complaint = page.getByRole("alert").getByRole("listitem");
    expect(await complaint.innerText()).toContain(problem);
    expect(await page.evaluate("document.activeElement.getAttribute('role')")).toBe("alert");
    await complaint.getByRole("link", { name: field }).click();
    expect(await page.locator(":target").locator(".problem, ~ .problem").first().innerText()).toContain(
      problem,
    );
    expect(await visitor.axe()).toEqual([]);
    expect(await keysNamed("Impossible")).toEqual([]);
  });

  test("is said no more of a field that was filled in, though another was filled in right after", async () => {
    const visitor = await signInTwice("alice", NEW);
    const { page } = visitor;
    await submit(visitor, "Create key");
    const problem = page.locator("#name-problem");
    expect(await problem.innerText()).toBe("Must not be empty");
    // In one go, as a browser fills in what it remembers.
    await page.evaluate(`for (const [id, value] of [["name", "Named"], ["description", "Told"]]) {
      const field = document.getElementById(id);
      field.value = value;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }`);
    await page.locator("#name-problem:empty").waitFor({ state: "attached" });
    expect(await page.locator("#name").getAttribute("aria-invalid")).toBeNull();
  });

  test("is said of the form as a whole, which keeps what was filled in: a limit that is reached", async () => {
    const limited = await startConsole({ MAX_KEYS_PER_OWNER: "1" });
    try {
      const own = await limited.control("bob");
      await own("POST", "/-/api-keys", { name: "The one", scopes: ["vault:read"], vaults: "*" });
      const visitor = await limited.open();
      await visitor.page.goto(`/-/console/sign-in/start?return=/-/console/keys/new&step_up=1`);
      await pickPerson(visitor, "bob");
      await visitor.page.getByLabel("Name", { exact: true }).fill("One too many");
      await submit(visitor, "Create key");
      expect(await visitor.page.getByRole("alert").innerText()).toContain("limit of keys is reached");
      expect(await visitor.page.getByLabel("Name", { exact: true }).inputValue()).toBe("One too many");
      expect([...visitor.problems, ...(await visitor.axe())]).toEqual([]);
    } finally {
      await limited.stop();
    }
  });
});

describe("a second factor that is missing", () => {
  test("is asked for, and then the form is sent as it was, with every scope, without another press", async () => {
    const visitor = await signIn("alice");
    const { page } = visitor;
    await page.goto("/-/console/keys/new");
    await fillIn(page, "Step by step");
    await page.getByLabel("Allowed addresses").fill("10.0.0.0/8");
    await page.getByLabel("Never").check();
    await page.getByRole("button", { name: "Add a scope" }).click();
    await page.getByRole("group", { name: "Scope 2" }).getByLabel("view").selectOption("balance");
    await submit(visitor, "Create key");
    expect(await keysNamed("Step by step")).toEqual([]);
    await pickPerson(visitor, "alice");
    expect(await secretOf(visitor)).toMatch(FORM);
    expect(await keysNamed("Step by step")).toEqual([
      expect.objectContaining({
        expiresAt: null,
        vaults: [TREASURY],
        allowedIps: ["10.0.0.0/8"],
        scopes: [
          { action: "read", resource: "vault" },
          { action: "read", resource: "vault/#/balance" },
        ],
      }),
    ]);
    expect(await page.evaluate("Object.keys(sessionStorage)")).toEqual([]);
  });

  test("that somebody else shows sends nothing: they see the form, and decide", async () => {
    const visitor = await signIn("alice");
    const { page } = visitor;
    await page.goto("/-/console/keys/new");
    await page.getByLabel("Name", { exact: true }).fill("Not mine");
    await page.getByLabel("Every vault").check();
    await submit(visitor, "Create key");
    await page.addInitScript(`
      for (const [name, kept] of Object.entries(sessionStorage))
        sessionStorage.setItem(name, kept.replace('"who":"alice"', '"who":"somebody else"'));
    `);
    await pickPerson(visitor, "alice");
    await page.getByText("You are signed in again").waitFor();
    expect(await page.getByLabel("Name", { exact: true }).inputValue()).toBe("Not mine");
    expect(await keysNamed("Not mine")).toEqual([]);
  });

  test("does not lose the form when the session has ended meanwhile, too", async () => {
    const visitor = await signInTwice("alice", NEW);
    const { page } = visitor;
    await fillIn(page, "Session ended");
    await page.context().clearCookies({ name: "portcullis-session" });
    await submit(visitor, "Create key");
    await page.getByText("You are signed in again").waitFor();
    expect(await page.getByLabel("Name", { exact: true }).inputValue()).toBe("Session ended");
    // A check of what was typed may have come upon the ended session before the press did.
    const problems = visitor.takeProblems();
    expect(problems.filter((problem) => problem !== `401: ${product.url}/-/console${NEW}`)).toEqual([]);
  });
});

describe("one form makes one key", () => {
  test("however often it is sent at once", async () => {
    const visitor = await signInTwice("alice", NEW);
    const { page } = visitor;
    await fillIn(page, "Sent thrice");
    // As scripts that nobody has would: past every guard in the page.
    const statuses = await page.evaluate(`(async () => {
      const form = document.querySelector(".editor");
      const data = new URLSearchParams(new FormData(form));
      data.set("do", "save");
      const send = () => fetch(form.action, { method: "POST", body: data }).then((answer) => answer.status);
      return Promise.all([send(), send(), send()]);
    })()`);
    expect((statuses as number[]).toSorted((a, b) => a - b)).toEqual([200, 409, 409]);
    expect(visitor.takeProblems()).toHaveLength(2);
    expect(await keysNamed("Sent thrice")).toHaveLength(1);
  });

  test("when the page with the secret is loaded anew, without scripts: which tells of the key and not its secret", async () => {
    const visitor = await signInTwice("alice", NEW, { javaScriptEnabled: false });
    const { page } = visitor;
    await fillIn(page, "Loaded anew");
    await page.getByRole("button", { name: "Create key" }).click();
    const key = await secretOf(visitor);
    const again = await page.reload();
    expect(again?.status()).toBe(409);
    expect(await page.content()).not.toContain(key);
    await page.getByRole("button", { name: "Open the key" }).click();
    expect(await page.getByRole("heading", { level: 1 }).innerText()).toContain("Loaded anew");
    expect(await keysNamed("Loaded anew")).toHaveLength(1);
  });
});

describe("a form that was filled in", () => {
  test("leaves no entry in the history when it is not taken, and is read out from what is wrong", async () => {
    const visitor = await signInTwice("alice", NEW);
    const { page } = visitor;
    const before = await page.evaluate<number>("history.length");
    await page.getByLabel("Allowed addresses").fill("nowhere");
    for (let i = 0; i < 2; i++) {
      await submit(visitor, "Create key");
      await page.getByRole("alert").getByRole("link", { name: "Name" }).waitFor();
      expect(await page.evaluate("document.activeElement.getAttribute('role')")).toBe("alert");
    }
    expect(await page.evaluate("history.length")).toBe(before);
    expect(await page.getByLabel("Allowed addresses").inputValue()).toBe("nowhere");
    await page.getByLabel("Allowed addresses").fill("192.0.2.1");
    await page.getByText("Your own address").waitFor();
    expect(await visitor.axe()).toEqual([]);
  });

  test("asks before it is lost, and not when it is empty or was sent", async () => {
    const visitor = await signInTwice("alice", NEW);
    const { page } = visitor;
    const asked: string[] = [];
    page.on("dialog", (dialog) => {
      asked.push(dialog.type());
      void dialog.dismiss();
    });
    await page.getByRole("heading", { name: "New key" }).click();
    await page.goto("/-/console/account");
    await page.goto("/-/console/keys/new");
    expect(asked).toEqual([]);
    await page.getByLabel("Name", { exact: true }).fill("Half done");
    await page.getByRole("link", { name: "Usage" }).click();
    await expect.poll(() => asked).toEqual(["beforeunload"]);
    // Another form of the page loses it as a link does, and can be sent again by somebody who stays.
    for (const times of [2, 3]) {
      await page.getByRole("button", { name: "Sign out" }).click();
      await expect.poll(() => asked.length).toBe(times);
    }
    await page.locator("html:not([data-busy])").waitFor();
    expect(await page.getByLabel("Name", { exact: true }).inputValue()).toBe("Half done");
    await page.getByLabel("Every vault").check();
    await submit(visitor, "Create key");
    await page.getByText("Store the key now").waitFor();
    expect(asked).toHaveLength(3);
  });
});

describe("with the keyboard alone", () => {
  test("a key is made, and its secret acknowledged", async () => {
    const visitor = await signInTwice("bob", NEW);
    const { page } = visitor;
    const tabTo = async (name: string) => {
      for (let i = 0; i < 60 && (await focusedName(page)) !== name; i++) await page.keyboard.press("Tab");
      expect(await focusedName(page)).toBe(name);
    };
    await tabTo("name");
    await page.keyboard.type("By keyboard");
    await tabTo("addresses");
    await page.keyboard.type("127.0.0.1");
    await tabTo("expiry");
    await page.keyboard.press("ArrowUp");
    await tabTo("rateRequests");
    await page.keyboard.type("9");
    const shown = page.waitForURL(/\/keys\/key_/);
    await page.keyboard.press("Enter");
    await shown;
    expect(await secretOf(visitor)).toMatch(FORM);
    while ((await page.evaluate("document.activeElement.type")) !== "checkbox")
      await page.keyboard.press("Tab");
    await page.keyboard.press("Space");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "By keyboard" }).waitFor();
    expect((await keysNamed("By keyboard"))[0]).toMatchObject({ rateLimit: { requests: 9 } });
  });
});

describe("without scripts", () => {
  test("a key is made, with scopes added and taken away, and checked before", async () => {
    const visitor = await signIn("alice", { javaScriptEnabled: false });
    const { page } = visitor;
    await page.goto("/-/console/keys/new");
    await page.getByRole("link", { name: "Show it first" }).click();
    await pickPerson(visitor, "alice");
    await page.waitForURL("**/keys/new");
    expect(await page.getByText("Show it first").count()).toBe(0);

    await fillIn(page, "Plain");
    await page.getByRole("button", { name: "Add a scope" }).click();
    await page.getByRole("group", { name: "Scope 2" }).getByLabel("view").selectOption("address");
    await page.getByRole("button", { name: "Add a scope" }).click();
    await page.getByRole("button", { name: "Remove scope 1" }).click();
    await page.getByRole("button", { name: "Remove scope 2" }).click();
    await page.getByLabel("Allowed addresses").fill("0.0.0.0/0");
    await page.getByRole("button", { name: "Bring this up to date" }).click();
    await page.getByText("as good as no restriction").waitFor();
    await page.getByText("4 of 7 operations").waitFor();
    await page.getByRole("button", { name: "Create key" }).click();
    expect(await secretOf(visitor)).toMatch(FORM);
    expect((await keysNamed("Plain"))[0]).toMatchObject({ scopes: [{ resource: "vault/#/address" }] });
    // Nothing that only scripts can do is offered.
    expect(await page.getByRole("button").allInnerTexts()).toEqual(["Done"]);
  });
});

describe("hundreds of vaults", () => {
  const ids = Array.from({ length: 300 }, (_, i) => `vault_${String(i).padStart(4, "0")}`);
  const shown = ({ page }: Visitor) => page.locator("#vault-ticks label:visible").count();

  test("are found by a part of their ids, and those ticked stay in sight", async () => {
    const roles = Object.fromEntries(ids.map((id) => [id, ["developer"]]));
    const user = { name: "Of 300 vaults", vaultRoles: roles };
    const { id } = (await alice("POST", "/-/service-users", user)).body as { id: string };
    const plain = await signIn("alice", { javaScriptEnabled: false });
    await plain.page.goto(`/-/console/keys/new?owner=${id}`);
    expect(await shown(plain)).toBe(300);
    expect(await plain.page.getByLabel("Find a vault").isVisible()).toBe(false);

    const visitor = await signInTwice("alice", `/keys/new?owner=${id}`);
    const { page } = visitor;
    await page.getByLabel("Name", { exact: true }).fill("Of two vaults");
    for (const [part, left] of [
      ["0077", 1],
      ["_029", 11],
    ] as const) {
      await page.getByLabel("Find a vault").fill(part);
      expect(await shown(visitor)).toBe(left);
      await page.getByLabel("Find a vault").press("Enter");
      await page.locator("#vault-ticks label:visible").last().click();
    }
    expect(await visitor.axe()).toEqual([]);
    await submit(visitor, "Create key");
    expect((await keysNamed("Of two vaults"))[0]).toMatchObject({ vaults: ["vault_0077", "vault_0299"] });
  });
});

describe("without a connection", () => {
  test("nothing is sent, the form stays as it is, and goes on once there is one", async () => {
    const visitor = await signInTwice("alice", NEW);
    const { page } = visitor;
    await fillIn(page, "Offline for a while");
    await page.waitForLoadState("networkidle");
    await page.context().setOffline(true);
    await page.getByRole("button", { name: "Create key" }).click();
    await page.getByRole("alert").getByText("No connection").waitFor();
    expect(await page.getByLabel("Name", { exact: true }).inputValue()).toBe("Offline for a while");
    expect(await visitor.axe()).toEqual([]);
    await page.getByLabel("Description").fill("Typed meanwhile");
    await page.locator("#reach-trouble", { hasText: "no connection" }).waitFor();
    await page.context().setOffline(false);
    expect(visitor.takeProblems().every((problem) => problem.includes("ERR_INTERNET_DISCONNECTED"))).toBe(
      true,
    );
    await submit(visitor, "Create key");
    expect(await keysNamed("Offline for a while")).toHaveLength(1);
  });

  test("that breaks off without the browser knowing, it is the same", async () => {
    const visitor = await signInTwice("alice", NEW);
    const { page } = visitor;
    await fillIn(page, "Cut off");
    await page.waitForLoadState("networkidle");
    await page.route("**/assets/icon*", (route) => route.abort("connectionreset"));
    await page.getByRole("button", { name: "Create key" }).click();
    await page.getByRole("alert").getByText("Nothing was sent").waitFor();
    expect(visitor.takeProblems()).toEqual([expect.stringContaining("ERR_CONNECTION_RESET")]);
    expect(await keysNamed("Cut off")).toEqual([]);
  });

  test.each([
    [
      "a limit",
      { status: 429, contentType: "text/plain", body: "Slow down", headers: { "Retry-After": "30" } },
    ],
    ["an outage", { status: 503, body: "" }],
    ["a stranger's page", { status: 200, contentType: "text/html", body: "<h1>Are you a robot?</h1>" }],
    ["a connection that breaks off", null],
  ])("%s in place of the answer leaves the form, and claims nothing", async (name, stranger) => {
    const visitor = await signInTwice("alice", NEW);
    const { page } = visitor;
    await fillIn(page, name);
    await page.waitForLoadState("networkidle");
    await page.route("**/keys/new", async (route) => {
      if (route.request().headers()["x-console-in-place"] === undefined) return route.continue();
      await route.fetch();
      return stranger === null ? route.abort("connectionreset") : route.fulfill(stranger);
    });
    await page.getByRole("button", { name: "Create key" }).click();
    const said = page.getByRole("alert").filter({ hasText: "did not answer" });
    await said.getByText("It may or may not have been done.").waitFor();
    expect(await said.innerText()).toContain(stranger?.status === 429 ? "in 30 seconds" : "in a moment");
    expect(await page.getByLabel("Name", { exact: true }).inputValue()).toBe(name);
    expect(await page.getByText("Are you a robot?").count()).toBe(0);
    // It is not lost without a question either.
    const leaves = "window.dispatchEvent(new Event('beforeunload', { cancelable: true }))";
    expect(await page.evaluate(leaves)).toBe(false);
    visitor.takeProblems();
    visitor.takeProblems();
    await page.unroute("**/keys/new");
    await page.getByRole("button", { name: "Create key" }).click();
    await page.getByRole("heading", { name: "This key was already created" }).waitFor();
    expect(await keysNamed(name)).toHaveLength(1);
  });
});
