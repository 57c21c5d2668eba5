import { stepStart, USAGE_STEPS } from "../../../core/usage/usage.ts";
import type { UsageStretch } from "../../../core/usage/windows.ts";
import type { OutcomeTable } from "./outcome-table.ts";
import type { RefusalTable } from "./refusal-table.ts";
import type { TallyTable } from "./tally-table.ts";

const [MINUTES, HOURS, DAYS] = USAGE_STEPS;

/** How long counts by each step are kept; milliseconds. */
const KEPT_MS = [
  [MINUTES, 4 * HOURS],
  [HOURS, 30 * DAYS],
  [DAYS, 400 * DAYS],
] as const;
const REFUSALS_KEPT_MS = 30 * DAYS;
/** What may go is forgotten together, this much later at most. */
const SLACK_MS = HOURS;

/** How long usage is kept. */
export class UsageRetention {
  readonly #outcomes: OutcomeTable;
  readonly #tallies: TallyTable;
  readonly #refusals: RefusalTable;

  constructor(parts: { outcomes: OutcomeTable; tallies: TallyTable; refusals: RefusalTable }) {
    this.#outcomes = parts.outcomes;
    this.#tallies = parts.tallies;
    this.#refusals = parts.refusals;
  }

  /** Deletes usage past its retention. */
  async run(now: number): Promise<void> {
    for (const [step, keptMs] of KEPT_MS) {
      await this.#outcomes.prune(step, now - keptMs);
      await this.#tallies.prune(step, now - keptMs);
    }
    await this.#refusals.prune(now - REFUSALS_KEPT_MS);
  }

  /** When {@link run} is to be called next; milliseconds since the epoch, `null` when nothing is kept. */
  nextAt(): number | null {
    const times = KEPT_MS.flatMap(([step, keptMs]) => {
      const oldest = this.#outcomes.oldest(step);
      return oldest === null ? [] : [oldest + keptMs + SLACK_MS];
    });
    return times.length === 0 ? null : Math.min(...times);
  }
}

/** The steps by which operations and addresses are counted of a stretch: its own, or hours where those are minutes. */
export function tallyStretch({ from, step, length }: UsageStretch): UsageStretch {
  const end = from + step * length;
  const tallyStep = step === MINUTES ? HOURS : step;
  const first = stepStart(from, tallyStep);
  return { from: first, step: tallyStep, length: Math.ceil((end - first) / tallyStep) };
}
