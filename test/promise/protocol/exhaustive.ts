import type { GuardMemory } from "../../../src/admission/rules/guard.ts";
import type { HeldKey } from "../../../src/admission/rules/held.ts";
import type { Decision, Judge, Undecided } from "../../../src/admission/rules/isolate.ts";
import type { GuardedKey } from "../../../src/admission/rules/records.ts";
import type { KeyRecord, RateLimit } from "../../../src/core/key/key-record.ts";
import { NO_DENIALS } from "../../../src/core/token/token-denials.ts";
import {
  copyOf,
  GROUP,
  groupIn,
  KEYS,
  shareAnswer,
  shareStored,
  storeOf,
  textOf,
  type Acknowledgement,
  type Bounds,
  type ModelRequest,
  type State,
} from "./exhaustive-state.ts";
import type { Rules } from "./world.ts";

/** What a search found. */
interface Search {
  readonly states: number;
  /** Steps that were tried. */
  readonly moves: number;
  /** Whether every run within the bounds was searched. */
  readonly isComplete: boolean;
  /** The promise that was broken, and how. */
  readonly violation: { readonly what: string; readonly run: readonly string[] } | null;
}

type Settled = Exclude<Decision<GuardedKey, string>, Undecided>;
type Move = readonly [name: string, state: State];

const LOST = { isOverloaded: false, random: 0 };
const NO_LIMIT: RateLimit = Object.freeze({ requests: 1e9, windowSeconds: 1e9 });
const WINDOW_TICKS = 2;
const ALLOW: Judge<GuardedKey, string> = { absent: "absent", refusalOf: () => null };
/** Units that the question of a request wants, where there are limits. */
const WANTED = 2;

/**
 * Searches all runs within the bounds, with clocks that are exact but for steps. Lengths of leases, what is asked and
 * when is chosen by the search, so that every policy is covered.
 */
export function searchAll(rules: Rules, bounds: Bounds, maxStates = Number.POSITIVE_INFINITY): Search {
  return withSmallWindows(rules, bounds, () => new Exhaustive(rules, bounds).search(maxStates));
}

/** Windows of two ticks, of which a grant may take all. */
function withSmallWindows<T>(rules: Rules, { limit }: Bounds, run: () => T): T {
  const { WINDOW, WINDOW_DRIFT, LONGEST_ON_RECORD } = rules;
  const before = [{ ...WINDOW }, { ...WINDOW_DRIFT }, { ...LONGEST_ON_RECORD }] as const;
  Object.assign(WINDOW, { SHARE: limit === null ? WINDOW.SHARE : 1, AHEAD: 0, SLOT_MS: Infinity });
  Object.assign(WINDOW_DRIFT, { SHARE: Infinity });
  Object.assign(LONGEST_ON_RECORD, { KEEP_MS: 0 });
  try {
    return run();
  } finally {
    Object.assign(WINDOW, before[0]);
    Object.assign(WINDOW_DRIFT, before[1]);
    Object.assign(LONGEST_ON_RECORD, before[2]);
  }
}

class Exhaustive {
  readonly #rules: Rules;
  readonly #bounds: Bounds;
  readonly #limit: RateLimit;
  readonly #keys: readonly string[];
  readonly #lengths: readonly number[];
  #violation: string | null = null;

  constructor(rules: Rules, bounds: Bounds) {
    this.#rules = rules;
    this.#bounds = bounds;
    const { limit, keys } = bounds;
    this.#limit =
      limit === null ? NO_LIMIT : Object.freeze({ requests: limit, windowSeconds: WINDOW_TICKS / 1000 });
    this.#keys = KEYS.slice(0, keys);
    this.#lengths = limit === null ? [1, 2] : [2];
  }

  /** Depth first; a state that was seen before is not searched again. */
  search(maxStates: number): Search {
    const seen = new Set<number>();
    const stack: { readonly name: string; readonly moves: Iterator<Move> }[] = [
      { name: "start", moves: this.#movesFrom(this.#initial()) },
    ];
    let moves = 0;
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const next = top.moves.next();
      if (next.done === true) {
        stack.pop();
        continue;
      }
      const [name, state] = next.value;
      moves++;
      this.#tidy(state);
      if (this.#violation !== null) {
        const run = [...stack.slice(1).map((one) => one.name), name];
        return { states: seen.size, moves, isComplete: false, violation: { what: this.#violation, run } };
      }
      const hash = hashOf(textOf(state, this.#bounds.steps > 0));
      if (seen.has(hash)) continue;
      seen.add(hash);
      if (seen.size >= maxStates) return { states: seen.size, moves, isComplete: false, violation: null };
      stack.push({ name, moves: this.#movesFrom(state) });
    }
    return { states: seen.size, moves, isComplete: true, violation: null };
  }

  #initial(): State {
    const { isolates, questions, changes, repeats, crashes, losses, steps } = this.#bounds;
    const rules = this.#rules;
    const stored = {
      group: { revision: 1, longestLeaseMs: 2 },
      keys: new Map(
        this.#keys.map((id) => [
          id,
          { record: this.#record(id, 1, "m0"), denials: NO_DENIALS, revision: 1, revocation: null },
        ]),
      ),
      windows: {},
    };
    shareStored(stored);
    const memory: GuardMemory = rules.startGuard(storeOf(stored));
    memory.given.clear();
    const state: State = {
      now: 0,
      stored,
      memory,
      timers: [],
      isolates: Array.from({ length: isolates }, () => {
        const isolate = rules.newIsolate<GuardedKey>();
        const group = rules.newGroup<GuardedKey>("group");
        isolate.groups.set(GROUP, group);
        for (const id of this.#keys) rules.keyOf(group, id);
        return isolate;
      }),
      offsets: Array.from({ length: isolates }, () => 0),
      requests: Array.from({ length: isolates }, () => null),
      messages: [],
      acknowledgements: [],
      order: Object.fromEntries(this.#keys.map((id) => [id, ["m0"]])),
      must: Object.fromEntries(this.#keys.map((id) => [id, 0])),
      used: {},
      opened: [],
      left: { questions, changes, repeats, crashes, losses, steps },
    };
    this.#tidy(state);
    return state;
  }

  #record(id: string, version: number, name: string): KeyRecord {
    return {
      id,
      orgId: "org",
      ownerId: `${id}${name}`,
      ownerKind: "user",
      hash: "",
      version,
      scopes: [],
      vaults: "*",
      ownerVaults: "*",
      allowedIps: [],
      rateLimit: this.#limit,
      disabled: false,
      expiresAt: null,
      revokedAt: null,
      retiresAt: null,
    };
  }

  *#movesFrom(state: State): Generator<Move> {
    if (state.now < this.#bounds.ticks) yield this.#tick(copyOf(state));
    for (let isolate = 0; isolate < this.#bounds.isolates; isolate++) {
      yield* this.#requests(state, isolate);
      yield* this.#questions(state, isolate);
      yield* this.#clockSteps(state, isolate);
    }
    for (const at of state.messages.keys()) yield* this.#messageMoves(state, at);
    yield* this.#changes(state);
    yield* this.#crashes(state);
  }

  #tick(next: State): Move {
    next.now++;
    return ["tick", next];
  }

  #read(state: State, isolate: number): number {
    const one = state.isolates[isolate];
    if (one === undefined) throw new Error(`no isolate ${isolate}`);
    return this.#rules.readClock(one, state.now + (state.offsets[isolate] ?? 0));
  }

  /** One request at a time is looked at; another may take its place, since its client may go away. */
  *#requests(state: State, isolate: number): Generator<Move> {
    for (const keyId of this.#keys) {
      for (const cost of this.#bounds.costs) {
        const next = copyOf(state);
        const waiting = this.#rules.arrive(groupIn(next, isolate), keyId, cost);
        next.requests[isolate] = { ...waiting, must: next.must[keyId] ?? 0, asking: null };
        // One that cannot be decided, and for which nobody can ask, would wait for ever.
        if (this.#poll(next, isolate) || next.left.questions > 0) {
          yield [`a request for ${keyId} of cost ${cost} at isolate ${isolate}`, next];
        }
      }
    }
    if (state.requests[isolate] === null) return;
    const next = copyOf(state);
    if (this.#poll(next, isolate)) yield [`isolate ${isolate} decides`, next];
  }

  #poll(state: State, isolate: number): boolean {
    const request = state.requests[isolate];
    if (!request) return false;
    const group = groupIn(state, isolate);
    const key = this.#rules.keyOf(group, request.keyId);
    const decision = this.#rules.decide(group, key, request, ALLOW, this.#read(state, isolate));
    if (decision.kind === "undecided") return false;
    this.#decided(state, request, decision);
    state.requests[isolate] = null;
    return true;
  }

  #decided(state: State, { keyId, cost, must }: ModelRequest, decision: Settled): void {
    if (decision.kind === "limited") return;
    const name = decision.held?.record.ownerId.slice(1) ?? "nothing";
    const place = state.order[keyId]?.lastIndexOf(name) ?? -1;
    if (place < must) this.#violation = `${keyId} is decided by ${name}, which a change had replaced`;
    const { limit } = this.#bounds;
    if (limit === null || decision.kind !== "admitted") return;
    const units = Math.min(cost, limit);
    const here = decision.by === "guard" ? decision.window : (state.opened.at(-1) ?? 0);
    for (const window of [`${keyId}${decision.window}`, `${keyId}@${here}`]) {
      const used = (state.used[window] ?? 0) + units;
      state.used[window] = used;
      if (used > limit) this.#violation = `${used} of ${limit} in window ${window}`;
    }
  }

  /** Questions by the request that waits, and behind admitted ones, for any key. */
  *#questions(state: State, isolate: number): Generator<Move> {
    const underWay = state.messages.filter((message) => message.isolate === isolate).length;
    if (state.left.questions === 0 || underWay >= this.#bounds.underWay) return;
    const hasLimit = this.#bounds.limit !== null;
    const request = state.requests[isolate] ?? null;
    if (request !== null && request.asking === null) {
      const want = hasLimit ? Math.max(WANTED, request.cost) : 1;
      yield* this.#ask(state, isolate, request.keyId, { want, waiting: request.cost, isAsker: true });
    }
    for (const keyId of this.#keys) {
      for (const want of hasLimit ? [0, WANTED] : [0]) {
        yield* this.#ask(state, isolate, keyId, { want, waiting: 0, isAsker: false });
      }
    }
  }

  *#ask(
    state: State,
    isolate: number,
    keyId: string,
    { want, waiting, isAsker }: { want: number; waiting: number; isAsker: boolean },
  ): Generator<Move> {
    const held = this.#rules.keyOf(groupIn(state, isolate), keyId);
    for (const back of this.#bounds.limit !== null && held.units > 0 ? [0, 1] : [0]) {
      const next = copyOf(state);
      const group = groupIn(next, isolate);
      next.left.questions--;
      if (back > 0) this.#rules.setAside(this.#rules.keyOf(group, keyId), back);
      const now = this.#read(next, isolate);
      const wants = [{ id: keyId, want, waiting, need: isAsker ? waiting : 0, spare: false, usage: null }];
      const own = next.isolates[isolate];
      if (own === undefined) return;
      const sent = this.#rules.compose(own, group, { wants, report: null, leaseMs: 0, isFinal: false }, now);
      const request = next.requests[isolate];
      if (isAsker && request) request.asking = sent.sequence;
      next.messages.push({ isolate, sent, answer: null });
      yield [
        `isolate ${isolate} asks for ${want} of ${keyId}, ${back} back${isAsker ? "" : ", behind"}`,
        next,
      ];
    }
  }

  *#clockSteps(state: State, isolate: number): Generator<Move> {
    if (state.left.steps === 0) return;
    for (const by of [-1, 1]) {
      const next = copyOf(state);
      next.left.steps--;
      this.#read(next, isolate);
      next.offsets[isolate] = (next.offsets[isolate] ?? 0) + by;
      this.#read(next, isolate);
      yield [`the clock of isolate ${isolate} steps by ${by}`, next];
    }
  }

  *#messageMoves(state: State, at: number): Generator<Move> {
    const message = state.messages[at];
    if (message === undefined) return;
    if (state.left.losses > 0) yield this.#lose(copyOf(state), at);
    if (message.answer !== null) return yield this.#receive(copyOf(state), at);
    for (const length of this.#lengths) yield this.#answer(copyOf(state), at, length);
  }

  #lose(next: State, at: number): Move {
    next.left.losses--;
    const [lost] = next.messages.splice(at, 1);
    if (lost !== undefined) {
      const request = next.requests[lost.isolate];
      if (request?.asking === lost.sent.sequence) next.requests[lost.isolate] = null;
      this.#rules.noteFailed(groupIn(next, lost.isolate), lost.sent, LOST, next.now);
    }
    return ["a message is lost", next];
  }

  #answer(next: State, at: number, length: number): Move {
    const message = next.messages[at];
    if (message === undefined) return ["nothing", next];
    const { memory, stored } = next;
    const before = memory.windows.get("a")?.number;
    const told = this.#rules.answer(
      storeOf(stored),
      memory,
      { question: message.sent.question, leaseMs: length, limitOf: () => this.#limit },
      next.now,
    );
    const window = memory.windows.get("a")?.number;
    if ((told.keys["a"]?.units ?? 0) > 0 && window !== undefined && window !== before)
      next.opened.push(window);
    message.answer = shareAnswer({ ...told, ahead: false });
    return [`the guard answers isolate ${message.isolate} with a lease of ${length}`, next];
  }

  #receive(next: State, at: number): Move {
    const [message] = next.messages.splice(at, 1);
    const own = message && next.isolates[message.isolate];
    if (!message?.answer || own === undefined) return ["nothing", next];
    const { isolate, sent, answer } = message;
    const group = groupIn(next, isolate);
    const now = this.#read(next, isolate);
    const waiting = next.requests[isolate] ?? null;
    const asker = waiting?.asking === sent.sequence ? waiting : null;
    const units = this.#rules.receive(own, group, { sent, answer, asker, slackMs: 0 }, now);
    if (asker !== null) {
      const key = this.#rules.keyOf(group, asker.keyId);
      const decision = this.#rules.decideAsked(group, key, { request: asker, own: units, judge: ALLOW }, now);
      if (decision.kind === "undecided") asker.asking = null;
      else {
        this.#decided(next, asker, decision);
        next.requests[isolate] = null;
      }
    }
    return [`isolate ${isolate} takes the answer to question ${sent.sequence}`, next];
  }

  /** The first change is of the first key: the keys are alike. */
  *#changes(state: State): Generator<Move> {
    const { left } = state;
    if (left.changes > 0) {
      for (const id of left.changes === this.#bounds.changes ? this.#keys.slice(0, 1) : this.#keys) {
        const next = copyOf(state);
        next.left.changes--;
        const name = `m${next.order[id]?.length ?? 0}`;
        const version = (next.stored.keys.get(id)?.record.version ?? 0) + 1;
        next.order[id]?.push(name);
        yield [`${id} is changed to ${name}`, this.#put(next, this.#record(id, version, name))];
      }
    }
    if (left.repeats === 0) return;
    for (const id of this.#keys) {
      const record = state.stored.keys.get(id)?.record;
      if (record === undefined || record.version === 1) continue;
      const next = copyOf(state);
      next.left.repeats--;
      yield [`${id} is put again`, this.#put(next, record)];
    }
  }

  #put(next: State, record: KeyRecord): State {
    const { id } = record;
    const { memory, stored } = next;
    const commit = this.#rules.commit(storeOf(stored), memory, [{ id, put: record }], next.now);
    stored.keys = new Map(stored.keys);
    shareStored(stored);
    const name = record.ownerId.slice(1);
    next.acknowledgements.push({ id, name, at: next.now + commit.waitMs, settles: commit.settles });
    return next;
  }

  *#crashes(state: State): Generator<Move> {
    if (state.left.crashes === 0) return;
    const next = copyOf(state);
    next.left.crashes--;
    next.acknowledgements = [];
    next.memory = this.#rules.startGuard(storeOf(next.stored));
    next.timers = [];
    yield ["the guard crashes and starts", next];
  }

  /** Acknowledges what is due and forgets what can make no difference any more. */
  #tidy(state: State): void {
    const isDue = ({ at }: Acknowledgement) => at <= state.now;
    for (const { id, name, settles } of state.acknowledgements.filter(isDue)) {
      state.must[id] = Math.max(state.must[id] ?? 0, state.order[id]?.lastIndexOf(name) ?? 0);
      this.#rules.settle(state.memory, settles);
    }
    state.acknowledgements = state.acknowledgements.filter((one) => !isDue(one));
    state.messages.sort((a, b) => a.isolate - b.isolate || a.sent.sequence - b.sent.sequence);
    this.#runTimers(state);
    if (this.#bounds.limit === null) this.#giveUnitsWithoutEnd(state);
    else this.#forgetWindows(state);
  }

  /** Timers of leases run out on time, which is the earliest. */
  #runTimers(state: State): void {
    const { given } = state.memory;
    for (const { leaseMs } of state.timers.filter(({ at }) => at <= state.now)) {
      this.#rules.endLeases(given, leaseMs);
    }
    const started = this.#rules.timersToStart(given).map((leaseMs) => ({ leaseMs, at: state.now + leaseMs }));
    state.timers = [...state.timers.filter(({ at }) => at > state.now), ...started];
  }

  #giveUnitsWithoutEnd(state: State): void {
    state.memory.windows.clear();
    state.stored.windows = {};
    for (const key of this.#heldKeys(state)) {
      key.units = 1;
      key.surplus = 0;
      key.window = { ...ENDLESS };
    }
  }

  #forgetWindows(state: State): void {
    for (const [id, window] of state.memory.windows) {
      state.memory.windows.set(id, { ...window, before: 0, lately: 0, handed: 0, slotAt: 0 });
    }
    for (const key of this.#heldKeys(state)) {
      const { window } = key;
      if (window === null) continue;
      key.window = { ...window, endLatest: 0, resetInMs: 0, end: window.end < state.now ? -1 : window.end };
    }
  }

  *#heldKeys(state: State): Generator<HeldKey<GuardedKey>> {
    for (const isolate of state.isolates) {
      for (const group of isolate.groups.values()) yield* group.keys.values();
    }
  }
}

const ENDLESS = {
  number: 1,
  limit: NO_LIMIT,
  remaining: 1,
  resetInMs: 0,
  end: 1e15,
  endLatest: 0,
  sequence: 0,
};

/** 53 bits. */
function hashOf(text: string): number {
  let a = 0x811c9dc5;
  let b = 0x9e3779b9;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ code, 0x85ebca6b) + (a >>> 15);
  }
  return (a >>> 0) * 2097152 + ((b >>> 0) & 0x1fffff);
}
