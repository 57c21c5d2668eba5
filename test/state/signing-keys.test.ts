import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { SigningKey } from "../../src/core/token/signing-key.ts";
import { SigningKeys } from "../../src/state/signing-keys.ts";

const T = 1_800_000_000_000;
const POLICY = { lifetimeMs: 90_000, publishAheadMs: 10_000, keptMs: 5000 };

let ring: readonly SigningKey[];
let keys: SigningKeys;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: T });
  let made = 0;
  ring = [];
  const store = { read: () => ring, write: (next: readonly SigningKey[]) => void (ring = next) };
  keys = new SigningKeys(store, POLICY, () => `k${++made}`);
});
afterEach(() => vi.useRealTimers());

/** The key that signs at a moment after the start, and those by which tokens are verified then. */
async function at(ms: number): Promise<[signs: string, published: string[]]> {
  vi.setSystemTime(T + ms);
  const { kid } = await keys.current();
  return [kid, keys.published().map((key) => key.kid)];
}

test("keys renew themselves: each is published before it signs and as long as its last token may live", async () => {
  expect(await at(0)).toEqual(["k1", ["k1"]]);
  expect(await at(79_999)).toEqual(["k1", ["k1"]]);
  expect(await at(80_000)).toEqual(["k1", ["k1", "k2"]]);
  expect(await at(89_999)).toEqual(["k1", ["k1", "k2"]]);
  expect(await at(90_000)).toEqual(["k2", ["k1", "k2"]]);
  expect(await at(94_999)).toEqual(["k2", ["k1", "k2"]]);
  expect(await at(95_000)).toEqual(["k2", ["k2"]]);
});

test("a rotation by hand does the same before its time, and once however often it is asked for", async () => {
  await at(0);
  const next = await keys.rotate();
  expect(await keys.rotate()).toBe(next);
  expect(await at(9999)).toEqual(["k1", ["k1", "k2"]]);
  expect(await at(10_000)).toEqual(["k2", ["k1", "k2"]]);
});

test("calls that find none at the same time make one", async () => {
  const made = await Promise.all([keys.current(), keys.current(), keys.current()]);
  expect(new Set(made.map(({ kid }) => kid)).size).toBe(1);
  expect(ring).toHaveLength(1);
});
