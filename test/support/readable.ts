import { expect } from "vitest";
import type { Visitor } from "./browser.ts";

/** Screens that pages are looked at on. */
export const SCREENS = { wide: { width: 1280, height: 800 }, narrow: { width: 360, height: 740 } };

/** That a page can be read by everybody, and nobody has to scroll sideways. */
export async function expectReadable(visitor: Visitor): Promise<void> {
  expect(await visitor.axe()).toEqual([]);
  expect(
    await visitor.page.evaluate("document.documentElement.scrollWidth - innerWidth"),
  ).toBeLessThanOrEqual(0);
}
