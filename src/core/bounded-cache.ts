import { LRUCache } from "lru-cache";

/**
 * A cache that keeps the `entries` most recently used, each for `ttlMs` (0: for good). They are counted as sizes, since
 * `max` would reserve room for all of them at once, and an isolate makes its caches before its first request.
 */
export class BoundedCache<Value extends object | string | number | boolean> extends LRUCache<string, Value> {
  constructor(entries: number, { ttlMs = 0 }: { readonly ttlMs?: number } = {}) {
    super({ maxSize: entries, sizeCalculation: () => 1, ttl: ttlMs });
  }
}
