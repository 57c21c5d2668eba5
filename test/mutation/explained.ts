import type { Mutant } from "./mutants.ts";

/** A change that no test of the pure rules can notice, and why. */
interface Explanation {
  readonly file: string;
  /** What stands on the line, and what the change makes of it. */
  readonly line: string;
  readonly why: string;
}

const EXPLAINED: readonly Explanation[] = [];

export function isExplained(file: string, mutant: Mutant): boolean {
  const line = mutant.text.split("\n")[mutant.line - 1]?.trim();
  return EXPLAINED.some((each) => each.file === file && each.line === line);
}
