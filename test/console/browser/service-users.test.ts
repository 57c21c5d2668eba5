import { afterAll, beforeAll, expect, test } from "vitest";
import type { ControlClient } from "../../../src/demo/control-client.ts";
import type { Page } from "../../support/browser.ts";
import { startConsole, type ConsoleProduct } from "../../support/console.ts";
import { visitorsOf } from "../../support/console-visitors.ts";
import { expectReadable, SCREENS } from "../../support/readable.ts";

const USERS = "/-/console/service-users";

interface ServiceUser {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly vaultRoles: Readonly<Record<string, readonly string[]>>;
  readonly active: boolean;
}

let product: ConsoleProduct;
let alice: ControlClient;
const visitors = visitorsOf(() => product);

beforeAll(async () => {
  product = await startConsole();
  alice = await product.control("alice");
});
afterAll(() => product.stop());

async function createUser(changes: object = {}): Promise<ServiceUser> {
  const fields = { name: "Reporter", vaultRoles: { vault_3f8a2c1d9b: ["developer"] }, ...changes };
  return (await alice("POST", "/-/service-users", fields)).body as ServiceUser;
}

async function createKey(ownerId: string, name: string): Promise<{ id: string; key: string }> {
  const fields = { name, scopes: ["vault:read"], vaults: ["vault_3f8a2c1d9b"], ownerId };
  return (await alice("POST", "/-/api-keys", fields)).body as { id: string; key: string };
}

async function read(id: string): Promise<ServiceUser> {
  return (await alice("GET", `/-/service-users/${id}`)).body as ServiceUser;
}

/** The id that the address names. */
function idIn(page: Page): string {
  return /svc_\w+/.exec(page.url())?.[0] ?? "";
}

test("says what a service user is when there is none", async () => {
  const visitor = await visitors.signIn("alice");
  await visitor.page.getByRole("link", { name: "Service users" }).click();
  await visitor.page.getByRole("heading", { name: "No service users yet" }).waitFor();
  await expectReadable(visitor);
});

test("is made with the keyboard alone, and leads to its first key", async () => {
  const visitor = await visitors.signInTwice("alice", "/service-users/new");
  const { page } = visitor;
  await page.getByLabel("Name").focus();
  await page.keyboard.type("Settlement engine");
  await page.keyboard.press("Tab");
  await page.keyboard.type("Reconciles balances");
  await page.keyboard.press("Tab");
  await page.keyboard.type("vault_3f8a2c1d9b, vault_b27e90c4d1");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/service-users/svc_*?done=created");
  await page.getByRole("status").waitFor();
  expect(await read(idIn(page))).toMatchObject({
    name: "Settlement engine",
    description: "Reconciles balances",
    vaultRoles: { vault_3f8a2c1d9b: ["developer"], vault_b27e90c4d1: ["developer"] },
    active: true,
  });
  const newKey = page.getByRole("button", { name: "New key" });
  expect(await newKey.getAttribute("href")).toBe(`/-/console/keys/new?owner=${idIn(page)}`);
  await expectReadable(visitor);
});

test("keeps what was filled in when the form is not taken", async () => {
  const visitor = await visitors.signInTwice("alice", "/service-users/new");
  const { page } = visitor;
  const description = "x".repeat(1_100_000);
  await page.getByLabel("Name").fill("Kept all along");
  await page.getByLabel("Description").fill(description);
  await page.getByRole("button", { name: "Create service user" }).click();
  await page.getByRole("heading", { name: "The form is too large" }).waitFor();
  await page.getByRole("button", { name: "Back to the form" }).click();
  await page.getByText("It was not sent again.").waitFor();
  expect(await page.getByLabel("Name").inputValue()).toBe("Kept all along");
  expect(await page.getByLabel("Description").inputValue()).toBe(description);
  await page.getByLabel("Description").fill("Shorter");
  await page.getByRole("button", { name: "Create service user" }).click();
  await page.waitForURL("**/service-users/svc_*?done=created");
  // Checks of what was typed are too large, too.
  const problems = visitor.takeProblems().filter((problem) => !problem.startsWith("413: "));
  expect(problems).toEqual([]);
});

test("is made and changed without scripts", async () => {
  const { page } = await visitors.signInTwice("alice", "/service-users/new", { javaScriptEnabled: false });
  await page.getByLabel("Name").fill("Plain");
  await page.getByLabel("Every vault, now and later").check();
  await page.getByRole("button", { name: "Create service user" }).click();
  await page.waitForURL("**/service-users/svc_*?done=created");
  const id = idIn(page);
  expect((await read(id)).vaultRoles).toEqual({ "*": ["developer"] });

  await page.getByRole("button", { name: "Edit" }).click();
  expect(await page.getByLabel("Every vault, now and later").isChecked()).toBe(true);
  await page.getByLabel("Every vault, now and later").uncheck();
  await page.getByLabel("Description").fill("Plainer");
  await page.getByRole("button", { name: "Save" }).click();
  await page.waitForURL("**?done=updated");
  expect(await read(id)).toMatchObject({ name: "Plain", description: "Plainer", vaultRoles: {} });
});

test("what a change takes from its keys is shown with numbers before it is saved", async () => {
  const roles = { vault_3f8a2c1d9b: ["developer"], vault_b27e90c4d1: ["developer"] };
  const { id } = await createUser({ name: "To be narrowed", vaultRoles: roles });
  const { key } = await createKey(id, "Its one key");
  expect(await product.call(key)).toBe(200);
  const visitor = await visitors.signIn("alice");
  const { page } = visitor;
  const narrow = async () => {
    await page.goto(`${USERS}/${id}/edit`);
    await page.getByLabel("Vault ids").fill("vault_b27e90c4d1");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("heading", { name: "Review the change" }).waitFor();
  };
  await narrow();
  await page.getByRole("heading", { name: "1 key loses something" }).waitFor();
  expect(await page.locator("tbody tr").last().innerText()).toMatch(/Its one key\s+Reaches nothing any more/);
  await expectReadable(visitor);
  expect((await read(id)).vaultRoles).toEqual(roles);
  await page.getByRole("button", { name: "Back to the form" }).click();
  expect(await page.getByLabel("Vault ids").inputValue()).toBe("vault_b27e90c4d1");
  expect((await read(id)).vaultRoles).toEqual(roles);

  await narrow();
  await page.getByRole("button", { name: "Save and narrow the keys" }).click();
  await page.waitForURL("**?done=updated");
  expect((await read(id)).vaultRoles).toEqual({ vault_b27e90c4d1: ["developer"] });
  expect(await product.call(key)).toBe(403);
});

test("the list tells how many keys each has and when they were used last, and is searched by name", async () => {
  const { id } = await createUser({ name: "Counted engine" });
  await createKey(id, "Counted key");
  const { page } = await visitors.signIn("alice");
  await page.goto(`${USERS}?q=counted`);
  const row = page.locator("tbody tr");
  expect(await row.count()).toBe(1);
  expect(await row.locator("td[data-label=Keys]").innerText()).toBe("1");
  expect(await row.locator("td[data-label='Last used']").innerText()).toBe("Never");
  await page.getByRole("searchbox", { name: "Name or id" }).fill("nobody is called that");
  await page.getByRole("button", { name: "Search" }).click();
  await page.getByRole("heading", { name: "No service user found" }).waitFor();
});

test("one with very many vaults and keys shows some of them, says so, and leads to the others", async () => {
  const vaults = ["vault_3f8a2c1d9b", ...Array.from({ length: 299 }, (_, i) => `vault_${i + 1}`)];
  const vaultRoles = Object.fromEntries(vaults.map((vault) => [vault, ["developer"]]));
  const { id } = await createUser({ name: "Of many vaults", vaultRoles });
  for (let i = 0; i < 11; i++) await createKey(id, `Of many ${i}`);
  const visitor = await visitors.signIn("alice");
  const { page } = visitor;
  await page.goto(`${USERS}?q=of many vaults`);
  expect((await page.locator("tbody tr").boundingBox())?.height).toBeLessThan(120);
  await page.goto(`${USERS}/${id}`);
  expect(await page.getByText("vault_299").isVisible()).toBe(false);
  await page.getByText("288 more").click();
  await page.getByText("vault_299").waitFor();
  await expectReadable(visitor);
  expect(await page.locator("nav.pages").innerText()).toMatch(/^The newest 10\s+All keys of Of many vaults$/);
  await page.getByRole("link", { name: "All keys of Of many vaults" }).click();
  await page.getByText("1–11 of 11").waitFor();
});

test.each([
  ["Name", "a".repeat(101), "Must have at most 100 characters"],
  ["Name", " ", "Must not be empty"],
  ["Description", "a".repeat(501), "Must have at most 500 characters"],
  ["Vault ids", "vault/1", "Not the id of a vault: vault/1"],
])(
  "a %s that cannot be is told where it was filled in, with all else as it was",
  async (label, value, problem) => {
    const visitor = await visitors.signIn("alice");
    const { page } = visitor;
    await page.goto(`${USERS}/new`);
    await page.getByLabel("Name").fill("Kept");
    await page.getByLabel("Every vault, now and later").uncheck();
    await page.getByLabel(label).fill(value);
    const answer = page.waitForResponse((response) => response.request().method() === "POST");
    await page.getByRole("button", { name: "Create service user" }).click();
    // It is drawn in the form's place, and has no status that browsers would log as an error.
    expect((await answer).status()).toBe(200);
    const wrong = page.getByLabel(label);
    await page.getByRole("alert").waitFor();
    expect(await wrong.getAttribute("aria-invalid")).toBe("true");
    expect(await wrong.inputValue()).toBe(value.trim());
    expect(await page.evaluate("document.activeElement.getAttribute('role')")).toBe("alert");
    const description = (await wrong.getAttribute("aria-describedby")) ?? "";
    expect(await page.locator(`#${description.split(" ").at(-1)}`).innerText()).toBe(problem);
    if (label !== "Name") expect(await page.getByLabel("Name").inputValue()).toBe("Kept");
    await expectReadable(visitor);
  },
);

test("is deactivated after a question that names what it costs; its keys are dead when it is answered", async () => {
  const { id } = await createUser({ name: "To be stopped" });
  const { key } = await createKey(id, "Its key");
  expect(await product.call(key)).toBe(200);
  const visitor = await visitors.signInTwice("alice", `/service-users/${id}`);
  const { page } = visitor;
  await page.getByRole("link", { name: "Its key", exact: true }).waitFor();
  await page.getByRole("button", { name: "Deactivate" }).click();
  await page.getByText("Its one key, “Its key”, is revoked at once, everywhere.").waitFor();
  await expectReadable(visitor);
  await page.getByRole("button", { name: "Deactivate" }).click();
  await page.waitForURL("**?done=deactivated");
  expect(await product.call(key)).toBe(401);
  expect((await read(id)).active).toBe(false);
  expect(await page.getByRole("button", { name: "New key" }).count()).toBe(0);
  await page.getByRole("cell", { name: "Revoked" }).waitFor();

  await page.getByRole("button", { name: "Activate" }).click();
  await page.getByRole("button", { name: "Activate" }).click();
  await page.waitForURL("**?done=activated");
  expect((await read(id)).active).toBe(true);
  expect(await product.call(key)).toBe(401);
});

test("is left as it is when the question is answered with no", async () => {
  const { id } = await createUser({ name: "To be kept" });
  const { page } = await visitors.signIn("alice");
  for (const question of ["deactivate", "delete"]) {
    await page.goto(`${USERS}/${id}/${question}`);
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.waitForURL(`**/service-users/${id}`);
  }
  expect((await read(id)).active).toBe(true);
});

test("is deleted after a question; its keys stay on record", async () => {
  const { id } = await createUser({ name: "To be deleted" });
  const { key, id: keyId } = await createKey(id, "Left behind");
  const visitor = await visitors.signIn("alice");
  const { page } = visitor;
  await page.goto(`${USERS}/${id}`);
  await page.getByRole("button", { name: "Delete" }).click();
  await expectReadable(visitor);
  await page.getByRole("button", { name: "Delete" }).click();
  await page.waitForURL("**/service-users?done=deleted");
  expect(await page.locator("tbody th a").allInnerTexts()).not.toContain("To be deleted");
  expect(await product.call(key)).toBe(401);
  expect((await page.goto(`${USERS}/${id}/edit`))?.status()).toBe(404);
  expect((await page.goto(`${USERS}/svc_${"0".repeat(32)}`))?.status()).toBe(404);
  await page.goto(`/-/console/keys/${keyId}`);
  await page.getByRole("definition").filter({ hasText: "Owner deactivated" }).first().waitFor();
  await page.getByRole("link", { name: "To be deleted" }).first().click();
  await page.getByRole("heading", { name: "To be deleted Deleted" }).waitFor();
  await expectReadable(visitor);
  await page.getByRole("link", { name: "Left behind" }).waitFor();
});

test("an edit that had to wait for a sign-in comes back as it was filled in", async () => {
  const roles = ["vault_a", "vault_b", "vault_c"].map((vault) => [vault, ["developer"]] as const);
  const { id } = await createUser({ name: "Before", vaultRoles: Object.fromEntries(roles) });
  const { page } = await visitors.signIn("alice");
  await page.goto(`${USERS}/${id}/edit`);
  await page.getByLabel("Name").fill("After");
  await page.getByLabel("Vault ids").fill("vault_a\nvault_b");
  await page.context().clearCookies({ name: "portcullis-session" });
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("heading", { name: /^Edit / }).waitFor();
  await expect.poll(() => page.getByLabel("Name").inputValue()).toBe("After");
  expect(await page.getByLabel("Vault ids").inputValue()).toBe("vault_a\nvault_b");
  expect((await read(id)).name).toBe("Before");
  await page.getByRole("button", { name: "Save" }).click();
  await page.waitForURL("**?done=updated");
  expect((await read(id)).name).toBe("After");
});

test("the list comes in pages, the oldest first", async () => {
  for (let i = 1; i <= 30; i++) await createUser({ name: `Paged ${i}` });
  const { page } = await visitors.signIn("alice");
  await page.goto(USERS);
  expect(await page.locator("tbody th a").count()).toBe(25);
  await page.getByRole("link", { name: "Next page" }).click();
  await page.getByRole("link", { name: "Paged 30" }).waitFor();
  await page.getByRole("link", { name: "First page" }).click();
  await page.waitForURL(`**${USERS}`);
});

test.each(["light", "dark"] as const)("every page can be read by everybody in %s", async (colorScheme) => {
  const { id } = await createUser({
    name: "A name that is as long as names are, which is quite long for a name",
  });
  await createKey(id, "A key");
  for (const viewport of Object.values(SCREENS)) {
    const visitor = await visitors.signIn("alice", { colorScheme, viewport });
    for (const path of [
      "",
      "/new",
      `/${id}`,
      `/${id}/edit`,
      `/${id}/deactivate`,
      `/${id}/delete`,
      "/svc_0",
    ]) {
      await visitor.page.goto(USERS + path);
      await expectReadable(visitor);
    }
  }
});
