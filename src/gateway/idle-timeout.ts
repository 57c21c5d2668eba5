/** What may still be moving while the other side is silent. */
export interface Movement {
  /** When a byte last moved, in milliseconds since the epoch. */
  readonly movedAt: number;
}

/**
 * Waits for `next`, but no longer than until nothing has moved for `timeoutMs`: then the answer is `null`. It races a
 * timer, since a signal passed to `fetch` would keep the runtime from streaming the body by itself; what is abandoned
 * ends with the request that it belongs to.
 */
export function withIdleTimeout<T>(
  next: Promise<T>,
  timeoutMs: number,
  movement: Movement | null,
): Promise<T | null> {
  return new Promise((resolve, reject) => {
    const expire = (): void => {
      const rest = movement === null ? 0 : movement.movedAt + timeoutMs - Date.now();
      if (rest > 0) setTimeout(expire, rest);
      else resolve(null);
    };
    // It ends with the request: to clear it would cost as much as the timer itself.
    setTimeout(expire, timeoutMs);
    next.then(resolve, reject);
  });
}
