import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ControlClient } from "../../../src/demo/control-client.ts";
import type { Page } from "../../support/browser.ts";
import { pickPerson, startConsole, type ConsoleProduct } from "../../support/console.ts";
import { visitorsOf } from "../../support/console-visitors.ts";
import { expectReadable, SCREENS } from "../../support/readable.ts";
import { startReceiver } from "../../support/webhook-receiver.ts";

const ORGANIZATION = "/-/console/organization";

let product: ConsoleProduct;
let alice: ControlClient;
const visitors = visitorsOf(() => product);

beforeAll(async () => {
  product = await startConsole({}, { bootstrap: false });
  alice = await product.control("alice");
});
afterAll(() => product.stop());

/** How often something is on record as done. */
async function times(action: string): Promise<number> {
  const { body } = await alice("GET", `/-/audit-events?action=${action}`);
  return (body as { data: { outcome: string }[] }).data.filter(({ outcome }) => outcome === "done").length;
}

/** What a page says of something. */
function factOf(page: Page, name: string): Promise<string> {
  const term = page.getByText(name, { exact: true });
  return page.locator(".facts > div").filter({ has: term }).locator("dd").first().innerText();
}

/** The secret on the page that shows one. */
function secretOn(page: Page): Promise<string> {
  return page.getByLabel("The secret").innerText();
}

describe("an organisation that is not set up", () => {
  test("says so to admins on every page, and to nobody else", async () => {
    const visitor = await visitors.signIn("alice");
    for (const path of [
      "keys",
      "all-keys",
      "usage",
      "audit",
      "account",
      "organization",
      "service-users",
      "nothing",
    ]) {
      await visitor.page.goto(`/-/console/${path}`);
      await visitor.page.getByRole("heading", { name: "Set org_demo up" }).waitFor();
      await expectReadable(visitor);
    }
    const bob = await visitors.signIn("bob");
    await bob.page.goto("/-/console/account");
    expect(await bob.page.getByRole("heading", { name: "Set org_demo up" }).count()).toBe(0);
  });

  test("is set up by one press, once; whoever was slower finds it done", async () => {
    const slower = await visitors.signIn("alice");
    await slower.page.goto("/-/console/usage");
    const { page } = await visitors.signIn("alice");
    await page.goto("/-/console/audit");
    await page.getByRole("button", { name: "Set the organisation up" }).click();
    await page.waitForURL("**/organization?done=bootstrapped");
    await page.getByText("The organisation is set up.").waitFor();
    await slower.page.getByRole("button", { name: "Set the organisation up" }).click();
    await slower.page.waitForURL("**/organization?done=bootstrapped");
    await page.goto("/-/console/keys");
    expect(await page.getByRole("button", { name: "Set the organisation up" }).count()).toBe(0);
    expect(await times("organization.bootstrapped")).toBe(1);
  });
});

describe("the signing key", () => {
  test("is rotated after a question and a second factor, by one press", async () => {
    const visitor = await visitors.signIn("alice");
    const { page } = visitor;
    await page.goto(ORGANIZATION);
    await page.getByRole("button", { name: "Rotate" }).click();
    await expectReadable(visitor);
    await page.getByRole("button", { name: "Publish the next signing key" }).click();
    // The way there is through a page that says what for.
    await page.waitForURL(/\/oidc\//);
    expect(await times("signing_key.rotated")).toBe(0);
    await pickPerson(visitor, "alice");
    await page.waitForURL("**/organization?done=rotated");
    const { keys } = (await (await page.request.get("/-/organizations/org_demo/jwks.json")).json()) as {
      keys: unknown[];
    };
    expect(keys).toHaveLength(2);
    await page.getByRole("button", { name: "Rotate" }).click();
    await page.getByRole("heading", { name: "The next signing key is published already" }).waitFor();
    expect(await page.getByRole("button", { name: "Publish the next signing key" }).count()).toBe(0);
    await expectReadable(visitor);
  });
});

describe("the SCIM token", () => {
  test("is made after a second factor, is shown once, and works", async () => {
    const visitor = await visitors.signIn("alice");
    const { page } = visitor;
    const before = await times("scim_token.created");
    await page.goto(ORGANIZATION);
    expect(await factOf(page, "Token")).toBe("None");
    await page.getByRole("button", { name: "Create a token" }).click();
    expect(await page.getByText("stops working at once").count()).toBe(0);
    await page.getByRole("button", { name: "Create the token" }).click();
    await page.waitForURL(/\/oidc\//);
    expect(await times("scim_token.created")).toBe(before);
    await pickPerson(visitor, "alice");
    const token = await secretOn(page);
    await expectReadable(visitor);
    expect(await statusOf(token)).toBe(200);
    expect(page.url()).not.toContain(token);

    // Nobody goes on without having said that it is kept.
    await page.getByRole("button", { name: "Done" }).click();
    expect(await page.getByLabel("The secret").count()).toBe(1);
    await page.getByLabel("I have stored it in a safe place").check();
    await page.getByRole("button", { name: "Done" }).click();
    await page.waitForURL(/\/organization\??$/);
    expect(await page.content()).not.toContain(token);
    expect(product.logs.join()).not.toContain(token);
  });

  test.each([true, false])(
    "is shown and made no second time, with scripts: %s",
    async (javaScriptEnabled) => {
      const visitor = await visitors.signInTwice("alice", "/organization/scim-token", { javaScriptEnabled });
      const { page } = visitor;
      const before = await times("scim_token.created");
      await page.getByRole("button", { name: /^(Create|Replace) the token$/ }).click();
      const token = await secretOn(page);
      await page.getByLabel("I have stored").check();
      await page.reload();
      // Scripts see to it that loading the page again leads on; without them the form is sent again.
      const heading = javaScriptEnabled ? "Organisation" : "This form is out of date";
      await page.getByRole("heading", { name: heading, exact: true }).waitFor();
      expect(await times("scim_token.created")).toBe(before + 1);
      expect(await statusOf(token)).toBe(200);

      await page.goto(ORGANIZATION);
      // A browser that has not kept the page sends no form again without being asked to.
      await page.goBack().catch(() => {});
      visitor.takeProblems();
      expect(await page.getByText(token).count()).toBe(0);
      expect(await times("scim_token.created")).toBe(before + 1);
    },
  );

  test("is told of with its age, its maker and its last use, and a new one says what it ends", async () => {
    const visitor = await visitors.signIn("alice");
    const { page } = visitor;
    const { token } = (await alice("POST", "/-/organization/scim-token")).body as { token: string };
    await page.goto(ORGANIZATION);
    expect(await factOf(page, "Token")).toMatch(
      /^Made \d+ \w+ 20\d\d, \d\d:\d\d UTC \(just now\) by Alice Andersson$/,
    );
    expect(await factOf(page, "Last used")).toBe("Never");
    expect(await statusOf(token)).toBe(200);
    await page.reload();
    expect(await factOf(page, "Last used")).toMatch(/just now/);
    await page.getByRole("button", { name: "Replace the token" }).click();
    await page.getByText("The current token stops working at once.").waitFor();
    expect(await factOf(page, "Token")).toMatch(/by Alice Andersson$/);
    await expectReadable(visitor);
  });

  async function statusOf(token: string): Promise<number> {
    const headers = { Authorization: `Bearer ${token}` };
    return (await fetch(`${product.url}/-/scim/v2/ServiceProviderConfig`, { headers })).status;
  }
});

describe("the webhook", () => {
  test("is set up after a second factor with its secret shown once, told of with a test, changed and deleted", async () => {
    const receiver = await startReceiver();
    const visitor = await visitors.signIn("alice");
    const { page } = visitor;
    await page.goto(ORGANIZATION);
    await page.getByRole("button", { name: "Set up" }).click();
    await expectReadable(visitor);
    await page.getByLabel("Where events go").fill("ftp://hooks.example.com/");
    await page.getByLabel("Description").fill("For the on-call team");
    await page.getByRole("button", { name: "Set the webhook up" }).click();
    await page.getByRole("alert").waitFor();
    await expectReadable(visitor);
    expect(await page.getByLabel("Where events go").getAttribute("aria-invalid")).toBe("true");
    expect(await page.getByLabel("Description").inputValue()).toBe("For the on-call team");

    await page.getByLabel("Where events go").fill(receiver.url);
    await page.getByRole("button", { name: "Set the webhook up" }).click();
    await page.getByRole("button", { name: "Alice Andersson" }).waitFor();
    expect((await alice("GET", "/-/organization/webhook")).status).toBe(404);
    await pickPerson(visitor, "alice");
    const secret = await secretOn(page);
    expect(secret).toMatch(/^whsec_/);
    await page.getByLabel("I have stored it in a safe place").check();
    await page.getByRole("button", { name: "Done" }).click();

    await page.getByRole("button", { name: "Send a test event" }).click();
    await page.waitForURL("**?done=tested");
    await expect
      .poll(async () => {
        await page.reload();
        return page.locator("tbody .badge").allInnerTexts();
      })
      .toEqual(["Delivered"]);
    await expectReadable(visitor);

    for (let i = 0; i < 26; i++) await alice("POST", "/-/organization/webhook/test");
    await page.goto(`${ORGANIZATION}/webhook`);
    await page.getByRole("link", { name: "Next page" }).click();
    await page.waitForURL(/cursor=/);
    await page.getByText("26–27 of 27").waitFor();
    await page.getByRole("link", { name: "Previous page" }).click();
    await page.getByText("1–25").waitFor();
    expect(page.url()).not.toContain("cursor=");

    const arrived = receiver.received.length;
    await page.getByRole("button", { name: "Resend webhook.test" }).last().click();
    await page.waitForURL("**?done=resent");
    await expect.poll(() => receiver.received.length).toBeGreaterThan(arrived);
    await page.goto(ORGANIZATION);
    expect(await factOf(page, "Secret")).toMatch(/by Alice Andersson$/);
    await page.goto(`${ORGANIZATION}/webhook`);

    await page.getByRole("button", { name: "New secret" }).click();
    await page.getByRole("button", { name: "Make a new secret" }).click();
    expect(await secretOn(page)).not.toBe(secret);
    await page.goto(`${ORGANIZATION}/webhook`);
    await page.getByText("Messages are also signed with the previous secret until").waitFor();

    const changes = await times("webhook.updated");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Nothing was changed").waitFor();
    expect(await times("webhook.updated")).toBe(changes);
    await page.getByLabel("Pause deliveries").check();
    await page.getByRole("button", { name: "Save" }).click();
    await page.waitForURL("**?done=saved");
    expect(await page.getByRole("button", { name: "Send a test event" }).count()).toBe(0);

    await page.getByRole("button", { name: "Delete" }).click();
    await page.getByRole("button", { name: "Delete" }).click();
    await page.waitForURL("**/organization?done=webhook-deleted");
    expect((await alice("GET", "/-/organization/webhook")).status).toBe(404);
    await receiver.stop();
  });
});

test.each(["light", "dark"] as const)("every page can be read by everybody in %s", async (colorScheme) => {
  for (const viewport of Object.values(SCREENS)) {
    const visitor = await visitors.signIn("alice", { colorScheme, viewport });
    for (const path of [
      "",
      "/signing-key",
      "/scim-token",
      "/webhook",
      "/webhook/rotate-secret",
      "/webhook/delete",
    ]) {
      await visitor.page.goto(ORGANIZATION + path);
      await expectReadable(visitor);
    }
  }
});
