import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ControlClient } from "../../../src/demo/control-client.ts";
import type { Visitor } from "../../support/browser.ts";
import { startConsole, type ConsoleProduct } from "../../support/console.ts";
import { submit, visitorsOf } from "../../support/console-visitors.ts";

/** The one page that shows a key's secret. */

let product: ConsoleProduct;
let alice: ControlClient;
beforeAll(async () => {
  product = await startConsole({ MAX_KEYS_PER_OWNER: "1000" });
  alice = await product.control("alice");
});
afterAll(() => product.stop());
const { signInTwice } = visitorsOf(() => product);

type Options = Parameters<typeof signInTwice>[2];

/** Somebody in front of the secret of a key that they have just made. */
async function made(options?: Options): Promise<{ visitor: Visitor; secret: string; keyPath: string }> {
  const visitor = await signInTwice("alice", "/keys/new", options);
  const { page } = visitor;
  await page.getByLabel("Name", { exact: true }).fill("Secret");
  await page.getByLabel("Vault ids").fill("vault_1");
  await submit(visitor, "Create key");
  const secret = await page.locator("#secret").innerText();
  return { visitor, secret, keyPath: `/-/console/keys/key_${secret.slice(4, 16)}` };
}

test("it is copied, and that is said", async () => {
  const { visitor, secret } = await made({ permissions: ["clipboard-read", "clipboard-write"] });
  const { page } = visitor;
  await page.getByRole("button", { name: "Copy", exact: true }).click();
  await page.getByRole("status").getByText("Copied.").waitFor();
  expect(await page.evaluate("navigator.clipboard.readText()")).toBe(secret);
  expect(await visitor.axe()).toEqual([]);
});

test("a command with it is copied, and a call with it is tried at once, which shows the answer", async () => {
  const { visitor, secret } = await made({ permissions: ["clipboard-read", "clipboard-write"] });
  const { page } = visitor;
  await page.getByRole("button", { name: "Copy the command" }).click();
  await page.getByRole("status").getByText("Copied.").waitFor();
  const command = await page.evaluate<string>("navigator.clipboard.readText()");
  expect(command).toBe(`curl -H 'Authorization: Bearer ${secret}' '${product.url}/v1/vaults'`);
  await page.getByRole("button", { name: "Try it now" }).click();
  await page.getByText(/^200 after \d+ ms$/).waitFor();
  expect(JSON.parse(await page.locator("#try-answer pre").innerText())).toHaveProperty("data");
  await page.getByText("Python", { exact: true }).click();
  expect(await visitor.axe()).toEqual([]);
});

test("where it cannot be copied it is selected, to be copied by hand", async () => {
  const { visitor, secret } = await made();
  const { page } = visitor;
  await page.evaluate("navigator.clipboard.writeText = () => Promise.reject(new Error('denied'))");
  await page.getByRole("button", { name: "Copy", exact: true }).click();
  await page.getByRole("status").getByText("it is selected").waitFor();
  expect(await page.evaluate("getSelection().toString().trim()")).toBe(secret);
});

test("it is saved as a file, by an address that does not hold it", async () => {
  const { visitor, secret } = await made();
  const [download] = await Promise.all([
    visitor.page.waitForEvent("download"),
    visitor.page.getByRole("button", { name: "Download" }).click(),
  ]);
  expect(download.url()).toMatch(/^blob:/);
  expect(download.suggestedFilename()).toBe(`${secret.slice(0, 16)}.txt`);
  expect(await readFile(await download.path(), "utf8")).toBe(`${secret}\n`);
});

test("there is no way on but to say that it is stored", async () => {
  const { visitor, keyPath } = await made();
  const { page } = visitor;
  expect(await page.getByRole("link").allInnerTexts()).toEqual(["Skip to the content"]);
  expect(await page.getByRole("button").allInnerTexts()).toEqual([
    "Copy",
    "Download",
    "Copy the command",
    "Try it now",
    "Done",
  ]);
  await page.getByRole("button", { name: "Done" }).click();
  expect(await page.locator("#secret").count()).toBe(1);
  await page.getByLabel("I have stored").check();
  await page.getByRole("button", { name: "Done" }).click();
  await page.waitForURL(`**${keyPath}*`);
  await page.getByRole("heading", { name: "Settings" }).waitFor();
});

test("leaving without that is warned of", async () => {
  const { visitor } = await made();
  const { page } = visitor;
  const asked: string[] = [];
  page.on("dialog", (dialog) => {
    asked.push(dialog.type());
    void dialog.dismiss();
  });
  await page.getByText("Store the key now").click();
  await page.goto("/-/console/keys").catch(() => {});
  expect(asked).toEqual(["beforeunload"]);
  expect(await page.locator("#secret").count()).toBe(1);
  await page.getByLabel("I have stored").check();
  await page.goto("/-/console/keys");
  expect(asked).toHaveLength(1);
});

test("neither back nor loading anew shows it again, or makes another key", async () => {
  const { visitor, secret, keyPath } = await made();
  const { page } = visitor;
  await page.getByLabel("I have stored").check();
  const before = ((await alice("GET", "/-/api-keys?q=Secret")).body as { data: unknown[] }).data.length;
  await page.reload();
  expect(new URL(page.url()).pathname).toBe(keyPath);
  expect(await page.content()).not.toContain(secret);
  await page.goto("/-/console/keys");
  for (let i = 0; i < 2; i++) {
    await page.goBack();
    expect(await page.content()).not.toContain(secret);
  }
  await page.goForward();
  expect(await page.content()).not.toContain(secret);
  const after = ((await alice("GET", "/-/api-keys?q=Secret")).body as { data: unknown[] }).data.length;
  expect(after).toBe(before);
});

test("going back from where one has gone on does not show it, whatever the browser has kept of the page", async () => {
  const { visitor, secret } = await made();
  const { page } = visitor;
  await page.getByLabel("I have stored").check();
  await page.getByRole("button", { name: "Done" }).click();
  await page.getByRole("heading", { name: "Settings" }).waitFor();
  await page.goBack();
  expect(await page.content()).not.toContain(secret);
});

test("it is in no address, no storage, no log, and nothing that is kept by caches", async () => {
  const answers: [url: string, cached: string | null][] = [];
  const visitor = await signInTwice("alice", "/keys/new");
  const { page } = visitor;
  page.on("response", (response) => {
    if (response.request().isNavigationRequest())
      answers.push([response.url(), response.headers()["cache-control"] ?? null]);
  });
  await page.getByLabel("Name", { exact: true }).fill("Secret");
  await page.getByLabel("Vault ids").fill("vault_1");
  await submit(visitor, "Create key");
  const secret = await page.locator("#secret").innerText();
  await page.getByLabel("I have stored").check();
  await page.getByRole("button", { name: "Done" }).click();
  await page.getByRole("heading", { name: "Settings" }).waitFor();

  expect(answers.map(([, cached]) => cached)).toEqual(answers.map(() => "no-store"));
  expect(answers.map(([url]) => url).join()).not.toContain(secret.slice(17));
  const kept = await page.evaluate(
    "JSON.stringify([{ ...localStorage }, { ...sessionStorage }, history.state])",
  );
  expect(kept).not.toContain(secret.slice(17));
  expect(JSON.stringify(await page.context().cookies())).not.toContain(secret);
  expect(product.logs.join()).not.toContain(secret.slice(17));
});
