import * as fc from "fast-check";

/** Every run of a property begins here, so that a failure comes again; `FUZZ_SEED` begins elsewhere. */
const SEED = Number(process.env["FUZZ_SEED"] ?? 20_261_128);
/** How many times as many values a long search looks at. */
const TIMES = Number(process.env["FUZZ_TIMES"] ?? 1);

/** How a property is run that usually looks at so many values. */
export function runs(usual: number): { readonly seed: number; readonly numRuns: number } {
  return { seed: SEED, numRuns: usual * TIMES };
}

/** Holds a property against many values; a failure prints the seed and the smallest value that fails. */
export function always<T>(values: fc.Arbitrary<T>, holds: (value: T) => unknown, usual = 1000): void {
  fc.assert(
    fc.property(values, (value) => {
      holds(value);
    }),
    runs(usual),
  );
}

/** Text of all kinds: any letters, and pieces that mean something to the reader, in any order and number. */
export function textWith(...pieces: readonly string[]): fc.Arbitrary<string> {
  const piece = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...pieces) },
    { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 6 }) },
    { weight: 1, arbitrary: fc.string({ unit: "grapheme-ascii", maxLength: 12 }) },
  );
  return fc.array(piece, { maxLength: 24 }).map((parts) => parts.join(""));
}

/** JSON of all kinds, of objects that have some of these names. */
export function jsonWith(names: readonly string[], texts: readonly string[]): fc.Arbitrary<unknown> {
  const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      fc.oneof(fc.constantFrom<unknown>(null, true, false, 0, -1, 1.5, "", ...texts), fc.string()),
      fc.array(tie("tree"), { maxLength: 4 }),
      fc.dictionary(
        fc.oneof(fc.constantFrom(...names, "__proto__", "constructor"), fc.string()),
        tie("tree"),
        {
          maxKeys: 5,
          noNullPrototype: true,
        },
      ),
    ),
  }));
  return tree;
}

/**
 * Texts so long that a reader whose steps grow with the square of the length takes far longer than all the others: each
 * piece over and over, alone, and with something before and after it that makes a search begin or fail late.
 */
export function longTexts(...pieces: readonly string[]): string[] {
  const LENGTH = 100_000;
  return pieces.flatMap((piece) => {
    const long = piece.repeat(Math.ceil(LENGTH / piece.length));
    return [long, `${long}!`, `x${long}`];
  });
}

/** Values of a kind, in some of which one or two parts are replaced by anything else. */
export function spoiled<T>(values: fc.Arbitrary<T>, anything: fc.Arbitrary<unknown>): fc.Arbitrary<T> {
  const change = fc.tuple(fc.nat(), anything);
  return fc
    .tuple(values, fc.array(change, { maxLength: 2 }))
    .map(([value, changes]) => changes.reduce((left, [at, other]) => spoil(left, at, other), value));
}

/** A copy in which one part, counted from the outermost, is another. */
function spoil<T>(value: T, at: number, other: unknown): T {
  const copy = structuredClone(value);
  const places: { readonly holder: Record<string, unknown>; readonly name: string }[] = [];
  const visit = (holder: unknown): void => {
    if (typeof holder !== "object" || holder === null) return;
    for (const name of Object.keys(holder)) {
      places.push({ holder: holder as Record<string, unknown>, name });
      visit((holder as Record<string, unknown>)[name]);
    }
  };
  visit(copy);
  const place = places[at % places.length];
  if (place !== undefined) place.holder[place.name] = other;
  return copy;
}
