import type { Background } from "../../core/background.ts";
import { compileKey, type CompiledKey } from "../../core/access/compiled-key.ts";
import { within } from "../../core/concurrency.ts";
import type { Env } from "../../env.ts";
import type { Answer, KeyAnswer } from "../protocol.ts";
import type { Group, SentQuestion, Waiting } from "../rules/held.ts";
import { compose, endLease, readClock, receive, type OwnUnits } from "../rules/isolate.ts";
import { ISOLATE_CALLS_PER_S, leaseWanted, newLoad, noteCall, type LeaseBounds } from "../rules/load.ts";
import { noteAnswered, noteFailed, noteSent, wantsOf } from "../rules/pace.ts";
import type { GuardedKey } from "../rules/records.ts";
import { reportOf } from "../rules/report.ts";
import { requireAnswer } from "../wire.ts";
import type { KeyFacts } from "./key-facts.ts";
import type { KeyMemory } from "./key-memory.ts";
import { QuestionAge } from "./question-age.ts";

/** A guard that has not answered by then counts as one that cannot be asked. */
const QUESTION_TIMEOUT_MS = 4_000;

export interface QuestionSettings {
  readonly guards: Env["KEY_GUARD"];
  readonly bounds: LeaseBounds;
  /** What is taken off a lease for the drift of clocks. */
  readonly slackMs: number;
}

/** The questions of an isolate to guards. */
export class Questions {
  readonly #memory: KeyMemory;
  readonly #facts: KeyFacts;
  readonly #settings: QuestionSettings;
  readonly #load = newLoad(0);
  /** Why the last question that failed did, for the log. */
  readonly #failures = new WeakMap<Group<CompiledKey>, string>();

  constructor(memory: KeyMemory, facts: KeyFacts, settings: QuestionSettings) {
    this.#memory = memory;
    this.#facts = facts;
    this.#settings = settings;
  }

  /**
   * Asks the guard of a group and takes its answer in. Gives the units that belong to the asking request, `null` when it
   * got none; `failed` when the guard cannot be asked.
   */
  ask(
    group: Group<CompiledKey>,
    asker: Waiting | null,
    background: Background,
  ): Promise<OwnUnits | null | "failed"> {
    return this.#send(group, this.#compose(group, asker, false), asker, background);
  }

  /** Says the last word to the guard of a group: units go back, counts are reported. */
  async askFinally(group: Group<CompiledKey>, background: Background): Promise<void> {
    await this.#send(group, this.#compose(group, null, true), null, background);
  }

  async #send(
    group: Group<CompiledKey>,
    sent: SentQuestion,
    asker: Waiting | null,
    background: Background,
  ): Promise<OwnUnits | null | "failed"> {
    const { guards, bounds, slackMs } = this.#settings;
    const age = new QuestionAge();
    noteSent(group, sent);
    let answer: Answer<CompiledKey>;
    try {
      const told = await within(QUESTION_TIMEOUT_MS, guards.getByName(group.name).ask(sent.question));
      requireAnswer(told);
      answer = compileAnswer(group, told, (key) => {
        this.#facts.note(key.record);
        return compileKey(key.record, key.denials);
      });
    } catch (error) {
      age.stop();
      this.#noteFailed(group, sent, error);
      return "failed";
    }
    age.stop();
    const now = this.now();
    noteAnswered(group, sent, answer, now);
    const leaseMs = Math.max(0, answer.leaseMs - slackMs);
    if (leaseMs > 0 && bounds.base > 0)
      background.waitUntil(this.#endByTimer(group, sent, leaseMs - age.atMost));
    else sent.leaseOver = true;
    const own = receive(this.#memory.isolate, group, { sent, answer, asker, slackMs }, now);
    this.#memory.measure(group, answer);
    return own;
  }

  /** Why the last question to the guard of a group that failed did. */
  failureOf(group: Group<CompiledKey>): string | undefined {
    return this.#failures.get(group);
  }

  #compose(group: Group<CompiledKey>, asker: Waiting | null, isFinal: boolean): SentQuestion {
    const { bounds, slackMs } = this.#settings;
    const now = this.now();
    noteCall(this.#load, now, ISOLATE_CALLS_PER_S, bounds);
    const { isolate } = this.#memory;
    isolate.id ||= crypto.randomUUID();
    const report = reportOf(isolate, group, isFinal, now);
    const wants = wantsOf(group, { asker, report, isFinal }, now);
    const leaseMs = leaseWanted(group.roundTripMs, this.#load, slackMs);
    return compose(isolate, group, { wants, report, leaseMs, isFinal }, now);
  }

  #noteFailed(group: Group<CompiledKey>, sent: SentQuestion, error: unknown): void {
    const isOverloaded = error instanceof Object && "overloaded" in error && error.overloaded === true;
    this.#failures.set(group, isOverloaded ? "the guard is overloaded" : `the guard: ${String(error)}`);
    noteFailed(group, sent, { isOverloaded, random: Math.random() }, this.now());
  }

  /** A lease ends by a timer, too: a clock may step back by less than has passed since it was read. */
  async #endByTimer(group: Group<CompiledKey>, sent: SentQuestion, ms: number): Promise<void> {
    if (ms > 0) await scheduler.wait(ms);
    endLease(group, sent);
  }

  /** The isolate's clock. */
  now(): number {
    return readClock(this.#memory.isolate, Date.now());
  }
}

/** The answer as an isolate keeps it: of the changes only those of keys that it holds. */
export function compileAnswer(
  group: Group<CompiledKey>,
  told: Answer<GuardedKey>,
  compile: (key: GuardedKey) => CompiledKey,
): Answer<CompiledKey> {
  const changed: Record<string, CompiledKey> = {};
  for (const [id, key] of Object.entries(told.changed)) if (group.keys.has(id)) changed[id] = compile(key);
  const keys: Record<string, KeyAnswer<CompiledKey>> = Object.create(null);
  for (const [id, answer] of Object.entries(told.keys)) keys[id] = compileKeyAnswer(answer, compile);
  return { ...told, changed, keys };
}

function compileKeyAnswer(
  { units, window, record }: KeyAnswer<GuardedKey>,
  compile: (key: GuardedKey) => CompiledKey,
): KeyAnswer<CompiledKey> {
  return record === undefined ? { units, window } : { units, window, record: record && compile(record) };
}
