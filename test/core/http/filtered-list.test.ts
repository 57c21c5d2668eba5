import * as fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { filterBody, type ListFilter } from "../../../src/core/http/filtered-list.ts";
import { runs } from "../../support/fuzz.ts";
import { readJson } from "../../support/json.ts";

const HIDDEN = "hidden";
const SHOWN = "shown";
const FILTER: ListFilter = {
  items: ["data"],
  id: ["id"],
  total: ["total"],
  visible: (id) => id === SHOWN || id === "1",
};

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** What may be shown of a body, or `null`. */
function shown(bytes: Uint8Array, filter = FILTER, isFailure = false): string | null {
  const filtered = filterBody(bytes, "utf-8", filter, isFailure);
  return filtered && new TextDecoder().decode(filtered.bytes);
}

const id = fc.constantFrom<unknown>(HIDDEN, SHOWN, 1, 9, null, true, [HIDDEN], { id: SHOWN });
const item = fc.oneof(
  fc.record({ id, name: fc.json().map((text) => JSON.parse(text) as unknown) }),
  fc.jsonValue(),
);
const list = fc.record({ data: fc.array(item), total: fc.nat(10), next: fc.string() });

/** What a slow and obvious reader would show of a list. */
function expected(document: { data: unknown[]; total: number; next: string }): unknown {
  const data = document.data.filter((each) => {
    const own = (each as { id?: unknown } | null)?.id;
    return typeof each === "object" && !Array.isArray(each) && (own === SHOWN || own === 1);
  });
  const { total, ...rest } = document;
  return total === document.data.length ? { ...rest, data, total: data.length } : { ...rest, data };
}

test("of any list the items that may be seen are shown, and only those", () => {
  fc.assert(
    fc.property(list, fc.nat(3), (document, indent) => {
      const text = shown(encode(JSON.stringify(document, null, indent)));
      expect(JSON.parse(text ?? "")).toEqual(JSON.parse(JSON.stringify(expected(document))));
    }),
    runs(100),
  );
});

/** A list with bytes put in, taken out or doubled. */
const damaged = fc
  .tuple(list, fc.nat(), fc.nat(40), fc.uint8Array({ maxLength: 4 }))
  .map(([document, at, length, bytes]) => {
    const whole = encode(JSON.stringify(document));
    const start = at % (whole.length + 1);
    return Uint8Array.from([...whole.slice(0, start), ...bytes, ...whole.slice(start + length)]);
  });

describe("what is not understood is not shown:", () => {
  test.each([false, true])("bytes of any kind (of a failure: %s)", (isFailure) => {
    fc.assert(
      fc.property(
        fc.oneof(damaged, fc.uint8Array(), fc.json().map(encode), fc.string().map(encode)),
        (bytes) => {
          const text = shown(bytes, FILTER, isFailure);
          if (text === null) return;
          const document = readJson<Record<string, unknown>>(text);
          expect(typeof document === "object" && !Array.isArray(document)).toBe(true);
          const { data } = document;
          if (!Array.isArray(data)) expect([isFailure, data ?? null]).toEqual([true, null]);
          else expect(data.filter((each) => ![SHOWN, 1].includes((each as { id: string }).id))).toEqual([]);
        },
      ),
      runs(500),
    );
  });

  test("a body that is the list itself, of a failure, too", () => {
    const filter = { ...FILTER, items: [], total: null };
    fc.assert(
      fc.property(fc.jsonValue(), fc.boolean(), (value, isFailure) => {
        const text = shown(encode(JSON.stringify(value)), filter, isFailure);
        const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
        expect(text !== null).toBe(Array.isArray(value) || (isFailure && isObject));
      }),
      runs(100),
    );
  });
});

const THREE = [{ id: SHOWN }, { id: HIDDEN }, { id: 1 }];
const LEFT = [{ id: SHOWN }, { id: 1 }];

describe("a total, wherever it is, becomes that of the visible items, or nothing:", () => {
  test.each<[string, readonly string[], unknown, unknown]>([
    ["of a complete list", ["total"], { data: THREE, total: 3 }, { data: LEFT, total: 2 }],
    ["as text", ["total"], { data: THREE, total: "3" }, { data: LEFT, total: "2" }],
    ["of an extract", ["total"], { data: THREE, total: 57 }, { data: LEFT }],
    ["of another kind", ["total"], { data: THREE, total: { of: 3 } }, { data: LEFT }],
    ["that is not there", ["total"], { data: THREE }, { data: LEFT }],
    [
      "further in",
      ["meta", "total"],
      { data: THREE, meta: { total: 3 } },
      { data: LEFT, meta: { total: 2 } },
    ],
    ["in what is no object", ["meta", "total"], { data: THREE, meta: 3 }, { data: LEFT, meta: 3 }],
    ["in what is not there", ["meta", "total"], { data: THREE, total: 3 }, { data: LEFT, total: 3 }],
    ["in a list", ["meta", "0"], { data: THREE, meta: [57, 1] }, { data: LEFT, meta: [null, 1] }],
    ["of a name that all objects have", ["constructor"], { data: THREE }, { data: LEFT }],
    ["that is the body itself", [], { data: THREE }, { data: LEFT }],
  ])("%s", (_, total, body, left) => {
    expect(JSON.parse(shown(encode(JSON.stringify(body)), { ...FILTER, total }) ?? "")).toEqual(left);
  });
});

test.each<[string, boolean]>([
  ['{"error":1}', true],
  ['{"data":null}', true],
  [`{"data":{"id":"${HIDDEN}"}}`, false],
  [`{"data":"${HIDDEN}"}`, false],
  ["[]", false],
  ["null", false],
  ['"error"', false],
])("of a failure %s is shown: %s", (text, isShown) => {
  expect(shown(encode(text), FILTER, true) !== null).toBe(isShown);
  expect(shown(encode(text), FILTER, false)).toBeNull();
});

test("a mark of the byte order is passed over, and bytes that are no text are not", () => {
  const body = encode('{"data":[]}');
  expect(shown(Uint8Array.of(0xef, 0xbb, 0xbf, ...body))).toBe('{"data":[]}');
  expect(shown(encode('{"data":[],"name":"x"}').map((byte) => (byte === 0x78 ? 0xff : byte)))).toBeNull();
});

test("every number keeps its spelling, and those that need no object of their own for that get none", () => {
  const plain = ["0", "1", "-1", "1.5", "1700000000123", "9007199254740991", "0.000001", "1e+21"];
  const own = [
    "-0",
    "1.50",
    "1e2",
    "1E+21",
    "0.0000001",
    "9007199254740993",
    "1e400",
    "123456789012345678901",
  ];
  const raw = vi.spyOn(JSON, "rawJSON");
  try {
    const body = `{"data":[{"id":1,"n":[${[...plain, ...own].join()}]}]}`;
    expect(shown(encode(body))).toBe(body);
    expect(raw.mock.calls.map(([source]) => source)).toEqual(own);
  } finally {
    raw.mockRestore();
  }
});
