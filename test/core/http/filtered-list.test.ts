import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { filterBody, type ListFilter } from "../../../src/core/http/filtered-list.ts";

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
          const document = JSON.parse(text) as Record<string, unknown>;
          expect(typeof document === "object" && !Array.isArray(document)).toBe(true);
          const { data } = document;
          if (!Array.isArray(data)) expect([isFailure, data ?? null]).toEqual([true, null]);
          else expect(data.filter((each) => ![SHOWN, 1].includes((each as { id: string }).id))).toEqual([]);
        },
      ),
      { numRuns: 500 },
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
    );
  });
});
