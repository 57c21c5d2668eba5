import { expect, test } from "vitest";
import { CachedValue } from "../../src/state/cached-value.ts";

/** Somebody who tells a number that grows, or fails as long as `down`. */
function teller() {
  const state = { asked: 0, down: false };
  const ask = async (): Promise<number> => {
    state.asked++;
    if (state.down) throw new Error(`down ${state.asked}`);
    return state.asked;
  };
  return { state, cached: new CachedValue(ask, { maxAgeMs: 100, retryMs: 10 }) };
}

test("an answer counts for its time, and is asked for again after it", async () => {
  const { cached } = teller();
  expect(await cached.get(1000)).toBe(1);
  expect(await cached.get(1099)).toBe(1);
  expect(await cached.get(1100)).toBe(2);
});

test("an answer outlives an outage, in which a question is asked from time to time", async () => {
  const { state, cached } = teller();
  await cached.get(1000);
  state.down = true;
  for (const now of [1100, 1101, 1109]) expect(await cached.get(now)).toBe(1);
  expect(state.asked).toBe(2);
  expect(await cached.get(1110)).toBe(1);
  expect(state.asked).toBe(3);
});

test("without an answer a failure counts until the next question", async () => {
  const { state, cached } = teller();
  state.down = true;
  for (const now of [1000, 1001, 1009]) await expect(cached.get(now)).rejects.toThrow("down 1");
  state.down = false;
  await expect(cached.get(1009)).rejects.toThrow("down 1");
  expect(await cached.get(1010)).toBe(2);
});

test("whoever comes while somebody asks goes by what is known", async () => {
  const { state, cached } = teller();
  await cached.get(1000);
  expect(await Promise.all([cached.get(1100), cached.get(1100)])).toEqual([2, 1]);
  state.down = true;
  expect(await Promise.all([cached.get(1200), cached.get(1201)])).toEqual([2, 2]);
});
