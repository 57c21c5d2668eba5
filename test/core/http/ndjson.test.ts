import { describe, expect, test, vi } from "vitest";
import { acceptsLines, NDJSON, ndjsonLines, readLines, readNdjson } from "../../../src/core/http/ndjson.ts";

const LONGEST = 8;

/** A text in parts of so many bytes. */
async function* streamOf(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}

async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  return Array.fromAsync(values);
}

/** However a text is cut, the same is read. */
describe.each([1, 2, 3, 7, 1000])("in parts of %i bytes", (size) => {
  test.each<[string, readonly (string | null)[]]>([
    ["", []],
    ["a\nb\n", ["a", "b"]],
    ["a\nb", ["a", "b"]],
    ["\na\n\n", ["", "a", ""]],
    ["äöü🗝\nß", ["äöü🗝", "ß"]],
    ["12345678\n123456789\n1", ["12345678", null, "1"]],
    ["12345678", ["12345678"]],
    ["123456789", [null]],
    [`${"x".repeat(30)}\ny\n`, [null, "y"]],
    [`y\n${"x".repeat(30)}`, ["y", null]],
  ])("the lines of %j are %j, without those that are too long", async (text, lines) => {
    expect(await all(readLines(streamOf(text, size), LONGEST))).toEqual(lines);
  });

  test("values are read as they were written", async () => {
    const values = [{ a: 1 }, { b: "ä\n🗝" }, {}];
    const text = new TextDecoder().decode(ndjsonLines(values));
    expect(await all(readNdjson(streamOf(text, size)))).toEqual(values);
    expect(await all(readNdjson(streamOf(text.trimEnd(), size)))).toEqual(values);
  });
});

test("values are written as one line each", () => {
  expect(new TextDecoder().decode(ndjsonLines([{ a: 1 }, { b: "x\ny" }]))).toBe('{"a":1}\n{"b":"x\\ny"}\n');
  expect(ndjsonLines([])).toHaveLength(0);
  expect(NDJSON).toBe("application/x-ndjson");
});

test("a line is read as soon as it has come, and no more of one that is too long is kept", async () => {
  async function* endless(): AsyncGenerator<Uint8Array> {
    yield new TextEncoder().encode("1\n");
    throw new Error("asked for more");
  }
  expect((await readLines(endless(), LONGEST).next()).value).toBe("1");
  expect((await readNdjson(endless()).next()).value).toBe(1);
});

test("a line that is no JSON is an error", async () => {
  await expect(all(readNdjson(streamOf("{}\n{", 100)))).rejects.toThrow();
});

test.each<[accept: string | undefined, lines: boolean]>([
  [NDJSON, true],
  ["Application/X-NDJSON", true],
  ["application/json, application/x-ndjson;q=0.5", true],
  ["application/x-ndjson; q=0", false],
  ["application/x-ndjson;q=0.000, */*", false],
  ["application/x-ndjsonx", false],
  ["application/json", false],
  ["*/*", false],
  ["", false],
  [undefined, false],
])("who accepts %j gets lines: %s", (accept, lines) => {
  expect(acceptsLines(accept)).toBe(lines);
});

test("however small the parts of a long line are, each letter is looked at once", async () => {
  const text = `${"x".repeat(2000)}\n`;
  const split = vi.spyOn(String.prototype, "split");
  let looked: number;
  try {
    await all(readLines(streamOf(text, 1), text.length));
    looked = split.mock.contexts.reduce<number>((sum, each) => sum + String(each).length, 0);
  } finally {
    split.mockRestore();
  }
  expect(looked).toBe(text.length);
});
