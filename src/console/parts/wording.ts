import type { RateLimit } from "../../core/key/key-record.ts";

/** Numbers and limits in words. */

export const NUMBER = new Intl.NumberFormat("en");

const UNITS: Readonly<Record<number, string>> = {
  1: "a second",
  60: "a minute",
  3600: "an hour",
  86_400: "a day",
};

/** Like "600 requests a minute". */
export function rateText({ requests, windowSeconds }: RateLimit): string {
  return `${counted(requests, "request")} ${UNITS[windowSeconds] ?? `in ${NUMBER.format(windowSeconds)} seconds`}`;
}

/** Like "1 call" and "1,200 calls". */
export function counted(n: number, noun: string): string {
  return `${NUMBER.format(n)} ${noun}${n === 1 ? "" : "s"}`;
}

/** Like "a, b and c". */
export function listed(words: readonly string[]): string {
  return LIST.format(words);
}

const LIST = new Intl.ListFormat("en", { type: "conjunction" });
