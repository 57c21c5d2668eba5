/**
 * The guard's side of the protocol, as far as safety rests on it. Pure but for the storage that is handed in: no clock
 * (`now` is milliseconds since the epoch on the guard's clock), no I/O besides.
 */

import { keyStatus, type KeyRecord, type RateLimit } from "../../core/key/key-record.ts";
import { NO_DENIALS } from "../../core/token/token-denials.ts";
import type { Answer, KeyAnswer, KeyQuestion, Question, WindowTold } from "../protocol.ts";
import { giveLease, givenBefore, longestOutstanding, type GivenLeases } from "./given.ts";
import { merged, revoked, saysTheSame, type GuardedKey } from "./records.ts";
import {
  handOut,
  hasPlenty,
  openStored,
  recordAhead,
  shortened,
  takeBack,
  tellWindow,
  toStored,
  type Handed,
  type StoredWindow,
  type Window,
} from "./window.ts";

/** A longest lease stays on record for so long after its last use, so that lengths in turn are not written each time. */
export const LONGEST_ON_RECORD = { KEEP_MS: 10_000 };

/** What is on record of a group as a whole. */
export interface GroupState {
  /** Of the latest change; 0 when nothing was ever put. */
  readonly revision: number;
  /** The longest lease that may be in use, in milliseconds. */
  readonly longestLeaseMs: number;
}

export interface StoredKey extends GuardedKey {
  /** The revision of the key's latest change. */
  readonly revision: number;
  readonly revocation: Revocation | null;
}

/** How a key was revoked, as every receipt of it tells. */
export interface Revocation {
  readonly version: number;
  /** Milliseconds since the epoch; `null` until it is in force everywhere. */
  readonly effectiveAt: number | null;
}

export type StoredWindows = Readonly<Record<string, StoredWindow>>;

/** The guard's storage. Every method throws in an instance that another has superseded. */
export interface GuardStore {
  group(): GroupState;
  putGroup(state: GroupState): void;
  keys(): ReadonlyMap<string, StoredKey>;
  putKey(id: string, key: StoredKey): void;
  windows(): StoredWindows;
  putWindows(windows: StoredWindows): void;
}

/** What a guard has in memory, and loses when it is evicted or crashes. */
export interface GuardMemory {
  readonly given: GivenLeases;
  /** When a lease as long as the longest on record was last given, by the guard's clock; `null` since the start. */
  longestGivenAt: number | null;
  readonly windows: Map<string, Window>;
  /** Changes up to this revision are in force everywhere. */
  settled: number;
}

export type LimitOf = (record: KeyRecord) => RateLimit;

export function startGuard(store: GuardStore): GuardMemory {
  const windows = Object.entries(store.windows()).map(([id, stored]) => [id, openStored(stored)] as const);
  return {
    given: givenBefore(store.group().longestLeaseMs),
    longestGivenAt: null,
    windows: new Map(windows),
    settled: 0,
  };
}

interface Asked {
  readonly question: Question;
  /** The length of the lease that policy has chosen. */
  readonly leaseMs: number;
  readonly limitOf: LimitOf;
}

/** Answers a question. */
export function answer(
  store: GuardStore,
  memory: GuardMemory,
  { question, leaseMs, limitOf }: Asked,
  now: number,
): Answer<GuardedKey> {
  const { revision } = store.group();
  const keys = store.keys();
  const answers: Record<string, KeyAnswer<GuardedKey>> = {};
  let mustRecord = false;
  for (const asked of question.keys) {
    const stored = keys.get(asked.id);
    if (stored === undefined) {
      answers[asked.id] = { ...(asked.record && { record: null }), units: 0, window: null };
      continue;
    }
    const limit = limitOf(stored.record);
    fitWindow(memory, asked.id, limit, now);
    const handed = takeUnits(memory, asked, { record: stored.record, limit }, now);
    mustRecord ||= handed?.mustRecord === true;
    answers[asked.id] = {
      ...(asked.record && { record: guardedKey(stored) }),
      units: handed?.units ?? 0,
      window: tellWindow(memory.windows.get(asked.id), limit, now),
    };
  }
  const changed = changedSince(question.have, keys);
  for (const [id, { record }] of Object.entries(changed)) {
    // After a change an isolate does not go by what it holds of the key's window.
    answers[id] ??= { units: 0, window: fittedWindow(memory, id, limitOf(record), now) };
  }
  if (question.final) mustRecord = recordExactly(memory) || mustRecord;
  if (mustRecord) {
    if (!question.final) runAhead(memory, keys, limitOf, now);
    store.putWindows(storedWindows(memory));
  }
  // A group that was never created keeps no promise over a crash, so it makes none and writes nothing.
  if (revision > 0) promise(store, memory, leaseMs, now);
  return {
    revision,
    leaseMs: revision === 0 ? 0 : leaseMs,
    changed,
    keys: answers,
    ahead: question.keys.some(({ id }) => isAhead(memory.windows.get(id))),
  };
}

/** A change of one key: a record to put, or `cut` to revoke what is there. */
export type Change =
  | { readonly id: string; readonly put: KeyRecord }
  | { readonly id: string; readonly cut: { readonly at: number } };

export interface Applied {
  readonly id: string;
  /** What is in force once the wait is over; `null` when there is no such key. */
  readonly inForce: KeyRecord | null;
  /** Whether that says what was put. */
  readonly same: boolean;
}

export interface Commit {
  readonly applied: readonly Applied[];
  /** The commit may be acknowledged once so many milliseconds have passed by a timer; then {@link settle}. */
  readonly waitMs: number;
  /** The revision to settle. */
  readonly settles: number;
}

/** Commits changes. They are in force everywhere when the wait is over. */
export function commit(
  store: GuardStore,
  memory: GuardMemory,
  changes: readonly Change[],
  now: number,
): Commit {
  const before = store.group();
  const keys = new Map(store.keys());
  const revision = nextRevision(before, now);
  let latest = 0;
  let changed = false;
  const applied = changes.map((change): Applied => {
    const current = keys.get(change.id);
    const next = resultOf(change, current?.record);
    if (next !== null) {
      const stored = {
        record: next,
        denials: current?.denials ?? NO_DENIALS,
        revision,
        revocation: current?.revocation ?? revocationOf(next),
      };
      store.putKey(change.id, stored);
      keys.set(change.id, stored);
      changed = true;
    }
    const stored = keys.get(change.id);
    latest = Math.max(latest, stored?.revision ?? 0);
    const inForce = stored?.record ?? null;
    return { id: change.id, inForce, same: inForce !== null && isInForce(change, inForce) };
  });
  if (changed) store.putGroup({ ...before, revision });
  return { applied, ...waitFor(memory, latest, changed ? revision : before.revision) };
}

/** Commits tokens as revoked, as a change of their key. */
export function commitDenials(
  store: GuardStore,
  memory: GuardMemory,
  { id, denials }: { readonly id: string; readonly denials: StoredKey["denials"] },
  now: number,
): Commit {
  const before = store.group();
  const stored = store.keys().get(id);
  if (stored === undefined) return { applied: [], waitMs: 0, settles: 0 };
  const isNew = stored.denials !== denials;
  const revision = isNew ? nextRevision(before, now) : before.revision;
  if (isNew) {
    store.putKey(id, { ...stored, denials, revision });
    store.putGroup({ ...before, revision });
  }
  return {
    applied: [{ id, inForce: stored.record, same: true }],
    ...waitFor(memory, isNew ? revision : stored.revision, revision),
  };
}

/** To be called when the wait of a commit is over. */
export function settle(memory: GuardMemory, revision: number): void {
  memory.settled = Math.max(memory.settled, revision);
}

/**
 * Later than any revision that an isolate can hold: a guard whose storage was restored counts from an older one, and
 * isolates hold what it has forgotten. Revisions grow more slowly than milliseconds pass.
 */
function nextRevision({ revision }: GroupState, now: number): number {
  return Math.max(revision + 1, now);
}

function guardedKey({ record, denials }: StoredKey): GuardedKey {
  return { record, denials };
}

function revocationOf({ revokedAt, version }: KeyRecord): Revocation | null {
  return revokedAt === null ? null : { version, effectiveAt: null };
}

function changedSince(have: number, keys: ReadonlyMap<string, StoredKey>): Record<string, GuardedKey> {
  const changed: Record<string, GuardedKey> = {};
  if (have === 0) return changed;
  for (const [id, stored] of keys) if (stored.revision > have) changed[id] = guardedKey(stored);
  return changed;
}

function resultOf(change: Change, current: KeyRecord | undefined): KeyRecord | null {
  if ("put" in change) return merged(current, change.put);
  return current !== undefined && current.revokedAt === null ? revoked(current, change.cut.at) : null;
}

function isInForce(change: Change, inForce: KeyRecord): boolean {
  return "put" in change ? saysTheSame(inForce, change.put) : inForce.revokedAt !== null;
}

/**
 * A commit waits until leases given before it have ended; one that repeats what is in force everywhere does not, and
 * settles nothing, since another commit may still be waiting.
 */
function waitFor(memory: GuardMemory, latest: number, revision: number): Omit<Commit, "applied"> {
  if (latest <= memory.settled) return { waitMs: 0, settles: 0 };
  return { waitMs: longestOutstanding(memory.given), settles: revision };
}

/** Notes that a lease is given. Its length is on record before the answer leaves. */
function promise(store: GuardStore, memory: GuardMemory, leaseMs: number, now: number): void {
  const { given } = memory;
  giveLease(given, leaseMs);
  const group = store.group();
  if (leaseMs > group.longestLeaseMs) store.putGroup({ ...group, longestLeaseMs: leaseMs });
  if (leaseMs >= group.longestLeaseMs || memory.longestGivenAt === null) memory.longestGivenAt = now;
  else if (Math.abs(now - memory.longestGivenAt) >= LONGEST_ON_RECORD.KEEP_MS) {
    // A shorter length replaces a longer one once no lease of the longer kind can be in use.
    const longest = longestOutstanding(given);
    if (longest < group.longestLeaseMs) store.putGroup({ ...group, longestLeaseMs: longest });
  }
}

/** A limit may have been changed to one of shorter windows. */
function fitWindow({ windows, given }: GuardMemory, id: string, limit: RateLimit, now: number): void {
  const window = windows.get(id);
  if (window !== undefined) windows.set(id, shortened(window, limit, now, longestOutstanding(given)));
}

function fittedWindow(memory: GuardMemory, id: string, limit: RateLimit, now: number): WindowTold {
  fitWindow(memory, id, limit, now);
  return tellWindow(memory.windows.get(id), limit, now);
}

function takeUnits(
  memory: GuardMemory,
  { id, returned, want, waiting, need, spare }: KeyQuestion,
  { record, limit }: { readonly record: KeyRecord; readonly limit: RateLimit },
  now: number,
): Handed | null {
  const window = memory.windows.get(id);
  if (returned !== null && window?.number === returned.window) {
    memory.windows.set(id, takeBack(window, returned.units));
  }
  if (keyStatus(record, now) !== "active") return null;
  const stored = memory.windows.get(id);
  const isSpare = want === 0 && spare && hasPlenty(stored, limit, now);
  if (want === 0 && !isSpare) return null;
  const wanted = { want: isSpare ? 1 : want, waiting, need: Math.min(need, limit.requests) };
  const handed = handOut(stored, wanted, limit, now);
  if (handed.units > 0) memory.windows.set(id, handed.window);
  return handed;
}

function isAhead(window: Window | undefined): boolean {
  return window !== undefined && window.recorded > window.used;
}

/** The group has gone quiet: the record is to say what was handed out, so that an eviction forgets nothing. */
function recordExactly(memory: GuardMemory): boolean {
  let wasAhead = false;
  for (const [id, window] of memory.windows) {
    if (!isAhead(window)) continue;
    memory.windows.set(id, { ...window, recorded: window.used });
    wasAhead = true;
  }
  return wasAhead;
}

/** All windows are one row: when one must be written, the record of each that is in use runs ahead again. */
function runAhead(
  memory: GuardMemory,
  keys: ReadonlyMap<string, StoredKey>,
  limitOf: LimitOf,
  now: number,
): void {
  for (const [id, window] of memory.windows) {
    const stored = keys.get(id);
    if (stored !== undefined) memory.windows.set(id, recordAhead(window, limitOf(stored.record), now));
  }
}

function storedWindows(memory: GuardMemory): StoredWindows {
  return Object.fromEntries([...memory.windows].map(([id, window]) => [id, toStored(window)]));
}
