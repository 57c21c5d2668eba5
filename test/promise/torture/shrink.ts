import type { Run } from "./run.ts";
import type { Step } from "./steps.ts";

interface ShrinkOptions {
  readonly run: (steps: readonly Step[]) => Promise<Pick<Run, "violations" | "done">>;
  /** When to be content with what there is; milliseconds since the epoch. */
  readonly endsAt: number;
  readonly tell: (line: string) => void;
}

/** Leaves out what a failure does not need: halves first, then ever smaller pieces, as long as there is time. */
export async function shrink(
  steps: readonly Step[],
  { run, endsAt, tell }: ShrinkOptions,
): Promise<readonly Step[]> {
  let left = steps;
  for (let size = Math.ceil(left.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < left.length && Date.now() < endsAt;) {
      const fewer = [...left.slice(0, at), ...left.slice(at + size)];
      const { violations, done } = await run(fewer);
      if (violations.length === 0) {
        at += size;
        continue;
      }
      left = fewer.slice(0, done);
      tell(`fails with ${left.length} steps: ${violations[0]}`);
    }
  }
  return left;
}
