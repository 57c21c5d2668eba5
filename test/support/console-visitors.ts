import { afterEach, expect } from "vitest";
import type { Visitor } from "./browser.ts";
import type { ConsoleProduct, Person } from "./console.ts";

type Options = Parameters<ConsoleProduct["open"]>[0];

interface Visitors {
  readonly signIn: (user: Person, options?: Options) => Promise<Visitor>;
  /** Somebody who has just shown a second factor, at a page of the console. */
  readonly signInTwice: (user: Person, path: string, options?: Options) => Promise<Visitor>;
}

/** People in front of the console; after each test they leave, and no page may have broken a rule. */
export function visitorsOf(product: () => ConsoleProduct): Visitors {
  const present: Visitor[] = [];
  afterEach(async () => {
    const problems = present.flatMap((visitor) => visitor.problems);
    await Promise.all(present.splice(0).map((visitor) => visitor.close()));
    expect(problems).toEqual([]);
  });
  const noted = (visitor: Visitor) => {
    present.push(visitor);
    return visitor;
  };
  return {
    signIn: async (user, options) => noted(await product().signIn(user, options)),
    signInTwice: async (user, path, options) => noted(await product().signInTwice(user, path, options)),
  };
}

/** Presses a button and waits for the page that the form leads to, be it loaded or drawn in the place of this one. */
export async function submit({ page }: Visitor, name: string): Promise<void> {
  const button = page.getByRole("button", { name, exact: true });
  const pressed = await button.elementHandle();
  const loaded = page.waitForEvent("load").catch(() => {});
  const drawn = page.waitForFunction((element) => element?.isConnected === false, pressed);
  await button.click();
  // The page that is left takes the second question with it.
  await Promise.race([loaded, drawn.catch(() => loaded)]);
}

/** Loads the page again until a part of it tells of the latest use of a key, and gives the text of that part. */
export async function untilToldOf({ page }: Visitor, part: string, use: RegExp): Promise<string> {
  let text = "";
  const look = async () => {
    await page.reload();
    text = await page.locator(part).innerText();
    return text;
  };
  await expect.poll(look).toMatch(use);
  return text;
}
