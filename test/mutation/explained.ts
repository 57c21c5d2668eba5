import type { Mutant } from "./mutants.ts";

/** A change that no test of the pure rules can notice, and why. */
interface Explanation {
  readonly file: string;
  /** The line as the change leaves it, without the spaces around it. */
  readonly line: string;
  readonly why: string;
}

const IP_ALLOWLIST = "src/core/key/ip-allowlist.ts";
const ANY_SIGN = "Sorting looks at whether the result is negative, and at nothing else.";

export const EXPLAINED: readonly Explanation[] = [
  {
    file: IP_ALLOWLIST,
    line: "for (const span of ordered.toSorted((a, b) => a.bits - b.bits || (a.first < b.first ? -2 : 1))) {",
    why: ANY_SIGN,
  },
  {
    file: IP_ALLOWLIST,
    line: "for (const span of ordered.toSorted((a, b) => a.bits - b.bits || (a.first < b.first ? -1 : 2))) {",
    why: ANY_SIGN,
  },
  {
    file: IP_ALLOWLIST,
    line: "for (const span of ordered.toSorted((a, b) => a.bits - b.bits || (a.first < b.first ? -1 : 0))) {",
    why: ANY_SIGN,
  },
];

export function explanationOf(file: string, mutant: Mutant): Explanation | null {
  const line = mutant.text.split("\n")[mutant.line - 1]?.trim();
  return EXPLAINED.find((each) => each.file === file && each.line === line) ?? null;
}
