import type { Background } from "../../core/background.ts";
import type { CompiledKey } from "../../core/access/compiled-key.ts";
import type { RateLimit } from "../../core/key/key-record.ts";
import type { Refusal } from "../../core/refusal.ts";
import type { UsageTally } from "../../core/usage/usage-tally.ts";
import { arrive, keyOf, type Group, type HeldKey, type Waiting } from "../rules/held.ts";
import { decide, decideAsked, readClock, type Decided, type Judge } from "../rules/isolate.ts";
import { isRenewalDue, nextStep, noteDemand, noteRefusal, noteUse } from "../rules/pace.ts";
import { usageOf } from "../rules/report.ts";
import { CredentialMemory } from "./credential-memory.ts";
import { KeyFacts, type KeyFact } from "./key-facts.ts";
import { KeyMemory } from "./key-memory.ts";
import { LastWords } from "./last-words.ts";
import {
  outcomeOf,
  rateOf,
  unknownRate,
  type AdmissionSource,
  type KeyRate,
  type Outcome,
} from "./outcome.ts";
import { OwnGuards } from "./own-guards.ts";
import { Questions, type QuestionSettings } from "./questions.ts";

/** Between questions of a request whose own answer did not decide it. */
const FIRST_PAUSE_MS = 3;
const LONGEST_PAUSE_MS = 500;
/** Refusals by a fact alone are reported at most once in this time. */
const FACT_REPORT_MS = 60_000;

/** How the gateway knows what a request presented, and judges a record by it. */
export interface Presented extends Judge<CompiledKey, Refusal> {
  readonly keyId: string;
  /** Whether the key is known to have a guard of its own, as imported keys have. */
  readonly hasOwnGuard: boolean;
  /** The refusal that a fact alone calls for, or `null`. */
  refusalByFact(fact: KeyFact): Refusal | null;
}

interface AdmissionSettings extends QuestionSettings {
  /** Copies of records by key id. */
  readonly records: KVNamespace;
  /** The limit of a key that has none of its own. */
  readonly defaultLimit: RateLimit;
}

/** A request that was not decided at once. */
interface Attempt {
  readonly group: Group<CompiledKey>;
  readonly request: Waiting;
  readonly presented: Presented;
  readonly background: Background;
}

/** A decision, the key that it is about, and how it came about. */
interface Found {
  readonly decision: Decided<CompiledKey, Refusal>;
  readonly key: HeldKey<CompiledKey>;
  readonly source: AdmissionSource;
}

/** The admission of requests in one isolate: what it holds of keys, and its questions to their guards. */
export class Admission {
  /** Key strings that were verified here. */
  readonly credentials = new CredentialMemory();
  readonly #memory = new KeyMemory();
  readonly #facts: KeyFacts;
  readonly #questions: Questions;
  readonly #defaultLimit: RateLimit;
  readonly #lastWords: LastWords;
  readonly #ownGuards = new OwnGuards();

  constructor(settings: AdmissionSettings) {
    this.#defaultLimit = settings.defaultLimit;
    this.#facts = new KeyFacts(settings.records);
    this.#questions = new Questions(this.#memory, this.#facts, settings);
    this.#lastWords = new LastWords(this.#questions);
  }

  /**
   * Decides steps 3 to 5 of a request: the record that its guard vouches for refuses it, or `cost` units of the key's
   * budget are taken, or there are not so many left. `now` is when the request arrived.
   */
  admit(presented: Presented, cost: number, now: number, background: Background): Outcome | Promise<Outcome> {
    const fact = this.#facts.peek(presented.keyId);
    const refusal = fact === undefined ? null : presented.refusalByFact(fact);
    if (refusal !== null) return { kind: "refused", source: "fact", rate: null, key: null, refusal };
    const { keyId } = presented;
    const group = this.#memory.group(presented.hasOwnGuard ? keyId : this.#ownGuards.nameOf(keyId));
    const key = keyOf(group, keyId);
    const request = arrive(group, keyId, cost);
    const clock = readClock(this.#memory.isolate, now);
    const decision = decide(group, key, request, presented, clock);
    if (
      decision.kind !== "undecided" &&
      (!isAbsent(decision) || this.#ownGuards.isNowhere(group.name, keyId, clock))
    ) {
      if (decision.kind === "admitted") noteUse(group, key, cost, clock);
      this.#follow(group, decision, clock, background);
      return outcomeOf(decision, key, "lease");
    }
    const isFirstSight = fact === undefined && !key.isKnown;
    const waiting = this.#wait({ group, request, presented, background }, clock);
    return fact === undefined ? this.#besideCopy(presented, isFirstSight, waiting) : waiting;
  }

  /** Whether this isolate holds the key as live and as the one presented. Nothing is asked. */
  knowsGood(presented: Presented): boolean {
    const held = this.#peek(presented.keyId)?.held ?? null;
    return held !== null && presented.refusalOf(held) === null;
  }

  /** The organisation of a key that this isolate has heard of, for the log. */
  orgOf(keyId: string): string | undefined {
    return this.#facts.peek(keyId)?.orgId;
  }

  /** What this isolate holds of a key's rate window; `null` before its guard was asked. */
  rateOf(keyId: string): KeyRate | null {
    const key = this.#peek(keyId);
    return key === undefined ? null : rateOf(key);
  }

  /**
   * Counts what became of a request with a key that exists; the guard learns it with the next question. A flood that is
   * refused by a fact makes no questions, but for one a minute to report it.
   */
  count(
    keyId: string,
    add: (tally: UsageTally) => void,
    { isFact, now, background }: { isFact: boolean; now: number; background: Background },
  ): void {
    const group = this.#memory.group(this.#ownGuards.nameOf(keyId));
    add(usageOf(group, keyId));
    if (isFact && now - group.askedAt < FACT_REPORT_MS) return;
    group.usedAt = now;
    if (isFact) group.askedAt = now;
    this.#lastWords.plan(group, now, background);
  }

  #peek(keyId: string): HeldKey<CompiledKey> | undefined {
    return this.#memory.isolate.groups.get(this.#ownGuards.nameOf(keyId))?.keys.get(keyId);
  }

  /**
   * At first sight KV is read beside the question, for a guard that cannot be asked: a copy that says that the key is
   * revoked is a fact, and any other tells no more than the key's limit.
   */
  async #besideCopy(
    presented: Presented,
    isFirstSight: boolean,
    waiting: Promise<Outcome>,
  ): Promise<Outcome> {
    const reading = isFirstSight ? this.#facts.copyOf(presented.keyId) : null;
    const outcome = await waiting;
    if (outcome.kind !== "unavailable" || outcome.rate !== null) return outcome;
    const copy = await (reading ?? this.#facts.copyOf(presented.keyId));
    if (copy === null) return outcome;
    const refusal = presented.refusalOf(copy);
    if (refusal === null)
      return { ...outcome, rate: unknownRate(copy.record.rateLimit ?? this.#defaultLimit) };
    if (refusal.code !== "api_key_revoked" || copy.record.revokedAt === null) return outcome;
    this.#facts.note(copy.record);
    return { kind: "refused", source: "fact", rate: null, key: copy, refusal };
  }

  async #wait(attempt: Attempt, arrivedAt: number): Promise<Outcome> {
    const { group, request, presented, background } = attempt;
    let source: AdmissionSource = "lease";
    let pauses = 0;
    for (;;) {
      const now = this.#questions.now();
      const key = keyOf(group, request.keyId);
      const decision = decide(group, key, request, presented, now);
      if (decision.kind !== "undecided") {
        return this.#conclude(attempt, { decision, key, source }, now);
      }
      // A record that refuses is asked for again, without units.
      const isRefused = key.held !== null && presented.refusalOf(key.held) !== null;
      if (!isRefused) noteDemand(group, key, request, now);
      const next = nextStep(group, request, arrivedAt, now);
      if (next.kind === "give up") {
        if (isWorthNothing(key)) group.keys.delete(request.keyId);
        return this.#unavailable(group, key, isRefused);
      }
      if (next.kind === "wait") {
        if (source === "lease") source = "waited";
        await scheduler.wait(next.ms);
        continue;
      }
      source = "guard";
      const asker = isRefused ? { ...request, cost: 0 } : request;
      const own = await this.#questions.ask(group, asker, background);
      if (own === "failed") continue;
      const asked = keyOf(group, request.keyId);
      const later = this.#questions.now();
      const decided = decideAsked(group, asked, { request, own, judge: presented }, later);
      if (decided.kind === "undecided") {
        // The guard sees it otherwise, as when clocks disagree about the end of a key: it is not asked without a pause.
        await scheduler.wait(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** pauses++));
        continue;
      }
      return this.#conclude(attempt, { decision: decided, key: asked, source }, later);
    }
  }

  /** Concludes, unless the group does not know the key: then a guard of its own may. */
  #conclude(attempt: Attempt, { decision, key, source }: Found, now: number): Outcome | Promise<Outcome> {
    const { group, request, presented, background } = attempt;
    const { keyId, cost } = request;
    if (decision.kind === "refused" && key.surplus > 0) {
      // The unit that came for a request that is refused goes back at once.
      background.waitUntil(this.#questions.ask(group, null, background));
    }
    const isThere = !isAbsent(decision);
    if (!isThere && !this.#ownGuards.isNowhere(group.name, keyId, now)) {
      const own = this.#memory.group(keyId);
      return this.#wait({ ...attempt, group: own, request: arrive(own, keyId, cost) }, now);
    }
    if (group.name === keyId) this.#noteOwnGuard(presented, isThere, now);
    if (decision.kind === "admitted") noteUse(group, key, cost, now);
    this.#follow(group, decision, now, background);
    return outcomeOf(decision, key, source);
  }

  /** That an imported key is missing is not remembered: it may be made at any time, with a guard of its own. */
  #noteOwnGuard({ keyId, hasOwnGuard }: Presented, isThere: boolean, now: number): void {
    if (isThere) this.#ownGuards.note(keyId);
    else if (!hasOwnGuard) this.#ownGuards.noteNone(keyId, now);
  }

  /** What a decision is followed by: the lease is renewed before it ends, so that no request has to wait for it. */
  #follow(
    group: Group<CompiledKey>,
    { kind }: Decided<CompiledKey, Refusal>,
    now: number,
    background: Background,
  ): void {
    if (kind === "limited") return;
    if (kind === "refused") noteRefusal(group);
    if (isRenewalDue(group, now)) background.waitUntil(this.#questions.ask(group, null, background));
    if (kind === "admitted") this.#lastWords.plan(group, now, background);
  }

  /** Rate headers belong to a request that has reached step 5, by the record that was held last. */
  #unavailable(group: Group<CompiledKey>, key: HeldKey<CompiledKey>, isRefused: boolean): Outcome {
    const limit = key.held === null || isRefused ? null : (key.held.record.rateLimit ?? this.#defaultLimit);
    return {
      kind: "unavailable",
      source: "unavailable",
      rate: limit && (rateOf(key) ?? unknownRate(limit)),
      reason: this.#questions.failureOf(group),
    };
  }
}

function isAbsent(decision: Decided<CompiledKey, Refusal>): boolean {
  return decision.kind === "refused" && decision.held === null;
}

/** Whether nothing is lost with what is held of a key. */
function isWorthNothing({ isKnown, units, surplus, window }: HeldKey<CompiledKey>): boolean {
  return !isKnown && units + surplus === 0 && window === null;
}
