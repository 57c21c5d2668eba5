import type { CompiledKey } from "../../core/access/compiled-key.ts";
import type { Answer } from "../protocol.ts";
import { newGroup, newIsolate, type Group, type Isolate } from "../rules/held.ts";

/** What an isolate may hold of keys. */
const MAX_BYTES = 32 * 1024 * 1024;
/** A group's own share, and a key's besides its record: its pace, its counts, its assertion. */
const GROUP_BYTES = 1024;
const KEY_BYTES = 1024;
/** A compiled record takes about so many bytes for each letter of its JSON, as measured in workerd. */
const BYTES_A_LETTER = 4;
/** Ids without a key that a group remembers. */
const MAX_UNKNOWN_IDS = 64;

/**
 * The groups that an isolate holds, bounded by bytes: the one whose guard has not answered for longest is forgotten, which
 * costs a question. A request that still waits for a forgotten group goes on with it; its lease is as good as before.
 */
export class KeyMemory {
  readonly isolate: Isolate<CompiledKey> = newIsolate();
  readonly #sizes = new WeakMap<CompiledKey, number>();
  readonly #bytesOf = new Map<string, number>();
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  /** What is held of a group; a new group if there is none. */
  group(name: string): Group<CompiledKey> {
    const { groups } = this.isolate;
    const known = groups.get(name);
    if (known !== undefined) return known;
    const group = newGroup<CompiledKey>(name);
    groups.set(name, group);
    this.#setBytes(name, GROUP_BYTES);
    this.#forgetOldest(name);
    return group;
  }

  /** Moves a group to the end of the line after an answer, and measures it again if the answer brought records. */
  measure(group: Group<CompiledKey>, answer: Answer<CompiledKey>): void {
    const { name } = group;
    const { groups } = this.isolate;
    if (groups.get(name) !== group) return;
    groups.delete(name);
    groups.set(name, group);
    if (!bringsRecords(answer)) return;
    forgetUnknown(group, answer);
    let bytes = GROUP_BYTES;
    for (const key of group.keys.values()) {
      bytes += KEY_BYTES + (key.held === null ? 0 : this.#sizeOf(key.held));
    }
    this.#setBytes(name, bytes);
    this.#forgetOldest(name);
  }

  #forgetOldest(name: string): void {
    const { groups } = this.isolate;
    for (const oldest of groups.keys()) {
      if (this.#bytes <= MAX_BYTES || oldest === name) return;
      groups.delete(oldest);
      this.#setBytes(oldest, 0);
    }
  }

  #setBytes(name: string, bytes: number): void {
    this.#bytes += bytes - (this.#bytesOf.get(name) ?? 0);
    if (bytes === 0) this.#bytesOf.delete(name);
    else this.#bytesOf.set(name, bytes);
  }

  #sizeOf(key: CompiledKey): number {
    let size = this.#sizes.get(key);
    if (size === undefined) {
      size = BYTES_A_LETTER * (JSON.stringify(key.record).length + JSON.stringify(key.denials).length);
      this.#sizes.set(key, size);
    }
    return size;
  }
}

function bringsRecords({ changed, keys }: Answer<CompiledKey>): boolean {
  for (const id in keys) if (keys[id]?.record !== undefined) return true;
  for (const id in changed) if (Object.hasOwn(changed, id)) return true;
  return false;
}

/** Forgets the oldest ids that are no keys; requests still wait for those that were just answered. */
function forgetUnknown(group: Group<CompiledKey>, { keys }: Answer<CompiledKey>): void {
  const unknown = [...group.keys].filter(([, key]) => key.isKnown && key.held === null);
  for (const [id] of unknown.slice(0, Math.max(0, unknown.length - MAX_UNKNOWN_IDS))) {
    if (!Object.hasOwn(keys, id)) group.keys.delete(id);
  }
}
