import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cookiesForOrigin, namedByConnection } from "../../../src/core/http/header-policy.ts";
import { filterBody, type ListFilter } from "../../../src/core/http/filtered-list.ts";
import { MAX_JSON_DEPTH, nestsTooDeep } from "../../../src/core/http/json-depth.ts";
import { readLines } from "../../../src/core/http/ndjson.ts";
import { webhookUrlProblem } from "../../../src/core/organization/webhook.ts";
import { always, jsonWith, longTexts, runs, textWith } from "../../support/fuzz.ts";
import { readJson } from "../../support/json.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const MAX_LENGTH = 20;

/** A stream that gives its bytes in pieces of these lengths, over and over. */
function streamOf(bytes: Uint8Array, lengths: readonly number[]): ReadableStream<Uint8Array> {
  let [at, i] = [0, 0];
  return new ReadableStream({
    pull: (controller) => {
      if (at >= bytes.length) return controller.close();
      const end = at + (lengths[i++ % lengths.length] ?? 1);
      controller.enqueue(bytes.slice(at, end));
      at = end;
    },
  });
}

describe("headers and URLs", () => {
  test.each<[string, (text: string) => unknown]>([
    ["cookies", cookiesForOrigin],
    ["a Connection header", namedByConnection],
    [
      "a webhook's URL",
      (text) => webhookUrlProblem(text, { allowLoopback: false, own: ["https://gateway.test"] }),
    ],
  ])("%s may be any text, and a long one is read in time", (_, read) => {
    always(textWith("a=1", ", ", ";", '"', "\\", "close", "https://", "127.0.0.1", "[::1]", "@", "\t"), read);
    for (const text of longTexts(", ", '"', "a=1, ", "a", ";", " ", "https://", "@", "[")) read(text);
  });
});

describe("lists", () => {
  const FILTER: ListFilter = {
    items: ["data"],
    id: ["id"],
    total: ["total"],
    visible: (id) => id === "mine",
  };
  const ITEM = fc.record({ id: fc.constantFrom("mine", "other organisation"), name: fc.string() });

  test("any JSON is filtered or not shown, and no item of somebody else's is", () => {
    const BODY = fc.oneof(
      jsonWith(["data", "id", "total"], ["mine"]),
      fc.record({ data: fc.array(ITEM), total: fc.nat(9) }),
    );
    always(BODY, (body) => {
      const shown = filterBody(encode(JSON.stringify(body)), "utf-8", FILTER, false);
      if (shown === null) return;
      const data = readJson<{ data?: unknown }>(new TextDecoder().decode(shown.bytes)).data;
      for (const item of Array.isArray(data) ? (data as { id?: unknown }[]) : [])
        expect(item.id).toBe("mine");
    });
  });

  test("a long list is read in time, however it is nested or broken off", () => {
    for (const text of longTexts("[", '{"data":', '{"data":[', '{"id":"mine"},', '"', "1")) {
      filterBody(encode(text), "utf-8", FILTER, false);
      filterBody(encode(`{"data":[${text}`), "utf-8", FILTER, true);
    }
  });
});

test("JSON nests too deep exactly where it has more levels than are allowed, quoted brackets aside", () => {
  always(fc.tuple(fc.integer({ min: 1, max: 2 * MAX_JSON_DEPTH }), fc.string()), ([depth, text]) => {
    const json = "[".repeat(depth) + JSON.stringify(`[${text}{`) + "]".repeat(depth);
    expect(nestsTooDeep(encode(json))).toBe(depth > MAX_JSON_DEPTH);
  });
});

describe("NDJSON", () => {
  const LENGTHS = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 4 });

  test("lines are the same however the bytes arrive; one that is too long is passed over", async () => {
    const LINES = fc.array(fc.stringMatching(/^[^\n\r]{0,30}$/), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(LINES, LENGTHS, async (lines, lengths) => {
        const text = lines.map((line) => `${line}\n`).join("");
        const read = await Array.fromAsync(readLines(streamOf(encode(text), lengths), MAX_LENGTH));
        const decoded = new TextDecoder().decode(encode(text)).split("\n").slice(0, -1);
        expect(read).toEqual(decoded.map((line) => (line.length > MAX_LENGTH ? null : line)));
      }),
      runs(300),
    );
  });
});
