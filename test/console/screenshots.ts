import { appendFileSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { commandOf, numberOf, parseOptions } from "../../src/command-line.ts";
import type { Page, Visitor } from "../support/browser.ts";
import { setup } from "../support/build-bundle.ts";
import { pickPerson, startConsole, type ConsoleProduct } from "../support/console.ts";
import { faultsOf } from "../support/page-faults.ts";
import { LISTS, PAGES, type Sample, type Steps } from "./pictures/pages.ts";
import { makeKeys, makeSample } from "./pictures/samples.ts";
import { makeSheets, type Picture } from "./pictures/sheets.ts";

/**
 * `npm run screenshots`: every page, light and dark, on three screens and with text of twice the size, as pictures in
 * `.screenshots/`, tiled in `.screenshots/sheets/` to look at; what is wrong with their shape is in `faults.txt` beside
 * them. With numbers, as in `npm run screenshots -- 0 1 20 300`, lists of so many keys in place of them; with the names
 * of some looks, as in `npm run screenshots -- narrow-dark`, those alone. The README's, in
 * `pictures/` beside this file, are `key-new-wide-light` and `key-wide-dark` from there, cut to 1335 lines and their
 * colours to a palette.
 */

const DIRECTORY = join(import.meta.dirname, "../../.screenshots");
const SHEETS = join(DIRECTORY, "sheets");
const FAULTS = join(DIRECTORY, "faults.txt");

interface Look {
  readonly viewport: { readonly width: number; readonly height: number };
  readonly colorScheme: "light" | "dark";
  /** The size of text that the reader has set in the browser, if it is not the usual one. */
  readonly textPx?: number;
}

const narrow = { width: 320, height: 700 };
const wide = { width: 1280, height: 860 };
const widest = { width: 2560, height: 1200 };
const LOOKS: Readonly<Record<string, Look>> = {
  "narrow-light": { viewport: narrow, colorScheme: "light" },
  "wide-light": { viewport: wide, colorScheme: "light" },
  "narrow-large": { viewport: narrow, colorScheme: "light", textPx: 32 },
  "wide-large": { viewport: wide, colorScheme: "light", textPx: 32 },
  "zoomed-light": { viewport: { width: 640, height: 430 }, colorScheme: "light" },
  "widest-light": { viewport: widest, colorScheme: "light" },
  "wide-dark": { viewport: wide, colorScheme: "dark" },
  "narrow-dark": { viewport: narrow, colorScheme: "dark" },
  "widest-dark": { viewport: widest, colorScheme: "dark" },
};
/** Each theme is judged for contrast where all of a page is seen; its shape is not another one in the dark. */
const JUDGED = ["wide-light", "wide-dark"];
/** Of what is higher than this no picture is taken. */
const MAX_HEIGHT = 12_000;
const MAX_KEYS = 1000;

const USAGE = `Usage: npm run screenshots [-- LOOK... | COUNT...]

Pictures of every page in .screenshots/. With counts: lists of so many keys in place of them, up to ${MAX_KEYS}; with looks,
those alone: ${Object.keys(LOOKS).join(", ")}
`;

/** Throws a `UsageError` for anything but looks and counts. */
function readArguments(args: string[]): { looks: readonly string[]; counts: readonly number[] } {
  const { positionals } = parseOptions({ args, allowPositionals: true });
  const looks = positionals.filter((each) => Object.hasOwn(LOOKS, each));
  const counts = positionals.filter((each) => !looks.includes(each));
  return {
    looks: looks.length > 0 ? looks : Object.keys(LOOKS),
    counts: counts.map((count) => numberOf("A count", count, { least: 0, most: MAX_KEYS, whole: true })),
  };
}

async function main(): Promise<void> {
  const { looks, counts } = commandOf(USAGE, readArguments);
  setup();
  rmSync(DIRECTORY, { recursive: true, force: true });
  mkdirSync(SHEETS, { recursive: true });
  if (counts.length === 0) await takeAll({}, makeSample, PAGES, looks, "");
  for (const count of counts) {
    const vars = count > 20 ? { MAX_KEYS_PER_OWNER: "1000" } : {};
    await takeAll(vars, (product) => makeKeys(product, count), LISTS, looks, `-${count}`);
  }
}

async function takeAll(
  vars: Readonly<Record<string, string>>,
  make: (product: ConsoleProduct) => Promise<Sample>,
  pages: Readonly<Record<string, Steps>>,
  looks: readonly string[],
  suffix: string,
): Promise<void> {
  const product = await startConsole(vars);
  try {
    const sample = await make(product);
    for (const look of looks) {
      const taken = await takeLook(product, pages, sample, look, suffix);
      await makeSheets(product.browser, join(SHEETS, `${look}${suffix}`), taken, tileOf(look));
    }
  } finally {
    await product.stop();
    await product.browser.close();
  }
}

/** How wide a picture is on a sheet. */
function tileOf(look: string): { width: number; slices: number } {
  if (look.endsWith("-dark")) return { width: look.startsWith("narrow") ? 200 : 400, slices: 1 };
  return look.startsWith("narrow") ? { width: 240, slices: 6 } : { width: 610, slices: 4 };
}

async function takeLook(
  product: ConsoleProduct,
  pages: Readonly<Record<string, Steps>>,
  sample: Sample,
  look: string,
  suffix: string,
): Promise<Picture[]> {
  const { viewport, colorScheme, textPx } = LOOKS[look] ?? { viewport: wide, colorScheme: "light" };
  const visitor = await product.open({ viewport, colorScheme });
  const { page } = visitor;
  if (textPx !== undefined) await setTextSize(page, textPx);
  const taken: Picture[] = [];
  const take = async (name: string) => {
    taken.push(await takePicture(page, `${name}${suffix}`, look));
    await noteFaults(visitor, `${name}${suffix} ${look}`, look);
  };
  await page.reload();
  await take("sign-in");
  await page.getByRole("button", { name: /^Continue with/ }).click();
  await pickPerson(visitor, "alice");
  await page.waitForURL("**/-/console/keys");
  for (const [name, steps] of Object.entries(pages)) {
    try {
      await steps(page, sample);
      await take(name);
    } catch (error) {
      appendFileSync(FAULTS, `${name}${suffix} ${look}: cannot be reached: ${String(error)}\n`);
    }
  }
  await page.goto("/-/console/keys");
  const menu = page.getByRole("button", { name: "Menu" });
  if (await menu.isVisible()) {
    await menu.click();
    await take("menu");
  }
  await visitor.close();
  return taken;
}

/** As a reader sets it in the browser, so that what is asked of a screen in `rem` answers to it, too. */
async function setTextSize(page: Page, px: number): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send("Page.enable");
  await session.send("Page.setFontSizes", { fontSizes: { standard: px, fixed: px } });
}

/** As on a screen that is as high as the page, so that what keeps its place on the screen is at its place. */
async function takePicture(page: Page, name: string, look: string): Promise<Picture> {
  const screen = page.viewportSize() ?? wide;
  const whole = await page.evaluate<number>("document.documentElement.scrollHeight");
  const height = Math.min(Math.max(whole, screen.height), MAX_HEIGHT);
  const file = join(DIRECTORY, `${name}-${look}.png`);
  await page.setViewportSize({ ...screen, height });
  await page.screenshot({ path: file });
  await page.setViewportSize(screen);
  return { name, file, width: screen.width, height };
}

async function noteFaults(visitor: Visitor, where: string, look: string): Promise<void> {
  const { page } = visitor;
  const shape = look.endsWith("-dark") ? [] : [...(await faultsOf(page)), ...(await faultsWhenOpen(page))];
  const judgements = JUDGED.includes(look) ? await visitor.axe() : [];
  const faults = new Set([...shape, ...judgements, ...visitor.takeProblems()]);
  for (const fault of faults) appendFileSync(FAULTS, `${where}: ${fault}\n`);
}

/** With everything unfolded. */
async function faultsWhenOpen(page: Page): Promise<string[]> {
  const folded = await page.locator("details:not([open])").count();
  if (folded === 0) return [];
  await page.evaluate("document.querySelectorAll('details').forEach((each) => (each.open = true))");
  return faultsOf(page);
}

await main();
