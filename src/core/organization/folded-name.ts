/** Letters that are the same to a reader and differ after the folding of letter case. */
const ALIKE: readonly (readonly [string, string])[] = [
  ["ς", "σ"],
  ["i\u0307", "i"],
];

/**
 * A name as people read it: letter case, compatibility forms (Unicode's NFKC), what cannot be seen, and surrounding and
 * repeated spaces make no difference.
 */
export function foldName(name: string): string {
  let folded = name.normalize("NFKC").toUpperCase().toLowerCase();
  for (const [letter, same] of ALIKE) folded = folded.replaceAll(letter, same);
  return folded
    .normalize("NFKC")
    .replaceAll(/[\p{Cf}\p{Default_Ignorable_Code_Point}]|(?!\s)\p{Cc}/gu, "")
    .replaceAll(/\s+/gu, " ")
    .trim();
}
