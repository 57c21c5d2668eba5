import { describe, expect, test } from "vitest";
import {
  handOut,
  hasPlenty,
  openStored,
  recordAhead,
  shortened,
  takeBack,
  tellWindow,
  toStored,
  windowAt,
  type Window,
} from "../../src/admission/rules/window.ts";

const LIMIT = { requests: 1010, windowSeconds: 60 };
const T = 1_000_000;
const STORED = { number: 3, start: T, end: T + 60_000, used: 100 };
/** Of a key that is used all the time: 50 units in this slot. */
const BUSY: Window = { ...openStored(STORED), lately: 50, handed: 1, slotAt: T };

const handOne = (window: Window | undefined, now: number, limit = LIMIT) =>
  handOut(window, { want: 1, waiting: 1, need: 1 }, limit, now);

describe("a window", () => {
  test("opens with the first request, and with nothing on record", () => {
    expect(windowAt(undefined, LIMIT, T)).toEqual({
      ...openStored({ number: T, start: T, end: T + 60_000, used: 0 }),
      recorded: -1,
    });
  });

  test("follows another with a later number, and with what is known of the key's use", () => {
    const next = windowAt(BUSY, LIMIT, T + 60_000);
    const { lately, before, handed, slotAt } = BUSY;
    const opened = { number: T + 60_000, start: T + 60_000, end: T + 120_000, used: 0, recorded: -1 };
    expect(next).toEqual({ ...opened, lately, before, handed, slotAt });
    expect(windowAt(BUSY, LIMIT, T + 59_999)).toBe(BUSY);
  });

  test("has a later number than the one before, also by a clock that was set back and in a restored guard", () => {
    const later = { ...BUSY, number: T + 200_000 };
    expect(windowAt(later, LIMIT, T + 60_000).number).toBe(T + 200_001);
    const lost = windowAt(BUSY, LIMIT, T + 60_000);
    expect(windowAt(BUSY, LIMIT, T + 120_000).number).toBeGreaterThan(lost.number);
  });

  test("moves with a clock that is set back, and keeps its use", () => {
    expect(windowAt(BUSY, LIMIT, T - 1)).toEqual({ ...BUSY, start: T - 1, end: T + 59_999 });
  });

  test("is on record as used as far as units may have been handed out", () => {
    expect(toStored({ ...BUSY, recorded: 149 })).toEqual({ ...STORED, used: 149 });
    expect(openStored(STORED)).toMatchObject({ used: 100, recorded: 100 });
  });

  test("ends no later by a shorter limit than the leases by which the longer one is used", () => {
    const short = { requests: 10, windowSeconds: 5 };
    expect(shortened(BUSY, short, T, 200).end).toBe(T + 5000);
    expect(shortened(BUSY, short, T + 4900, 200).end).toBe(T + 5100);
    expect(shortened(BUSY, LIMIT, T, 200)).toBe(BUSY);
  });

  test("tells what is left of it, which is never less than nothing", () => {
    const told = { number: 3, limit: LIMIT, remaining: 910, resetInMs: 59_000 };
    expect(tellWindow(BUSY, LIMIT, T + 1000)).toEqual(told);
    const { remaining } = tellWindow(BUSY, { requests: 7, windowSeconds: 60 }, T);
    expect(remaining).toBe(0);
  });

  test("takes units back, and never more than were handed out", () => {
    expect(takeBack(BUSY, 30).used).toBe(70);
    expect(takeBack(BUSY, 130).used).toBe(0);
  });

  test.each([
    [990, true],
    [991, false],
  ])("with %i units used has plenty left: %s", (used, plenty) => {
    expect(hasPlenty({ ...BUSY, used }, LIMIT, T)).toBe(plenty);
    expect(hasPlenty({ ...BUSY, used }, LIMIT, T + 60_000)).toBe(false);
    expect(hasPlenty(undefined, LIMIT, T)).toBe(false);
  });
});

describe("units that are handed out", () => {
  test.each([
    ["all that wait", 100, 5, { waiting: 5, need: 1 }, 5],
    ["no more than are left", 3, 5, { waiting: 5, need: 1 }, 3],
    ["for the asking request, which they just pay for", 3, 3, { waiting: 3, need: 3 }, 3],
    ["for others, where the asking request cannot be paid for", 3, 7, { waiting: 7, need: 5 }, 2],
    ["none, of none that are left", 0, 3, { waiting: 3, need: 3 }, 0],
    ["none, of fewer than none", -5, 3, { waiting: 3, need: 1 }, 0],
    ["to come: one, of few", 10, 5, { waiting: 0, need: 0 }, 1],
    ["to come: a twentieth, rounded down", 59, 9, { waiting: 0, need: 0 }, 2],
    ["to come: what is wanted, of many", 1000, 9, { waiting: 0, need: 0 }, 9],
    ["none, where none is wanted", 100, 0, { waiting: 0, need: 0 }, 0],
  ])("are %s", (_, left, want, asked, units) => {
    const window = { ...BUSY, used: LIMIT.requests - left };
    expect(handOut(window, { want, ...asked }, LIMIT, T).units).toBe(units);
  });

  test("leave the window as it is when there are none", () => {
    const full = { ...BUSY, used: LIMIT.requests };
    const handed = handOne(full, T);
    expect(handed).toEqual({ units: 0, window: full, mustRecord: false });
    expect(handed.window).toBe(full);
  });

  test.each([
    ["a key that is used all the time", BUSY, LIMIT, 101 + 49],
    ["one near its limit", { ...BUSY, used: 1000, recorded: 1000 }, LIMIT, 1010],
    ["one that was used a little", { ...BUSY, lately: 3 }, LIMIT, 101 + 4 * 2],
    ["one that is used rarely", openStored(STORED), LIMIT, 101],
    ["one of a small limit", { ...BUSY, used: 5, recorded: 5 }, { requests: 19, windowSeconds: 60 }, 6],
  ])("are on record before they leave, of %s", (_, window, limit, recorded) => {
    const handed = handOne(window, T + 1, limit);
    expect([handed.units, handed.mustRecord, handed.window.recorded]).toEqual([1, true, recorded]);
  });

  test("need no record as long as it runs ahead of them", () => {
    const ahead = { ...BUSY, recorded: 101 };
    expect(handOne(ahead, T)).toMatchObject({ mustRecord: false, window: { used: 101, recorded: 101 } });
    expect(handOut(ahead, { want: 2, waiting: 2, need: 1 }, LIMIT, T).mustRecord).toBe(true);
  });

  test.each([
    ["at once", 0, { before: 0, lately: 51, slotAt: T }],
    ["within the slot", 9999, { before: 0, lately: 51, slotAt: T }],
    ["in the next slot", 10_000, { before: 50, lately: 1, slotAt: T + 10_000 }],
    ["at the end of the next slot", 19_999, { before: 50, lately: 1, slotAt: T + 19_999 }],
    ["after it", 20_000, { before: 0, lately: 1, slotAt: T + 20_000 }],
    ["by a clock that was set back", -1, { before: 0, lately: 1, slotAt: T - 1 }],
  ])("are counted by slots: %s", (_, after, counted) => {
    expect(handOne(BUSY, T + after).window).toMatchObject({ ...counted, handed: 1 });
  });
});

describe("a record runs ahead of a window", () => {
  test.each([
    ["in use", BUSY, T + 5000, 149],
    ["in use a while ago", BUSY, T + 19_999, 149],
    ["in use long ago", BUSY, T + 20_000, null],
    ["that has ended", BUSY, T + 60_000, null],
    ["that has just ended", { ...BUSY, slotAt: T + 59_999 }, T + 60_000, null],
    ["of which more is on record", { ...BUSY, recorded: 200 }, T, null],
    ["of which as much is on record", { ...BUSY, recorded: 149 }, T, null],
    ["that is nearly used up", { ...BUSY, used: 1000, recorded: 1000 }, T, 1010],
  ])("%s", (_, window, now, recorded) => {
    const ahead = recordAhead(window, LIMIT, now);
    if (recorded === null) expect(ahead).toBe(window);
    else expect(ahead).toEqual({ ...window, recorded });
  });
});
