/**
 * Takes the place of vitest in a runner: tests are collected as their file is loaded and run by {@link runCollected}, in
 * the same process, at once. `expect` is vitest's.
 */
export { expect, vi } from "vitest";

type Body = (...values: never[]) => unknown;

interface Collected {
  readonly name: string;
  readonly run: () => unknown;
}

interface Suite {
  readonly tests: Collected[];
  readonly before: (() => unknown)[];
  readonly after: (() => unknown)[];
}

/** What never ends by itself has failed. */
const PATIENCE_MS = 60_000;

let suite: Suite = { tests: [], before: [], after: [] };

function add(name: string, ...rest: readonly unknown[]): void {
  const body = rest.find((each) => typeof each === "function") as () => unknown;
  suite.tests.push({ name, run: body });
}

function eachOf(run: (name: string, ...rest: unknown[]) => void) {
  return (table: readonly unknown[]) =>
    (name: string, ...rest: readonly unknown[]) => {
      const body = rest.find((each) => typeof each === "function") as Body;
      const isTable = table.every((row) => Array.isArray(row));
      for (const row of table) {
        const values = (isTable ? row : [row]) as never[];
        run(name, () => body(...values));
      }
    };
}

function group(_name: string, body: () => void): void {
  body();
}

export const test = Object.assign(add, { each: eachOf(add) });
export const it = test;
export const describe = Object.assign(group, {
  each: eachOf((name, body) => group(name, body as () => void)),
});
export const beforeEach = (hook: () => unknown): void => void suite.before.push(hook);
export const afterEach = (hook: () => unknown): void => void suite.after.push(hook);

/** Runs what a file's tests are, up to the first that fails: its name, `null` when all pass. */
export async function runCollected(load: () => Promise<unknown>): Promise<string | null> {
  suite = { tests: [], before: [], after: [] };
  await load();
  if (suite.tests.length === 0) return "no test";
  for (const { name, run } of suite.tests) {
    for (const hook of suite.before) await hook();
    try {
      await withinPatience(run);
    } catch (error) {
      return `${name}: ${String(error)}`;
    } finally {
      for (const hook of suite.after) await hook();
    }
  }
  return null;
}

async function withinPatience(run: () => unknown): Promise<void> {
  let timer;
  const patience = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("did not end")), PATIENCE_MS);
  });
  try {
    await Promise.race([run(), patience]);
  } finally {
    clearTimeout(timer);
  }
}
