import { expect, test } from "vitest";
import {
  isNearlyFull,
  isStorageFull,
  isWorthWatching,
  NEARLY_FULL_BYTES,
  NO_ROOM,
  STORAGE_FULL,
} from "../../../src/core/organization/storage-room.ts";

test.each([
  [0, false, false],
  [1e9 - 1, false, false],
  [1e9, true, false],
  [7e9 - 1, true, false],
  [7e9, true, true],
])("an organisation of %i bytes is told of: %s, and takes no more: %s", (bytes, watched, full) => {
  expect([isWorthWatching(bytes), isNearlyFull(bytes)]).toEqual([watched, full]);
  expect(NEARLY_FULL_BYTES).toBe(7e9);
});

test.each([
  [new Error("database or disk is full: SQLITE_FULL"), true],
  [new Error("Exceeded allowed storage in Durable Object."), true],
  ["SQLITE_FULL", true],
  [new Error("no such table: keys"), false],
  [undefined, false],
])("%s means that there is no room: %s", (error, isFull) => {
  expect(isStorageFull(error)).toBe(isFull);
});

test("a client of a full organisation may come back in an hour", () => {
  for (const refusal of [NO_ROOM, STORAGE_FULL]) {
    expect(refusal).toMatchObject({ code: "admission_unavailable", retryAfter: 3600 });
  }
});
