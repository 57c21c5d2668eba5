import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { isRefusal } from "../../src/core/refusal.ts";
import type { RefusalCode } from "../../src/core/refusal-table.ts";
import { GithubKeys } from "../../src/control/ops/github-keys.ts";
import { refusalOf, startControl } from "../support/control.ts";
import { startGithub, type TestGithub } from "../support/github.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const START = 1_000_000_000;

let github: TestGithub;
let keys: GithubKeys;

beforeEach(async () => {
  github = await startGithub();
  keys = new GithubKeys(github.keysUrl);
});
afterEach(() => github.stop());

const current = (): string => github.sign("")["Github-Public-Key-Identifier"] ?? "";
const UNAVAILABLE: RefusalCode = "identity_provider_unavailable";
const isKnown = async (identifier: string, at: number): Promise<boolean | RefusalCode> => {
  const found = await keys.find(identifier, START + at);
  return isRefusal(found) ? found.code : found !== null;
};

describe("GitHub's list of keys", () => {
  test("is fetched once for many reports, by somebody who says who it is", async () => {
    for (const at of [0, MINUTE, HOUR - 1]) expect(await isKnown(current(), at)).toBe(true);
    expect(github.fetches).toBe(1);
    expect(github.userAgent).toBe("Portcullis");
  });

  test("is fetched once for reports that come together", async () => {
    const found = await Promise.all(Array.from({ length: 20 }, () => isKnown(current(), 0)));
    expect(found).toEqual(found.map(() => true));
    expect(github.fetches).toBe(1);
  });

  test("is fetched again when it is an hour old", async () => {
    await isKnown(current(), 0);
    expect(await isKnown(current(), HOUR)).toBe(true);
    expect(github.fetches).toBe(2);
  });

  test("is fetched again for a key that is not in it, which may be new", async () => {
    const old = current();
    await isKnown(old, 0);
    github.rotate();
    const found = await Promise.all([isKnown(current(), 1), isKnown(current(), 1), isKnown(old, 1)]);
    expect(found).toEqual([true, true, true]);
    expect(github.fetches).toBe(2);
  });

  test("is fetched at most once a minute for identifiers that are in no list", async () => {
    for (let i = 0; i < 20; i++) expect(await isKnown(`junk ${i}`, i)).toBe(false);
    expect(github.fetches).toBe(2);
    expect(await isKnown("junk", MINUTE + 20)).toBe(false);
    expect(github.fetches).toBe(3);
  });

  test.each(["500", "no JSON", "redirect"] as const)(
    "that was known goes on counting for a day while it answers %s",
    async (answer) => {
      await isKnown(current(), 0);
      github.setAnswer(answer);
      expect(await isKnown(current(), 2 * HOUR)).toBe(true);
      expect(await isKnown("unknown", 2 * HOUR)).toBe(UNAVAILABLE);
      expect(await isKnown(current(), 24 * HOUR)).toBe(UNAVAILABLE);
    },
  );

  test("that cannot be fetched is asked for again, but not at once", async () => {
    github.setAnswer("500");
    for (let at = 0; at < 5; at++) expect(await isKnown(current(), at)).toBe(UNAVAILABLE);
    expect(github.fetches).toBe(1);
    github.setAnswer("keys");
    expect(await isKnown(current(), 10_000)).toBe(true);
  });
});

test("a report is neither believed nor lost while the list cannot be had", async () => {
  github.setAnswer("500");
  const control = await startControl({ vars: { GITHUB_SECRET_SCANNING_KEYS_URL: github.keysUrl } });
  const body = [{ token: "x", type: "a", url: "", source: "content" }];
  const answer = await control.call("POST", "/-/ops/leaks/github", {
    body,
    headers: github.sign(JSON.stringify(body)),
  });
  expect(answer.headers.get("Retry-After")).toBe("10");
  expect(await refusalOf(answer)).toEqual([503, "identity_provider_unavailable"]);
  const page = await control.call("GET", "/-/errors/identity_provider_unavailable");
  expect(await page.text()).toContain("those of GitHub");
  await control.stop();
});
