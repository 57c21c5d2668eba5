import type { CompiledKey } from "../../core/compiled-key.ts";
import { newGroup, newIsolate, type Group, type Isolate } from "../rules/held.ts";

/** What an isolate may hold of keys. */
const MAX_BYTES = 32 * 1024 * 1024;
/** A group's own share, and a key's besides its record. */
const GROUP_BYTES = 1024;
const KEY_BYTES = 1024;
/** A compiled record takes about so many bytes for each letter of its JSON. */
const BYTES_A_LETTER = 6;
/** Ids of a group that are no keys; beyond that they are forgotten. */
const MAX_UNKNOWN_IDS = 64;

/**
 * The groups that an isolate holds, bounded by bytes: the least recently used is forgotten, which costs a question. A
 * request that still waits for a forgotten group goes on with it; its lease is as good as before.
 */
export class KeyMemory {
  readonly isolate: Isolate<CompiledKey> = newIsolate();
  readonly #sizes = new WeakMap<CompiledKey, number>();
  readonly #bytesOf = new Map<string, number>();
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  /** What is held of a group; a group that is used moves to the end of the line. */
  group(name: string): Group<CompiledKey> {
    const { groups } = this.isolate;
    const known = groups.get(name);
    if (known !== undefined) return known;
    const group = newGroup<CompiledKey>();
    groups.set(name, group);
    this.#setBytes(name, GROUP_BYTES);
    return group;
  }

  /** Measures a group after an answer, and forgets others if it is too much in all. */
  measure(name: string, group: Group<CompiledKey>): void {
    const { groups } = this.isolate;
    if (groups.get(name) !== group) return;
    let unknown = 0;
    let bytes = GROUP_BYTES;
    for (const [id, key] of group.keys) {
      if (key.isKnown && key.held === null && ++unknown > MAX_UNKNOWN_IDS) group.keys.delete(id);
      else bytes += KEY_BYTES + (key.held === null ? 0 : this.#sizeOf(key.held));
    }
    groups.delete(name);
    groups.set(name, group);
    this.#setBytes(name, bytes);
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
