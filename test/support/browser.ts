import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";
import { chromiumBinary } from "./chromium.ts";

export type { Browser, Page } from "playwright-core";

/** Waits of a page for what is to appear; a page that takes longer has a fault. */
const TIMEOUT_MS = 15_000;

/** Somebody's browser window, with a record of everything that pages must not do. */
export interface Visitor {
  readonly page: Page;
  /** Errors on the console or uncaught, violations of the Content Security Policy, and requests that failed. */
  readonly problems: readonly string[];
  /** Forgets problems that a test has brought about on purpose, and tells them. */
  takeProblems(): string[];
  /** What axe calls serious or critical on the page as it is, a line each. */
  axe(): Promise<string[]>;
  close(): Promise<void>;
}

export function launchBrowser(): Promise<Browser> {
  const { executablePath, env, args } = chromiumBinary();
  return chromium.launch({ executablePath, env, args: [...args] });
}

/** Opens a window with no cookies. */
export async function visit(browser: Browser, options: BrowserContextOptions = {}): Promise<Visitor> {
  const context = await browser.newContext({ locale: "en-GB", timezoneId: "UTC", ...options });
  context.setDefaultTimeout(TIMEOUT_MS);
  const problems: string[] = [];
  await context.addInitScript(`
    document.addEventListener("securitypolicyviolation", (event) =>
      console.error("Violates " + event.violatedDirective + ": " + event.blockedURI + " " + event.sample));
  `);
  const page = await context.newPage();
  page.on("console", (message) => {
    // Answers that are no success are judged below, where it is known what they answer.
    const isAnswer = message.text().startsWith("Failed to load resource");
    if (["error", "warning"].includes(message.type()) && !isAnswer) problems.push(message.text());
  });
  page.on("pageerror", (error) => problems.push(`Uncaught: ${error.message}`));
  page.on("requestfailed", (request) => {
    const reason = request.failure()?.errorText ?? "";
    // A page that is left while it loads aborts the rest.
    if (reason !== "net::ERR_ABORTED") problems.push(`${reason}: ${request.url()}`);
  });
  page.on("response", (response) => {
    const isPart = response.request().resourceType() !== "document";
    if (isPart && response.status() >= 400) problems.push(`${response.status()}: ${response.url()}`);
  });
  return {
    page,
    problems,
    takeProblems: () => problems.splice(0),
    axe: () => violationsOf(page),
    close: () => context.close(),
  };
}

/** The same as the module, and a third of its size. */
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** Rules whose violations would not count are left out. */
const RUN_AXE = `axe.run(document, {
  resultTypes: ["violations"],
  rules: Object.fromEntries(axe._audit.rules
    .filter(({ impact }) => impact === "minor" || impact === "moderate")
    .map(({ id }) => [id, { enabled: false }])),
})`;

/** Colours that are on their way from one state to another are no colours of the page. */
const SETTLED = `Promise.allSettled(document.getAnimations()
  .filter((each) => each instanceof CSSTransition).map(({ finished }) => finished)).then(() => null)`;

async function violationsOf(page: Page): Promise<string[]> {
  await page.evaluate(SETTLED);
  if (!(await page.evaluate<boolean>("'axe' in window"))) await page.evaluate(AXE);
  const { violations } = await page.evaluate<AxeResults>(RUN_AXE);
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, help, nodes }) => nodes.map(({ html }) => `${id}: ${help}: ${html}`));
}
