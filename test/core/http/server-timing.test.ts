import { expect, test } from "vitest";
import { serverTiming } from "../../../src/core/http/server-timing.ts";

test.each([
  [
    { admission: "guard", guardMs: 3, originMs: 40, totalMs: 44 },
    'admission;desc="guard", guard;dur=3, origin;dur=40, total;dur=44',
  ],
  [
    { admission: "lease", guardMs: null, originMs: 0, totalMs: 1 },
    'admission;desc="lease", origin;dur=0, total;dur=1',
  ],
  [{ admission: null, guardMs: null, originMs: null, totalMs: 2 }, "total;dur=2"],
])("of %j just the parts that there were are told", (timings, value) => {
  expect(serverTiming(timings)).toBe(value);
});
