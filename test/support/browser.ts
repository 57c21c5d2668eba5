import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import {
  chromium,
  type Browser,
  type BrowserContextOptions,
  type CDPSession,
  type Page,
} from "playwright-core";
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

let running: Promise<Browser> | null = null;

/** The browser of all files of a worker: windows share nothing, and the browser ends with the process. */
export function sharedBrowser(): Promise<Browser> {
  running ??= launch();
  return running;
}

async function launch(): Promise<Browser> {
  const { executablePath, env, args } = chromiumBinary();
  const browser = await chromium.launch({ executablePath, env, args: [...args] });
  // One that has crashed is replaced.
  browser.once("disconnected", () => {
    running = null;
  });
  return browser;
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

/** Asks past Playwright, which has the browser compile the module anew for each page. */
async function violationsOf(page: Page): Promise<string[]> {
  await page.evaluate(SETTLED);
  const session = await page.context().newCDPSession(page);
  if (!(await evaluate<boolean>(session, "'axe' in window"))) await evaluate(session, `${AXE};null`);
  const { violations } = await evaluate<AxeResults>(session, RUN_AXE);
  await session.detach();
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, help, nodes }) => nodes.map(({ html }) => `${id}: ${help}: ${html}`));
}

async function evaluate<T>(session: CDPSession, expression: string): Promise<T> {
  const asked = { expression, awaitPromise: true, returnByValue: true };
  const { result, exceptionDetails } = await session.send("Runtime.evaluate", asked);
  if (exceptionDetails !== undefined) throw new Error(exceptionDetails.exception?.description);
  return result.value as T;
}
