import type { Answer } from "../../../src/admission/protocol.ts";
import type {
  GroupState,
  GuardMemory,
  GuardStore,
  StoredKey,
  StoredWindows,
} from "../../../src/admission/rules/guard.ts";
import type { Group, Isolate, SentQuestion, Waiting } from "../../../src/admission/rules/held.ts";
import type { GuardedKey } from "../../../src/admission/rules/records.ts";
import type { KeyRecord } from "../../../src/core/key/key-record.ts";

/** What may happen at most in a run of the exhaustive search. Time goes in whole ticks. */
export interface Bounds {
  readonly isolates: number;
  readonly keys: number;
  readonly ticks: number;
  readonly questions: number;
  /** Questions of one isolate that are under way at a time. */
  readonly underWay: number;
  readonly changes: number;
  readonly repeats: number;
  readonly crashes: number;
  /** Messages that get lost. */
  readonly losses: number;
  /** Steps of clocks by one tick. */
  readonly steps: number;
  /** Units of a window, which lasts two ticks; `null` looks at changes alone. */
  readonly limit: number | null;
  /** What requests may cost. */
  readonly costs: readonly number[];
}

type Left = Record<"questions" | "changes" | "repeats" | "crashes" | "losses" | "steps", number>;

export interface ModelRequest extends Waiting {
  readonly must: number;
  /** The question that it has sent. */
  asking: number | null;
}

interface Message {
  readonly isolate: number;
  readonly sent: SentQuestion;
  answer: Answer<GuardedKey> | null;
}

export interface Acknowledgement {
  readonly id: string;
  readonly name: string;
  readonly at: number;
  readonly settles: number;
}

interface Stored {
  group: GroupState;
  keys: Map<string, StoredKey>;
  windows: StoredWindows;
}

export interface State {
  now: number;
  stored: Stored;
  memory: GuardMemory;
  /** Timers of leases at the guard. */
  timers: { readonly leaseMs: number; readonly at: number }[];
  isolates: Isolate<GuardedKey>[];
  offsets: number[];
  requests: (ModelRequest | null)[];
  messages: Message[];
  acknowledgements: Acknowledgement[];
  /** The contents of keys as they came into force, and the place of the latest that is acknowledged. */
  order: Record<string, string[]>;
  must: Record<string, number>;
  used: Record<string, number>;
  opened: number[];
  left: Left;
}

export const GROUP = "g";
export const KEYS = ["a", "b"];

/** The store of a guard over a state. */
export function storeOf(stored: Stored): GuardStore {
  return {
    group: () => stored.group,
    putGroup: (group) => void (stored.group = group),
    keys: () => stored.keys,
    putKey: (id, key) => void (stored.keys = new Map(stored.keys).set(id, key)),
    windows: () => stored.windows,
    putWindows: (windows) => void (stored.windows = windows),
  };
}

export function groupIn(state: State, isolate: number): Group<GuardedKey> {
  const group = state.isolates[isolate]?.groups.get(GROUP);
  if (group === undefined) throw new Error(`no isolate ${isolate}`);
  return group;
}

/** A copy of a state. What is frozen never changes and is shared. */
export function copyOf<T>(value: T): T {
  if (value === null || typeof value !== "object" || Object.isFrozen(value)) return value;
  if (Array.isArray(value)) return value.map(copyOf) as T;
  if (value instanceof Map) return new Map([...value].map(([name, one]) => [name, copyOf(one)])) as T;
  const copy: Record<string, unknown> = {};
  for (const name in value) copy[name] = copyOf(value[name]);
  return copy as T;
}

const shared = new Map<string, unknown>();

/** One frozen value for all that say the same, which is written as `text`. */
function share<T extends object>(text: string, value: T): T {
  const known = shared.get(text) as T | undefined;
  if (known !== undefined) return known;
  Object.defineProperty(value, "toJSON", { value: () => text, enumerable: false });
  shared.set(text, Object.freeze(value));
  return value;
}

const shareRecord = (record: KeyRecord): KeyRecord =>
  Object.isFrozen(record) ? record : share(`${record.ownerId}v${record.version}`, record);

const shareKey = ({ record, denials }: GuardedKey): GuardedKey =>
  share(`${record.ownerId}v${record.version}k`, { record: shareRecord(record), denials });

/** Shares what a commit has stored. */
export function shareStored(stored: Stored): void {
  for (const [id, key] of stored.keys) {
    if (Object.isFrozen(key)) continue;
    const text = `${key.record.ownerId}v${key.record.version}r${key.revision}`;
    stored.keys.set(id, share(text, { ...key, record: shareRecord(key.record) }));
  }
}

/** Shares the keys that an answer brings. */
export function shareAnswer(answer: Answer<GuardedKey>): Answer<GuardedKey> {
  const changed = Object.fromEntries(Object.entries(answer.changed).map(([id, key]) => [id, shareKey(key)]));
  const keys = Object.fromEntries(
    Object.entries(answer.keys).map(([id, { record, ...rest }]) => [
      id,
      record === undefined ? rest : { ...rest, record: record && shareKey(record) },
    ]),
  );
  return { ...answer, changed, keys };
}

/** One text for all states that differ only in which isolate is which. */
export function textOf(state: State, hasSteps: boolean): string {
  const isolates = state.isolates.map((isolate, i) => {
    const group = groupIn(state, i);
    const request = state.requests[i] ?? null;
    return JSON.stringify([
      hasSteps ? [isolate.highest - state.now, isolate.epoch, state.offsets[i]] : 0,
      group.revision,
      Math.max(-1, group.leaseEnd - state.now),
      group.asked,
      group.covered,
      [...group.keys].map(([id, { isKnown, held, units, surplus, window }]) => [
        id,
        isKnown,
        held,
        units,
        surplus,
        window,
      ]),
      request && [request.keyId, request.cost, request.askedBefore, request.must, request.asking],
      state.messages
        .filter((message) => message.isolate === i)
        .map(({ sent, answer }) => [sent.sequence, sent.sentAt, sent.epoch, sent.question, answer]),
    ]);
  });
  const { stored, memory } = state;
  return `${state.now}${isolates.toSorted().join("|")}${JSON.stringify([
    stored.group,
    [...stored.keys],
    stored.windows,
    [...memory.given],
    state.timers,
    [...memory.windows],
    memory.settled,
    state.acknowledgements,
    state.order,
    state.must,
    state.used,
    state.opened,
    state.left,
  ])}`;
}
