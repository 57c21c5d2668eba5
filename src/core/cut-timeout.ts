/** A guard that has not answered by then, the longest wait for leases aside, has not confirmed a change. */
const ANSWER_TIMEOUT_MS = 10_000;

/** How long everybody waits for a guard to confirm a change; durations are in milliseconds. */
export function cutTimeout({ leaseMs, leaseMaxMs }: { leaseMs: number; leaseMaxMs: number }): number {
  return Math.max(leaseMs, leaseMaxMs) + ANSWER_TIMEOUT_MS;
}
