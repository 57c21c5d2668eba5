import type { Page } from "../../support/browser.ts";
import { ADMIN_PAGES } from "./admin-pages.ts";

/** Pages of the console as pictures, and how one gets to each. */

/** The ids of what there is to see. */
export interface Sample {
  readonly keyId: string;
  readonly userId: string;
  /** Of a key that is there to be revoked. */
  spare: string;
}

/** What is done to get to a page; by itself, the path is opened. */
export type Steps = (page: Page, sample: Sample) => Promise<unknown>;

const open =
  (path: string): Steps =>
  (page, { keyId }) =>
    page.goto(`/-/console${path.replace("{key}", keyId)}`);

async function press(page: Page, button: string): Promise<void> {
  // The answer is a page of its own, or is drawn in the place of the form.
  const answered = page.waitForResponse((response) => response.request().method() === "POST");
  await page.getByRole("button", { name: button }).click();
  await answered;
  await page.waitForLoadState("networkidle");
}

/** Pages that differ with the number of keys. */
export const LISTS: Readonly<Record<string, Steps>> = {
  ...Object.fromEntries(
    [
      "keys",
      "keys?status=all",
      "all-keys",
      "overview",
      "usage",
      "audit",
      "people",
      "people/alice",
      "service-users",
      "search?q=key",
      "keys/new",
    ].map((path) => [path.replaceAll(/\W/g, "-"), open(`/${path}`)]),
  ),
  "person-revoke": open("/people/alice/revoke-keys"),
  "selected-keys": async (page) => {
    await page.goto("/-/console/keys");
    const all = page.getByRole("checkbox", { name: "All keys of this page" });
    if (!(await all.isVisible())) return;
    await all.check();
    await page.getByRole("button", { name: "Revoke" }).click();
    await page.waitForURL("**/selected-keys?**");
  },
};

export const PAGES: Readonly<Record<string, Steps>> = {
  keys: open("/keys"),
  "keys-all": open("/keys?status=all"),
  "keys-not-found": open("/keys?q=nothing"),
  "keys-empty": open("/keys?status=expired"),
  key: open("/keys/{key}"),
  "key-usage": open("/keys/{key}?window=7d"),
  "key-new": async (page, sample) => {
    await open("/keys/new")(page, sample);
    await page.getByLabel("Name", { exact: true }).fill("Treasury dashboard");
    await page.getByLabel("Vault ids").fill("vault_3f8a2c1d9b\nvault_7b21e4c09d");
    await page.getByLabel("view").selectOption("balance");
    await page.getByLabel("Allowed addresses").fill("203.0.113.0/24\n0.0.0.0/0\n10.1.1.1/8");
    await page.getByText("did you mean").waitFor();
    await page.getByText("4 of 7 operations").waitFor();
    await page.evaluate("scrollTo(0, 0)");
  },
  "key-new-refused": async (page) => {
    await press(page, "Create key");
    await page.getByText("Nothing was saved yet").waitFor();
  },
  "key-edit": open("/keys/{key}/edit"),
  "key-review": async (page, sample) => {
    await open("/keys/{key}/edit")(page, sample);
    await page.getByLabel("Allowed addresses").fill("192.0.2.0/24");
    await press(page, "Review the change");
  },
  "key-changed-meanwhile": async (page, sample) => {
    await open("/keys/{key}/edit")(page, sample);
    await page.getByLabel("Description").fill("For the wall in the treasury office");
    await page.evaluate("document.querySelector('[name=version]').value = 1");
    await press(page, "Review the change");
  },
  "key-saved": open("/keys/{key}?done=saved"),
  "key-disable": open("/keys/{key}/disable"),
  "key-rotate": open("/keys/{key}/rotate"),
  "key-revoke": open("/keys/{key}/revoke"),
  "key-secret": async (page, sample) => {
    await page.goto("/-/console/sign-in/start?step_up=1&return=/-/console/keys/new");
    await page.getByRole("button", { name: "Alice Andersson" }).click();
    await page.waitForURL("**/-/console/keys/new");
    await page.getByLabel("Name", { exact: true }).fill("Screenshot");
    await page.getByLabel("Vault ids").fill("vault_3f8a2c1d9b");
    await press(page, "Create key");
    sample.spare = `key_${(await page.locator("#secret").innerText()).slice(4, 16)}`;
  },
  "key-receipt": async (page, sample) => {
    await page.getByLabel("I have stored").check();
    await open(`/keys/${sample.spare}/revoke`)(page, sample);
    await page.getByLabel(/type the key's name/).fill("Screenshot");
    await press(page, "Revoke the key for good");
  },
  ...ADMIN_PAGES,
  "not-found": open("/keys/nothing"),
  "sign-in-over": open("/callback"),
  "signed-out": open("/signed-out"),
};
