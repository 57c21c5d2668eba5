import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { ControlClient } from "../../../src/demo/control-client.ts";
import type { Page } from "../../support/browser.ts";
import { startConsole, type ConsoleProduct } from "../../support/console.ts";
import { submit, untilToldOf, visitorsOf } from "../../support/console-visitors.ts";

const TREASURY = "vault_3f8a2c1d9b";

interface Made {
  readonly id: string;
  readonly key: string;
}

let product: ConsoleProduct;
let alice: ControlClient;
let made: Made;
beforeAll(async () => {
  product = await startConsole({ MAX_KEYS_PER_OWNER: "1000" });
  alice = await product.control("alice");
});
afterAll(() => product.stop());
beforeEach(async () => {
  made = await create();
});
const { signIn } = visitorsOf(() => product);

async function create(changes: object = {}, as = alice): Promise<Made> {
  const body = { name: "Ledger", scopes: ["vault:read"], vaults: "*", ...changes };
  return (await as("POST", "/-/api-keys", body)).body as Made;
}

async function read(): Promise<Record<string, unknown>> {
  return (await alice("GET", `/-/api-keys/${made.id}`)).body as Record<string, unknown>;
}

const edit = (page: Page) => page.goto(`/-/console/keys/${made.id}/edit`);

describe("an edit", () => {
  test("that narrows says how many calls of the last day it would have refused, and why, before it is saved", async () => {
    for (let i = 0; i < 3; i++) await product.call(made.key, `/v1/vaults/${TREASURY}/balances`);
    await product.call(made.key, "/v1/vaults");
    const visitor = await signIn("alice");
    const { page } = visitor;
    await page.goto(`/-/console/keys/${made.id}`);
    await untilToldOf(visitor, "main", /Succeeded\s+4/);
    await page
      .getByRole("link", { name: "Edit" })
      .or(page.getByRole("button", { name: "Edit" }))
      .click();
    await page.getByRole("group", { name: "Scope 1" }).getByLabel("view").selectOption("transaction");
    await submit(visitor, "Review the change");
    const warning = await page.locator(".banner.warn:visible").innerText();
    expect(warning).toContain("This would have refused 3 calls in the last 24 hours");
    expect(warning).toContain("no scope would allow them");
    expect(warning).toContain(`vault/${TREASURY}/balance`);
    expect(warning).toContain("1 call of a list would have shown less");
    expect(await page.locator(".differences tbody").innerText()).toMatch(
      /Scopes\s+vault:read\s+vault\/#\/transaction:read/,
    );
    expect(await visitor.axe()).toEqual([]);
    expect(await read()).toMatchObject({ version: 1 });

    await submit(visitor, "Save and refuse those calls");
    await page.getByText("The change is saved and in force everywhere.").waitFor();
    expect(await product.call(made.key, `/v1/vaults/${TREASURY}/balances`)).toBe(404);
    expect(await read()).toMatchObject({ version: 2, scopes: [{ resource: "vault/#/transaction" }] });
  });

  test("can be gone on with after the warning, with everything as it was", async () => {
    const visitor = await signIn("alice");
    const { page } = visitor;
    await edit(page);
    await page.getByLabel("Only these").check();
    await page.getByLabel("Vault ids").fill("vault_1\nvault_2");
    await page.getByLabel("Allowed addresses").fill("10.0.0.0/8");
    await submit(visitor, "Review the change");
    await page.getByText("let no call through").waitFor();
    await submit(visitor, "Go on editing");
    expect(await page.getByLabel("Vault ids").inputValue()).toBe("vault_1\nvault_2");
    expect(await page.getByLabel("Allowed addresses").inputValue()).toBe("10.0.0.0/8");
  });

  test("of nothing but its name is saved at once", async () => {
    const visitor = await signIn("alice");
    const { page } = visitor;
    await edit(page);
    await page.getByLabel("Name", { exact: true }).fill("Renamed");
    await submit(visitor, "Review the change");
    await page.getByRole("heading", { name: "Renamed" }).waitFor();
    expect(await read()).toMatchObject({ name: "Renamed", version: 2 });
  });

  test("is not checked any more once it is sent, however long the answer takes", async () => {
    const { page } = await signIn("alice");
    await edit(page);
    const checks: string[] = [];
    page.on("request", (request) => {
      if (/name="do"\s+check/.test(request.postData() ?? "")) checks.push(request.url());
    });
    await page.route("**/edit", async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 1000));
      await route.continue();
    });
    await page.evaluate(`{
      const form = document.querySelector("form[data-live]");
      form.elements.namedItem("name").value = "Renamed";
      form.elements.namedItem("name").dispatchEvent(new Event("input", { bubbles: true }));
      form.requestSubmit([...form.querySelectorAll("button")].find((b) => b.value === "review"));
    }`);
    await page.getByRole("heading", { name: "Renamed" }).waitFor();
    expect(checks).toEqual([]);
  });

  test("that somebody else's change came before is not saved, but shown with what the key has now", async () => {
    const visitor = await signIn("alice");
    const { page } = visitor;
    await edit(page);
    const checked = page.waitForResponse((response) => response.request().resourceType() === "xhr");
    await page.getByLabel("Description").fill("Mine");
    await checked;
    await alice("PATCH", `/-/api-keys/${made.id}`, { description: "Theirs", name: "Their name" });
    await submit(visitor, "Review the change");
    const said = page.getByRole("alert");
    expect(await said.innerText()).toMatch(/was changed in the meantime[\s\S]*Description\s+Theirs/);
    expect(await page.getByLabel("Description").inputValue()).toBe("Mine");
    expect(await visitor.axe()).toEqual([]);
    expect(await read()).toMatchObject({ description: "Theirs", version: 2 });

    await page.getByLabel("Name", { exact: true }).fill("Their name");
    await submit(visitor, "Review the change");
    expect(await read()).toMatchObject({ description: "Mine", name: "Their name", version: 3 });
  });

  test("that is overtaken between review and saving is not saved either", async () => {
    const visitor = await signIn("alice");
    const { page } = visitor;
    await edit(page);
    await page.getByLabel("Allowed addresses").fill("10.0.0.0/8");
    await submit(visitor, "Review the change");
    await alice("PATCH", `/-/api-keys/${made.id}`, { allowedIps: ["192.0.2.1"] });
    await submit(visitor, "Save the change");
    expect(await page.getByRole("alert").innerText()).toMatch(/Allowed addresses\s+192\.0\.2\.1/);
    expect(await read()).toMatchObject({ allowedIps: ["192.0.2.1"] });
    await page.getByRole("link", { name: "start again from the key's current settings" }).click();
    await expect.poll(() => page.getByLabel("Allowed addresses").inputValue()).toBe("192.0.2.1");
  });

  test.each([
    [
      "Name",
      (page: Page) => page.getByLabel("Name", { exact: true }).fill("x".repeat(101)),
      "100 characters",
    ],
    [
      "Allowed addresses",
      (page: Page) => page.getByLabel("Allowed addresses").fill("nowhere"),
      "not an IPv4",
    ],
    [
      "Expiry",
      async (page: Page) => {
        await page.getByLabel("Until the end of a day").check();
        await page.getByLabel("Last day").fill("");
      },
      "Choose the last day",
    ],
  ])("that cannot be is said at the field: %s", async (field, spoil, problem) => {
    const visitor = await signIn("alice");
    const { page } = visitor;
    await edit(page);
    await spoil(page);
    await submit(visitor, "Review the change");
    expect(await page.getByRole("alert").innerText()).toContain(problem);
    expect(await page.getByRole("alert").getByRole("link").innerText()).toBe(field);
    expect(await read()).toMatchObject({ version: 1 });
  });

  test("of a person's key by an admin goes by what the admin types, for the owner's vaults are not told", async () => {
    made = await create({ name: "Bob's", vaults: [TREASURY] }, await product.control("bob"));
    const visitor = await signIn("alice");
    const { page } = visitor;
    await page.goto(`/-/console/keys/${made.id}`);
    expect(await page.getByRole("button", { name: "Rotate" }).count()).toBe(0);
    await edit(page);
    await page.getByText("Limited by the owner's roles").waitFor();
    await page.getByLabel("Vault ids").fill(`${TREASURY}\nvault_of_others`);
    await submit(visitor, "Review the change");
    expect(await page.getByRole("alert").innerText()).toContain(
      "does not hold the Developer role on vault_of_others",
    );
  });

  test("comes back when the session has ended at the review", async () => {
    const visitor = await signIn("alice");
    const { page } = visitor;
    await edit(page);
    await page.getByLabel("Allowed addresses").fill("10.0.0.0/8");
    await page.getByRole("button", { name: "Add a scope" }).click();
    await page.getByRole("group", { name: "Scope 2" }).getByLabel("vaultId").fill("vault_9");
    await submit(visitor, "Review the change");
    await page.context().clearCookies({ name: "portcullis-session" });
    await submit(visitor, "Save the change");
    await page.getByText("You are signed in again").waitFor();
    await expect
      .poll(() => page.getByRole("group", { name: "Scope 2" }).getByLabel("vaultId").inputValue())
      .toBe("vault_9");
    expect(await page.getByLabel("Allowed addresses").inputValue()).toBe("10.0.0.0/8");
    await submit(visitor, "Review the change");
    await submit(visitor, "Save the change");
    expect(await read()).toMatchObject({ allowedIps: ["10.0.0.0/8"], version: 2 });
  });

  test("works without scripts", async () => {
    const visitor = await signIn("alice", { javaScriptEnabled: false });
    const { page } = visitor;
    await edit(page);
    await page.getByLabel("Requests").fill("7");
    await page.getByRole("button", { name: "Review the change" }).click();
    await page.getByRole("button", { name: "Save the change" }).click();
    await page.getByText("in force everywhere").waitFor();
    expect(await read()).toMatchObject({ rateLimit: { requests: 7, windowSeconds: 60 } });
  });
});

test("a revoked key offers nothing but to be looked at", async () => {
  await alice("DELETE", `/-/api-keys/${made.id}`);
  const visitor = await signIn("alice");
  await visitor.page.goto(`/-/console/keys/${made.id}`);
  for (const name of ["Edit", "Rotate", "Disable", "Enable", "Revoke"]) {
    expect(await visitor.page.getByRole("button", { name }).count()).toBe(0);
  }
  for (const action of ["edit", "rotate", "disable", "enable", "revoke"]) {
    const answer = await visitor.page.goto(`/-/console/keys/${made.id}/${action}`);
    expect([action, answer?.status()]).toEqual([action, 409]);
    await visitor.page.getByRole("heading", { name: "This key is revoked" }).waitFor();
  }
  expect(await visitor.axe()).toEqual([]);
});

test("another person's key cannot be changed, for it is not there", async () => {
  const visitor = await signIn("bob");
  for (const action of ["edit", "rotate", "disable", "enable", "revoke"]) {
    const answer = await visitor.page.goto(`/-/console/keys/${made.id}/${action}`);
    expect([action, answer?.status()]).toEqual([action, 404]);
  }
});
