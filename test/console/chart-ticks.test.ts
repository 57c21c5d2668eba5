import { describe, expect, test } from "vitest";
import { startOf, ticksOf } from "../../src/console/chart-ticks.ts";
import { usageStretch, type UsageWindow } from "../../src/core/usage/windows.ts";

/** The bars of a window, by their start, and the seconds between them. */
function barsOf(window: UsageWindow, now: string): [starts: string[], stepS: number] {
  const { from, step, length } = usageStretch(window, Date.parse(now));
  return [Array.from({ length }, (_, i) => new Date(from + i * step).toISOString()), step / 1000];
}

function labelsOf(window: UsageWindow, now: string, zone: string): string[] {
  return ticksOf(...barsOf(window, now), zone).map(({ text }) => text);
}

describe("labels along the axis say where one is, on the clocks of the zone", () => {
  test.each([
    ["24h", "2026-11-20T14:30:00Z", "UTC", ["16:00", "20:00", "20 Nov", "04:00", "08:00", "12:00"]],
    ["24h", "2026-11-20T14:30:00Z", "Asia/Tokyo", ["20 Nov", "04:00", "08:00", "12:00", "16:00", "20:00"]],
    ["24h", "2026-11-20T14:30:00Z", "Asia/Kolkata", ["20:30", "20 Nov", "04:30", "08:30", "12:30", "16:30"]],
    // A day of 23 hours, and one of 25.
    ["24h", "2026-03-29T12:00:00Z", "Europe/Berlin", ["16:00", "20:00", "29 Mar", "04:00", "08:00", "12:00"]],
    ["24h", "2026-10-25T12:00:00Z", "Europe/Berlin", ["16:00", "20:00", "25 Oct", "04:00", "08:00", "12:00"]],
    ["1h", "2026-11-21T00:20:00Z", "UTC", ["23:30", "23:40", "23:50", "21 Nov", "00:10", "00:20"]],
    ["1h", "2026-11-20T14:05:00Z", "Asia/Kathmandu", ["19:00", "19:10", "19:20", "19:30", "19:40", "19:50"]],
  ] as const)("%s at %s in %s", (window, now, zone, labels) => {
    expect(labelsOf(window, now, zone)).toEqual(labels);
  });

  test.each(["UTC", "Europe/Berlin", "America/Los_Angeles", "Asia/Kolkata", "Pacific/Auckland"])(
    "a week has a date for each day that begins in it, in %s",
    (zone) => {
      for (const now of ["2026-03-30T05:00:00Z", "2026-10-26T22:59:59Z", "2026-12-31T23:00:00Z"]) {
        const labels = labelsOf("7d", now, zone);
        // A week of seven midnights, or of six where the clocks were put back in it.
        expect([6, 7]).toContain(labels.length);
        expect(new Set(labels).size).toBe(labels.length);
        for (const label of labels) expect(label).toMatch(/^\d{1,2} \w{3,4}$/);
      }
    },
  );

  test("a month has days of UTC, in whatever zone one is", () => {
    const labels = labelsOf("30d", "2026-11-20T23:30:00Z", "UTC");
    expect(labels).toEqual(["22 Oct", "27 Oct", "1 Nov", "6 Nov", "11 Nov", "16 Nov"]);
    expect(labelsOf("30d", "2026-11-20T23:30:00Z", "Pacific/Auckland")).toEqual(labels);
  });
});

test("a label stands where its bar begins", () => {
  const [starts, stepS] = barsOf("24h", "2026-11-20T14:30:00Z");
  const [first] = ticksOf(starts, stepS, "UTC");
  expect(first).toEqual({ text: "16:00", left: (100 / 24) * starts.indexOf("2026-11-19T16:00:00.000Z") });
});

test.each([
  ["2026-11-20T00:00:00.000Z", 86_400, "America/St_Johns", "20 Nov 2026 (UTC)"],
  ["2026-11-20T00:00:00.000Z", 3600, "America/St_Johns", "19 Nov 2026, 20:30 GMT-3:30"],
] as const)("a bar from %s of %i seconds begins in %s on %s", (start, stepS, zone, text) => {
  expect(startOf(start, stepS, zone)).toBe(text);
});
