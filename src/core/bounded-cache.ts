import { LRUCache } from "lru-cache";

/**
 * A cache of so many entries, which forgets the least recently used. Entries are counted as sizes: with `max` it would
 * reserve the room for all of them when it is made, and an isolate makes its caches before its first request.
 */
export class BoundedCache<Value extends object | string | number | boolean> extends LRUCache<string, Value> {
  constructor(entries: number, { ttlMs = 0 }: { readonly ttlMs?: number } = {}) {
    super({ maxSize: entries, sizeCalculation: () => 1, ttl: ttlMs });
  }
}
