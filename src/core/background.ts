/** The part of an execution context that keeps background work alive. */
export interface Background {
  waitUntil(promise: Promise<unknown>): void;
}
