import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Page, Visitor } from "../../support/browser.ts";
import { pickPerson, startConsole, type ConsoleProduct } from "../../support/console.ts";

/** What the scripts do for every form, with one that is put into a page before they run. */

const FORM = `
  <form method="post" action="/-/console/keys" data-keep="probe">
    <input type="hidden" name="csrf" value="">
    <label>Name <input name="name"></label>
    <label>Secret <input name="secret" type="password"></label>
    <label>Token <input name="token" data-secret></label>
    <label>Many <input name="many" class="one"></label>
    <label>Many <input name="many" class="two"></label>
    <label>Box A <input type="checkbox" name="box" value="a"></label>
    <label>Box B <input type="checkbox" name="box" value="b" checked></label>
    <label>Choice <select name="choice"><option>x</option><option>y</option></select></label>
    <label>Words <textarea name="words"></textarea></label>
    <button>Send the probe</button>
  </form>`;

let product: ConsoleProduct;
let visitor: Visitor;
beforeAll(async () => {
  product = await startConsole();
});
afterAll(() => product.stop());
afterEach(async () => {
  expect(visitor.problems).toEqual([]);
  await visitor.close();
});

/** Somebody in front of the form, with everything filled in. */
async function fillIn(): Promise<Page> {
  visitor = await product.signIn("alice", { bypassCSP: true });
  const { page } = visitor;
  await page.addInitScript(`
    document.addEventListener("readystatechange", () => {
      if (document.readyState !== "interactive" || location.pathname !== "/-/console/keys") return;
      document.querySelector("main.page")?.insertAdjacentHTML("beforeend", ${JSON.stringify(FORM)});
    });
  `);
  await page.goto("/-/console/keys");
  await page.getByLabel("Name", { exact: true }).fill("Reporting");
  await page.getByLabel("Secret").fill("do not keep");
  await page.getByLabel("Token").fill("do not keep");
  await page.locator(".one").fill("1");
  await page.locator(".two").fill("2");
  await page.getByLabel("Box A").check();
  await page.getByLabel("Box B").uncheck();
  await page.getByLabel("Choice").selectOption("y");
  await page.getByLabel("Words").fill("a\nb");
  return page;
}

async function valuesOf(page: Page): Promise<unknown> {
  return page.evaluate(
    "[...new FormData(document.querySelector('[data-keep]'))].filter(([name]) => name !== 'csrf')",
  );
}

const EMPTY = [
  ["name", ""],
  ["secret", ""],
  ["token", ""],
  ["many", ""],
  ["many", ""],
  ["box", "b"],
  ["choice", "x"],
  ["words", ""],
];

test("a form comes back as it was, but for secrets, when a sign-in had to come in between", async () => {
  const page = await fillIn();
  await page.context().clearCookies({ name: "portcullis-session" });
  await page.getByRole("button", { name: "Send the probe" }).click();
  // The provider still knows who it is.
  await page.waitForURL("**/-/console/keys");
  await page.getByRole("heading", { name: "My keys" }).waitFor();
  expect(await valuesOf(page)).toEqual([
    ["name", "Reporting"],
    ["secret", ""],
    ["token", ""],
    ["many", "1"],
    ["many", "2"],
    ["box", "a"],
    ["choice", "y"],
    ["words", "a\nb"],
  ]);
  expect(await page.evaluate("Object.keys(sessionStorage)")).toEqual([]);
});

test("it comes back after a sign-in that asks who it is, too", async () => {
  const page = await fillIn();
  await page.context().clearCookies();
  await page.getByRole("button", { name: "Send the probe" }).click();
  await pickPerson(visitor, "alice");
  await page.waitForURL("**/-/console/keys");
  await expect.poll(() => page.getByLabel("Name", { exact: true }).inputValue()).toBe("Reporting");
});

test("a form that has arrived does not come back", async () => {
  const page = await fillIn();
  // To a page of the console that is none between form and sign-in: the form's token is wrong otherwise.
  await page.evaluate(
    "document.querySelector('[data-keep] [name=csrf]').value = document.querySelector('.account [name=csrf]').value",
  );
  await page.getByRole("button", { name: "Send the probe" }).click();
  await page.getByRole("heading", { name: "Not found" }).waitFor();
  await page.goto("/-/console/keys");
  expect(await valuesOf(page)).toEqual(EMPTY);
});

test("nothing of a form stays behind when somebody goes elsewhere instead of signing in", async () => {
  const page = await fillIn();
  await page.context().clearCookies();
  await page.getByRole("button", { name: "Send the probe" }).click();
  await page.getByText("The sample users of").waitFor();
  await page.goto("/-/console/signed-out");
  expect(await page.evaluate("Object.keys(sessionStorage)")).toEqual([]);
});

test("a form is sent once, however often its button is pressed, and shows that it is on its way", async () => {
  const page = await fillIn();
  // After all other listeners: notes whether they would let the form go, and keeps it from going.
  await page.evaluate(`
    window.sent = [];
    window.addEventListener("submit", (event) => {
      window.sent.push(!event.defaultPrevented);
      event.preventDefault();
    });
  `);
  const button = page.getByRole("button", { name: "Send the probe" });
  await button.click();
  await page.locator("html[data-busy]").waitFor();
  expect(await button.getAttribute("aria-busy")).toBe("true");
  await button.press("Enter");
  await page.getByLabel("Name", { exact: true }).press("Enter");
  expect(await page.evaluate("window.sent")).toEqual([true, false, false]);
});
