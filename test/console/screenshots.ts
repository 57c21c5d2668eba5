import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { hourOf, type UsageCounts } from "../../src/core/usage/usage.ts";
import type { Page } from "../support/browser.ts";
import { setup } from "../support/build-bundle.ts";
import { ADMIN_PAGES, makeAdminSample } from "./admin-pictures.ts";
import { pickPerson, startConsole, type ConsoleProduct } from "../support/console.ts";

/**
 * `npm run screenshots`: every page, light and dark, on three screens, as pictures in `.screenshots/` to look at; with a
 * number, as in `npm run screenshots -- 300`, lists of so many keys in place of them. The README's, in `pictures/` beside
 * this file, are `key-new-wide-light` and `key-wide-dark` from there, cut to 1335 lines and their
 * colours to a palette.
 */

const DIRECTORY = join(import.meta.dirname, "../../.screenshots");
const SCREENS = {
  narrow: { width: 320, height: 700 },
  wide: { width: 1280, height: 860 },
  widest: { width: 2560, height: 1200 },
};
const HOUR_MS = 3_600_000;

/** The ids of what there is to see. */
interface Sample {
  readonly keyId: string;
  readonly userId: string;
  /** Of a key that is there to be revoked. */
  spare: string;
}

/** What is done to get to a page; by itself, the path is opened. */
type Steps = (page: Page, sample: Sample) => Promise<unknown>;

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
const LISTS: Readonly<Record<string, Steps>> = {
  ...Object.fromEntries(
    [
      "keys",
      "all-keys",
      "overview",
      "usage",
      "audit",
      "people",
      "people/alice",
      "service-users",
      "search?q=key",
    ].map((path) => [path.replaceAll(/\W/g, "-"), open(`/${path}`)]),
  ),
  "person-revoke": open("/people/alice/revoke-keys"),
};

const PAGES: Readonly<Record<string, Steps>> = {
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

async function main(): Promise<void> {
  setup();
  rmSync(DIRECTORY, { recursive: true, force: true });
  mkdirSync(DIRECTORY);
  const [count] = process.argv.slice(2);
  const product = await startConsole(count === undefined ? {} : { MAX_KEYS_PER_OWNER: "1000" });
  try {
    const pages = count === undefined ? PAGES : LISTS;
    const sample = count === undefined ? await makeSample(product) : await makeKeys(product, Number(count));
    for (const [screen, viewport] of Object.entries(SCREENS)) {
      for (const colorScheme of ["light", "dark"] as const) {
        await takeAll(product, pages, sample, `${screen}-${colorScheme}`, { viewport, colorScheme });
      }
    }
  } finally {
    await product.stop();
  }
}

async function takeAll(
  product: ConsoleProduct,
  pages: typeof PAGES,
  sample: Sample,
  suffix: string,
  options: Parameters<ConsoleProduct["open"]>[0],
): Promise<void> {
  const visitor = await product.open(options);
  const { page } = visitor;
  const take = async (name: string): Promise<void> => {
    // As on a screen that is as high as the page, so that what keeps its place on the screen is at its place.
    const screen = page.viewportSize() ?? SCREENS.wide;
    const height = await page.evaluate<number>("document.documentElement.scrollHeight");
    await page.setViewportSize({ ...screen, height: Math.max(height, screen.height) });
    await page.screenshot({ path: join(DIRECTORY, `${name}-${suffix}.png`) });
    await page.setViewportSize(screen);
  };
  await take("sign-in");
  await page.getByRole("button", { name: /^Continue with/ }).click();
  await pickPerson(visitor, "alice");
  await page.waitForURL("**/-/console/keys");
  for (const [name, steps] of Object.entries(pages)) {
    await steps(page, sample);
    await take(name);
  }
  await page.goto("/-/console/keys");
  const menu = page.getByRole("button", { name: "Menu" });
  if (await menu.isVisible()) {
    await menu.click();
    await take("menu");
  }
  await visitor.close();
}

async function makeKeys(product: ConsoleProduct, count: number): Promise<Sample> {
  const alice = await product.control("alice");
  for (let i = 1; i <= count; i++) {
    const name =
      i % 10 === 0
        ? `A long name that somebody has given to a key, of which this is number ${i}`
        : `Key ${i}`;
    await alice("POST", "/-/api-keys", { name, scopes: ["vault:read"], vaults: "*", expiresIn: `${i}d` });
  }
  return { keyId: "", userId: "", spare: "" };
}

/** Keys as a small organisation may have them, one of them with a week of use. */
async function makeSample(product: ConsoleProduct): Promise<Sample> {
  const alice = await product.control("alice");
  const create = async (name: string, changes: object = {}): Promise<string> => {
    const body = { name, scopes: ["vault:read"], vaults: "*", ...changes };
    return ((await alice("POST", "/-/api-keys", body)).body as { id: string }).id;
  };
  await create("Ledger export", { expiresIn: "30d", allowedIps: ["203.0.113.0/24"] });
  const old = await create("Old integration");
  const paused = await create("Month-end close", { vaults: ["vault_3f8a2c1d9b"] });
  await create("Monitoring", { scopes: ["vault/#/balance:read"], expiresIn: null });
  const keyId = await create("Treasury dashboard", {
    description: "Reads balances for the wall in the treasury office.",
    scopes: ["vault/#/balance:read", "vault/#/transaction:read"],
    vaults: ["vault_3f8a2c1d9b"],
    allowedIps: ["203.0.113.0/24", "2001:db8::/32"],
    rateLimit: { requests: 600, windowSeconds: 60 },
    expiresIn: "90d",
  });
  await alice("PATCH", `/-/api-keys/${paused}`, { disabled: true });
  await alice("DELETE", `/-/api-keys/${old}`);
  await alice("PATCH", `/-/api-keys/${keyId}`, { allowedIps: ["203.0.113.0/24"] });
  const calls = new Map([
    [callOf("listBalances"), 1204],
    [callOf("listTransactions"), 310],
  ]);
  await product.recordUsage(keyId, weekOfUse(Date.now()), calls);
  return { keyId, userId: await makeAdminSample(product, keyId), spare: "" };
}

/** As the gateway names it. */
function callOf(operationId: string): string {
  return `203.0.113.24\n/vault_3f8a2c1d9b\n${operationId}`;
}

/** More by day than by night; now and then too much. */
function weekOfUse(now: number): Record<number, UsageCounts> {
  const hours = Array.from({ length: 7 * 24 }, (_, i) => hourOf(now) - i * HOUR_MS);
  return Object.fromEntries(
    hours.map((hour, i) => {
      const ofDay = new Date(hour).getUTCHours();
      const admitted = Math.round(320 + 260 * Math.sin(((ofDay - 7) / 24) * 2 * Math.PI) + ((i * 37) % 60));
      return [hour, { admitted, limited: i % 19 === 4 ? 85 : 0, refused: i % 31 === 9 ? 40 : 0 }];
    }),
  );
}

await main();
