/** How long a guard may take to confirm a change, its wait for leases aside. */
const ANSWER_TIMEOUT_MS = 10_000;

/** How long every caller waits for a guard to confirm a change; milliseconds, as are the leases. */
export function cutTimeout({ leaseMs, leaseMaxMs }: { leaseMs: number; leaseMaxMs: number }): number {
  return Math.max(leaseMs, leaseMaxMs) + ANSWER_TIMEOUT_MS;
}
