import { describe, expect, test, vi } from "vitest";
import { BODY_TIMEOUT_MS, readAtMost } from "../../../src/core/http/body.ts";
import { isRefusal } from "../../../src/core/refusal.ts";

const LIMIT = 5000;
const SOON_MS = 20;

/** A body of parts of these sizes; one that `ends` with nothing stays open. */
function bodyOf(sizes: readonly number[], ends: "whole" | "open" | "broken"): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const size of sizes) controller.enqueue(new Uint8Array(size).fill(size));
      if (ends === "whole") controller.close();
      if (ends === "broken") controller.error(new Error("reset"));
    },
  });
}

describe("a body", () => {
  test.each([
    ["nothing", []],
    ["one part", [LIMIT]],
    ["a part for each byte", Array.from({ length: LIMIT }, () => 1)],
    ["parts of many sizes", [1, 1023, 1, 3000, 975]],
  ])("is read whole from %s", async (_, sizes) => {
    const read = await readAtMost(bodyOf(sizes, "whole"), LIMIT);
    expect(read).toEqual(new Uint8Array(sizes.flatMap((size) => Array.from({ length: size }, () => size))));
  });

  test.each([
    ["is too large", [LIMIT, 1], "whole", "payload_too_large", undefined],
    [
      "is too large in many parts",
      [...Array.from({ length: LIMIT }, () => 1), 1],
      "whole",
      "payload_too_large",
      undefined,
    ],
    ["does not end", [1, 1, 1], "open", "invalid_request", "The body did not come in time"],
    ["is too large and does not end", [LIMIT, 1], "open", "payload_too_large", undefined],
    ["breaks off", [], "broken", "invalid_request", "The body is broken, or was cut short"],
  ] as const)("is refused when it %s", async (_, sizes, ends, code, problem) => {
    const read = await readAtMost(bodyOf(sizes, ends), LIMIT, ends === "open" ? SOON_MS : undefined);
    if (!isRefusal(read)) throw new Error("It was read");
    expect([read.code, read.details?.["problem"]]).toEqual([code, problem]);
  });
});

test("what has no body is read as nothing, and a body may take a minute", async () => {
  expect(await readAtMost(null, LIMIT)).toEqual(new Uint8Array());
  expect(BODY_TIMEOUT_MS).toBe(60_000);
});

test("the end of the time for a body is waited for once, however many parts there are to remember it", async () => {
  const race = vi.spyOn(Promise, "race");
  try {
    await readAtMost(
      bodyOf(
        Array.from({ length: LIMIT }, () => 1),
        "whole",
      ),
      LIMIT,
    );
    expect(race).toHaveBeenCalledTimes(1);
  } finally {
    race.mockRestore();
  }
});
