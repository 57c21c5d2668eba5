import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ControlClient } from "../../../src/demo/control-client.ts";
import { pickPerson, startConsole, type ConsoleProduct } from "../../support/console.ts";
import { visitorsOf } from "../../support/console-visitors.ts";
import { expectReadable, SCREENS } from "../../support/readable.ts";

/** What each of the sample users is shown, and what somebody is told whose session or access ends. */

let product: ConsoleProduct;
let alice: ControlClient;
const visitors = visitorsOf(() => product);

beforeAll(async () => {
  product = await startConsole();
  alice = await product.control("alice");
});
afterAll(() => product.stop());

describe("the navigation", () => {
  test.each([
    [
      "alice",
      [
        "Overview",
        "Search",
        "My keys",
        "All keys",
        "People",
        "Service users",
        "Usage",
        "Audit",
        "Organisation",
        "Account",
      ],
    ],
    ["bob", ["Search", "My keys", "Account"]],
    ["carol", ["Search", "My keys", "Account"]],
  ] as const)("of %s leads where they may go", async (user, labels) => {
    const { page } = await visitors.signIn(user);
    const links = page.getByRole("navigation", { name: "Console" }).locator("li a");
    expect(await links.allInnerTexts()).toEqual(labels);
    for (const label of labels) {
      await links.getByText(label, { exact: true }).click();
      await page.getByRole("heading", { level: 1, name: label }).waitFor();
      expect(await links.and(page.locator("[aria-current=page]")).innerText()).toBe(label);
    }
  });
});

test("an address for admins says to others that it is not for them, and where they may go", async () => {
  const visitor = await visitors.signIn("bob", { viewport: SCREENS.narrow });
  for (const path of [
    "overview",
    "all-keys",
    "people",
    "people/bob/revoke-keys",
    "service-users/new",
    "usage",
    "audit",
    "organization/scim-token",
  ]) {
    const answer = await visitor.page.goto(`/-/console/${path}`);
    expect(answer?.status()).toBe(403);
    await visitor.page.getByRole("heading", { name: "Your role does not allow this" }).waitFor();
    await expectReadable(visitor);
  }
  await visitor.page.getByRole("button", { name: "To my keys" }).click();
  await visitor.page.getByRole("heading", { name: "My keys" }).waitFor();
});

test("somebody without any role is told what is missing, and by whom it is given", async () => {
  const visitor = await visitors.signIn("carol");
  const { page } = visitor;
  await page.getByRole("heading", { name: "You have no role on any vault yet" }).waitFor();
  await page.getByText("ask an admin of org_demo").waitFor();
  expect(await page.getByRole("button", { name: "New key" }).count()).toBe(0);
  await expectReadable(visitor);
});

describe("the account", () => {
  test.each([
    ["alice", ["alice@demo.example", "org_demo", "Admin", "Developer on every vault, now and later"]],
    ["bob", ["bob@demo.example", "org_demo", "Developer on vault_3f8a2c1d9b"]],
    ["carol", ["carol@demo.example", "org_demo", "None"]],
  ] as const)("of %s tells who they are here and what they may do", async (user, facts) => {
    const visitor = await visitors.signIn(user);
    await visitor.page.getByRole("link", { name: "Account" }).click();
    const text = await visitor.page.locator("main").innerText();
    for (const fact of facts) expect(text).toContain(fact);
    await expectReadable(visitor);
  });

  test("tells of a second factor, and asks for one", async () => {
    const visitor = await visitors.signIn("alice");
    const { page } = visitor;
    await page.goto("/-/console/account");
    const fact = page.locator(".facts > div").filter({ hasText: "Second factor" });
    expect(await fact.innerText()).toContain("Not reported by your provider");
    await page.getByRole("link", { name: "sign in with one now" }).click();
    await pickPerson(visitor, "alice");
    await page.waitForURL("**/-/console/account");
    expect(await fact.innerText()).toMatch(/UTC \(just now\)/);
  });

  test("has the themes by name, and the way out", async () => {
    const { page } = await visitors.signIn("bob", { colorScheme: "light" });
    await page.goto("/-/console/account");
    const main = page.locator("main");
    await main.getByRole("button", { name: "Dark theme" }).click();
    expect(await page.evaluate("getComputedStyle(document.documentElement).colorScheme")).toBe("dark");
    await main.getByRole("button", { name: "Sign out" }).click();
    await page.waitForURL("**/-/console/signed-out");
  });
});

test("a session that ended meanwhile leads through the sign-in and back to where one was going", async () => {
  const { page } = await visitors.signIn("alice");
  await page.goto("/-/console/usage");
  await page.context().clearCookies();
  await page.getByRole("link", { name: "30d" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await page.getByRole("button", { name: /^Continue with/ }).click();
  await page.getByRole("button", { name: "Alice Andersson" }).click();
  await page.waitForURL("**/-/console/usage?window=30d");
});

test("a lost network is told where a form is sent, and the form is sent when it is back", async () => {
  const visitor = await visitors.signInTwice("alice", "/service-users/new");
  const { page } = visitor;
  await page.getByLabel("Name").fill("Patient");
  await page.context().setOffline(true);
  await page.getByRole("button", { name: "Create service user" }).click();
  await page.getByText("No connection").waitFor();
  await expectReadable(visitor);
  expect(await page.getByLabel("Name").inputValue()).toBe("Patient");
  await page.context().setOffline(false);
  await page.getByRole("button", { name: "Create service user" }).click();
  await page.waitForURL("**/service-users/svc_*?done=created");
});

test("somebody who was deactivated in the middle of something is told so, and can sign in as somebody else", async () => {
  const visitor = await visitors.signIn("bob");
  const { page } = visitor;
  await page.goto("/-/console/account");
  const { body } = await alice("POST", "/-/organization/scim-token");
  const { token } = body as { token: string };
  const created = await fetch(`${product.url}/-/scim/v2/Users`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/scim+json" },
    body: JSON.stringify({
      schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"],
      userName: "bob",
      active: false,
    }),
  });
  expect(created.status).toBe(201);

  await page.getByRole("link", { name: "My keys" }).click();
  await page.getByRole("heading", { name: "You have no access" }).waitFor();
  await expectReadable(visitor);
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("button", { name: "Sign in again" }).click();
  await pickPerson(visitor, "carol");
  await page.getByRole("heading", { name: "My keys" }).waitFor();
});
