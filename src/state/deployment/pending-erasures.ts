import type { Env } from "../../env.ts";
import { eraseOrganization, UNDER_WAY, type ErasureRecords } from "../erase-organization.ts";
import type { Scheduled } from "../schedule.ts";
import type { Erasures } from "./erasures.ts";

/** How long an erasure is left to the request that began it, and the time between attempts. */
const RETRY_MS = 60_000;
/** How long one run of the alarm waits for erasures: other work of the alarm cannot begin before its run is over. */
const SLICE_MS = 20_000;
/** Until erasures go on that have used up their slice. */
const PAUSE_MS = 5000;
/** How often a run looks whether it is over. */
const LOOK_MS = 250;

interface Parts {
  readonly organizations: Env["ORGANIZATION"];
  readonly erasures: Erasures;
  readonly records: ErasureRecords;
  /** Whether emergency cuts wait for the alarm. */
  readonly cutsWait: () => boolean;
}

/**
 * Goes on with erasures that were broken off, until they are done. Emergency cuts go first: while one waits, a run of the
 * alarm ends, and each erasure after the batch of guards that it is at.
 */
export class PendingErasures implements Scheduled {
  readonly #parts: Parts;
  /** Before then nothing is tried; milliseconds since the epoch. */
  #notBefore = 0;
  /** Failures that nobody has been told of. */
  #failures: unknown[] = [];

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** None waits for another. */
  async run(now: number): Promise<void> {
    const due = this.#parts.erasures.takeTurn(now - RETRY_MS);
    if (due.length === 0) return;
    const isOver = (): boolean => Date.now() > now + SLICE_MS || this.#parts.cutsWait();
    const unfinished = new Set(due);
    for (const orgId of due) {
      void this.#goOn(orgId, isOver)
        .then((isLeft) => isLeft || unfinished.delete(orgId))
        .catch((error: unknown) => this.#failures.push(error) && unfinished.delete(orgId));
    }
    // An attempt that is still at a step goes on by itself, and has its claim.
    do await scheduler.wait(LOOK_MS);
    while (unfinished.size > 0 && !isOver());
    this.#notBefore = Date.now() + (unfinished.size > 0 ? PAUSE_MS : RETRY_MS);
    const [failure] = this.#failures;
    this.#failures = [];
    if (failure !== undefined) throw failure;
  }

  nextAt(): number | null {
    const since = this.#parts.erasures.underWaySince();
    return since === null ? null : Math.max(since + RETRY_MS, this.#notBefore);
  }

  /** Makes an attempt at an erasure; tells whether something of it is left. */
  async #goOn(orgId: string, isOver: () => boolean): Promise<boolean> {
    const { organizations, erasures, records } = this.#parts;
    const isEmptied = erasures.find(orgId)?.isEmptied === true;
    const failed = await eraseOrganization(organizations, records, { orgId, isEmptied, isOver });
    if (failed === UNDER_WAY) return true;
    if (failed > 0) throw new Error(`${orgId}: ${failed} guards have not confirmed`);
    return false;
  }
}
