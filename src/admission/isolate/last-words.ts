import type { Background } from "../../core/background.ts";
import type { CompiledKey } from "../../core/access/compiled-key.ts";
import type { Group } from "../rules/held.ts";
import { lastWordAt, QUIET_MS } from "../rules/pace.ts";
import type { Questions } from "./questions.ts";

/** A last word is given within this time after its request: the platform ends background work after 30 s. */
const REPORTER_LIFE_MS = 10_000;
const MAX_LAST_WORDS = 3;

/** A group that goes quiet returns its units and reports its counts. One request at a time sees to that. */
export class LastWords {
  readonly #questions: Questions;
  readonly #reporters = new WeakMap<Group<CompiledKey>, number>();

  constructor(questions: Questions) {
    this.#questions = questions;
  }

  plan(group: Group<CompiledKey>, now: number, background: Background): void {
    const since = this.#reporters.get(group);
    if (since !== undefined && now - since < REPORTER_LIFE_MS && now >= since) return;
    this.#reporters.set(group, now);
    background.waitUntil(this.#give(group, now, background));
  }

  async #give(group: Group<CompiledKey>, since: number, background: Background): Promise<void> {
    for (let words = 0; words < MAX_LAST_WORDS;) {
      const now = this.#questions.now();
      const lastWord = lastWordAt(group);
      if (lastWord === null) break;
      const due = Math.max(lastWord, group.retryAt);
      if (due > now) await scheduler.wait(Math.min(due - now, QUIET_MS));
      else {
        words++;
        await this.#questions.askFinally(group, background);
      }
      // A later request has taken over.
      if (this.#reporters.get(group) !== since) return;
    }
    this.#reporters.delete(group);
  }
}
