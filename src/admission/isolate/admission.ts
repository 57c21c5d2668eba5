import { BoundedCache } from "../../core/bounded-cache.ts";
import type { Background } from "../../core/background.ts";
import type { CompiledKey } from "../../core/access/compiled-key.ts";
import type { RateLimit } from "../../core/key/key-record.ts";
import type { RateHeaders } from "../../core/key/rate-window.ts";
import type { Refusal } from "../../core/refusal.ts";
import type { UsageTally } from "../../core/usage/usage-tally.ts";
import { groupOfKey } from "../key-guards.ts";
import { arrive, keyOf, type Group, type HeldKey, type Waiting } from "../rules/held.ts";
import { decide, decideAsked, readClock, type Decision, type Judge } from "../rules/isolate.ts";
import {
  isRenewalDue,
  lastWordAt,
  nextStep,
  noteDemand,
  noteRefusal,
  noteUse,
  QUIET_MS,
} from "../rules/pace.ts";
import { usageOf } from "../rules/report.ts";
import { CredentialMemory } from "./credential-memory.ts";
import { KeyFacts, type KeyFact } from "./key-facts.ts";
import { KeyMemory } from "./key-memory.ts";
import { Questions, type QuestionSettings } from "./questions.ts";

/** A last word is given within this time after its request: the platform ends background work after 30 s. */
const REPORTER_LIFE_MS = 10_000;
const MAX_LAST_WORDS = 3;
const MAX_OWN_GUARDS = 50_000;
/**
 * Keys of a group get no guards of their own any more. An older version of the Worker, or a restore, may still bring one:
 * it is found this late at most.
 */
const NO_OWN_GUARD_MS = 10_000;
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

/**
 * How a decision came about: `lease` without I/O, `waited` for another request's question, `guard` by asking, `fact` by
 * what never changes again.
 */
type AdmissionSource = "lease" | "waited" | "guard" | "fact" | "unavailable";

export type Outcome = { readonly source: AdmissionSource; readonly rate: KeyRate | null } & (
  | { readonly kind: "admitted"; readonly key: CompiledKey }
  | { readonly kind: "refused"; readonly key: CompiledKey | null; readonly refusal: Refusal }
  | { readonly kind: "limited"; readonly key: CompiledKey }
  | { readonly kind: "unavailable"; readonly reason: string | undefined }
);

/** A key's rate window as this isolate knows it. Moments are milliseconds since the epoch. */
interface KeyRate extends RateHeaders {
  /** When the window has surely reset. */
  readonly retryAt: number;
}

interface AdmissionSettings extends QuestionSettings {
  /** Copies of records by key id. */
  readonly records: KVNamespace;
  /** The limit of a key that has none of its own. */
  readonly defaultLimit: RateLimit;
}

/** The admission of requests in one isolate: what it holds of keys, and its questions to their guards. */
export class Admission {
  /** Key strings that were verified here. */
  readonly credentials = new CredentialMemory();
  readonly #memory = new KeyMemory();
  readonly #facts: KeyFacts;
  readonly #questions: Questions;
  readonly #defaultLimit: RateLimit;
  readonly #reporters = new WeakMap<Group<CompiledKey>, number>();
  /** Keys that have a guard of their own: those of earlier versions, and imported ones. */
  readonly #ownGuards = new BoundedCache<true>(MAX_OWN_GUARDS);
  /** Ids of groups that have no guard of their own, and since when that is known. */
  readonly #withoutOwnGuard = new BoundedCache<number>(MAX_OWN_GUARDS);

  constructor(settings: AdmissionSettings) {
    this.#defaultLimit = settings.defaultLimit;
    this.#facts = new KeyFacts(settings.records);
    this.#questions = new Questions(this.#memory, this.#facts, settings);
  }

  /**
   * Decides steps 3 to 5 of a request: the record that its guard vouches for refuses it, or `cost` units of the key's
   * budget are taken, or there are not so many left. `now` is when the request arrived.
   */
  admit(presented: Presented, cost: number, now: number, background: Background): Outcome | Promise<Outcome> {
    const fact = this.#facts.peek(presented.keyId);
    const refusal = fact === undefined ? null : presented.refusalByFact(fact);
    if (refusal !== null) return { kind: "refused", source: "fact", rate: null, key: null, refusal };
    const name = presented.hasOwnGuard ? presented.keyId : this.#guardNameOf(presented.keyId);
    const group = this.#memory.group(name);
    const key = keyOf(group, presented.keyId);
    const request = arrive(group, presented.keyId, cost);
    const clock = readClock(this.#memory.isolate, now);
    const decision = decide(group, key, request, presented, clock);
    if (
      decision.kind !== "undecided" &&
      (!isAbsent(decision) || this.#isNowhere(name, presented.keyId, clock))
    ) {
      return this.#conclude(name, group, key, request, decision, "lease", clock, background);
    }
    const isFirstSight = fact === undefined && !key.isKnown;
    const waiting = this.#wait(name, request, presented, clock, background);
    return fact === undefined ? this.#besideCopy(presented, isFirstSight, waiting) : waiting;
  }

  /** Whether a key that this guard does not know has, as far as this isolate knows, no other. */
  #isNowhere(name: string, keyId: string, now: number): boolean {
    if (name === keyId) return true;
    const since = this.#withoutOwnGuard.get(keyId);
    return since !== undefined && now >= since && now - since < NO_OWN_GUARD_MS;
  }

  /** Whether this isolate holds the key as live and as the one presented. Nothing is asked. */
  knowsGood(presented: Presented): boolean {
    const key = this.#peek(presented.keyId);
    return key !== null && presented.refusalOf(key) === null;
  }

  /** The organisation of a key that this isolate has heard of, for the log. */
  orgOf(keyId: string): string | undefined {
    return this.#facts.peek(keyId)?.orgId;
  }

  /** What this isolate holds of a key's rate window; `null` before its guard was asked. */
  rateOf(keyId: string): KeyRate | null {
    const key = this.#memory.isolate.groups.get(this.#guardNameOf(keyId))?.keys.get(keyId);
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
    const name = this.#guardNameOf(keyId);
    const group = this.#memory.group(name);
    add(usageOf(group, keyId));
    if (isFact && now - group.askedAt < FACT_REPORT_MS) return;
    group.usedAt = now;
    if (isFact) group.askedAt = now;
    this.#planLastWord(name, group, now, background);
  }

  #peek(keyId: string): CompiledKey | null {
    return this.#memory.isolate.groups.get(this.#guardNameOf(keyId))?.keys.get(keyId)?.held ?? null;
  }

  #guardNameOf(keyId: string): string {
    return this.#ownGuards.size > 0 && this.#ownGuards.get(keyId) ? keyId : groupOfKey(keyId);
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

  async #wait(
    name: string,
    request: Waiting,
    presented: Presented,
    arrivedAt: number,
    background: Background,
  ): Promise<Outcome> {
    const group = this.#memory.group(name);
    let source: AdmissionSource = "lease";
    let pauses = 0;
    for (;;) {
      const now = this.#now();
      const key = keyOf(group, request.keyId);
      const decision = decide(group, key, request, presented, now);
      if (decision.kind !== "undecided") {
        return this.#concludeKnown(name, group, key, request, presented, decision, source, now, background);
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
      const own = await this.#questions.ask(name, group, asker, false, background);
      if (own === "failed") continue;
      const asked = keyOf(group, request.keyId);
      const later = this.#now();
      const decided = decideAsked(group, asked, request, own, presented, later);
      if (decided.kind === "undecided") {
        // The guard sees it otherwise, as when clocks disagree about the end of a key: it is not asked without a pause.
        await scheduler.wait(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** pauses++));
        continue;
      }
      return this.#concludeKnown(name, group, asked, request, presented, decided, source, later, background);
    }
  }

  /** Concludes, unless the group does not know the key: then a guard of its own may. */
  #concludeKnown(
    name: string,
    group: Group<CompiledKey>,
    key: HeldKey<CompiledKey>,
    request: Waiting,
    presented: Presented,
    decision: Exclude<Decision<CompiledKey, Refusal>, { kind: "undecided" }>,
    source: AdmissionSource,
    now: number,
    background: Background,
  ): Outcome | Promise<Outcome> {
    if (decision.kind === "refused" && key.surplus > 0) {
      // The unit that came for a request that is refused goes back at once.
      background.waitUntil(this.#questions.ask(name, group, null, false, background));
    }
    if (isAbsent(decision) && !this.#isNowhere(name, request.keyId, now)) {
      const ownGroup = this.#memory.group(request.keyId);
      const again = arrive(ownGroup, request.keyId, request.cost);
      return this.#wait(request.keyId, again, presented, now, background);
    }
    if (name === request.keyId) this.#noteOwnGuard(name, presented, !isAbsent(decision), now);
    return this.#conclude(name, group, key, request, decision, source, now, background);
  }

  /** That an imported key is missing is not remembered: it may be made at any time, with a guard of its own. */
  #noteOwnGuard(keyId: string, { hasOwnGuard }: Presented, isThere: boolean, now: number): void {
    if (isThere) this.#ownGuards.set(keyId, true);
    else if (!hasOwnGuard) this.#withoutOwnGuard.set(keyId, now);
  }

  #conclude(
    name: string,
    group: Group<CompiledKey>,
    key: HeldKey<CompiledKey>,
    request: Waiting,
    decision: Exclude<Decision<CompiledKey, Refusal>, { kind: "undecided" }>,
    source: AdmissionSource,
    now: number,
    background: Background,
  ): Outcome {
    if (decision.kind === "refused") {
      noteRefusal(group);
      this.#renew(name, group, now, background);
      return { kind: "refused", source, rate: null, key: decision.held, refusal: decision.refusal };
    }
    if (decision.kind === "limited")
      return { kind: "limited", source, rate: rateOf(key), key: decision.held };
    noteUse(group, key, request.cost, now);
    this.#renew(name, group, now, background);
    this.#planLastWord(name, group, now, background);
    return { kind: "admitted", source, rate: rateOf(key), key: decision.held };
  }

  /** Renews the lease before it ends, so that no request has to wait for it. */
  #renew(name: string, group: Group<CompiledKey>, now: number, background: Background): void {
    if (isRenewalDue(group, now))
      background.waitUntil(this.#questions.ask(name, group, null, false, background));
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

  #now(): number {
    return readClock(this.#memory.isolate, Date.now());
  }

  /** A group that goes quiet returns its units and reports its counts. One request at a time sees to that. */
  #planLastWord(name: string, group: Group<CompiledKey>, now: number, background: Background): void {
    const since = this.#reporters.get(group);
    if (since !== undefined && now - since < REPORTER_LIFE_MS && now >= since) return;
    this.#reporters.set(group, now);
    background.waitUntil(this.#lastWord(name, group, now, background));
  }

  async #lastWord(
    name: string,
    group: Group<CompiledKey>,
    since: number,
    background: Background,
  ): Promise<void> {
    for (let words = 0; words < MAX_LAST_WORDS;) {
      const now = this.#now();
      const lastWord = lastWordAt(group);
      if (lastWord === null) break;
      const due = Math.max(lastWord, group.retryAt);
      if (due > now) await scheduler.wait(Math.min(due - now, QUIET_MS));
      else {
        words++;
        await this.#questions.ask(name, group, null, true, background);
      }
      // A later request has taken over.
      if (this.#reporters.get(group) !== since) return;
    }
    this.#reporters.delete(group);
  }
}

function isAbsent(decision: Decision<CompiledKey, Refusal>): boolean {
  return decision.kind === "refused" && decision.held === null;
}

/** Rate headers when the guard did not answer: nothing is admitted for a second. */
function unknownRate({ requests, windowSeconds }: RateLimit): KeyRate {
  const resetAt = Date.now() + 1000;
  return { limit: requests, windowSeconds, remaining: 0, resetAt, retryAt: resetAt };
}

/** Whether nothing is lost with what is held of a key. */
function isWorthNothing({ isKnown, units, surplus, window }: HeldKey<CompiledKey>): boolean {
  return !isKnown && units + surplus === 0 && window === null;
}

function rateOf({ window, units, surplus }: HeldKey<CompiledKey>): KeyRate | null {
  if (window === null) return null;
  const { requests, windowSeconds } = window.limit;
  return {
    limit: requests,
    windowSeconds,
    remaining: Math.min(requests, window.remaining + units + surplus),
    resetAt: window.endLatest,
    retryAt: window.endLatest,
  };
}
