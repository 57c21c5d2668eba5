import type { Env } from "../../env.ts";
import { eraseOrganization, UNDER_WAY, type ErasureRecords } from "../erase-organization.ts";
import type { Scheduled } from "../schedule.ts";
import type { Erasures } from "./erasures.ts";

/** How long an erasure is left to the request that began it, and the time between attempts. */
const RETRY_MS = 60_000;
/** How long one attempt goes on: an alarm may run for 15 minutes. */
const ATTEMPT_MS = 300_000;

/** Goes on with erasures that were broken off, until they are done. */
export class PendingErasures implements Scheduled {
  readonly #organizations: Env["ORGANIZATION"];
  readonly #erasures: Erasures;
  readonly #records: ErasureRecords;
  /** When the last attempt began; milliseconds since the epoch. */
  #triedAt = 0;

  constructor(organizations: Env["ORGANIZATION"], erasures: Erasures, records: ErasureRecords) {
    this.#organizations = organizations;
    this.#erasures = erasures;
    this.#records = records;
  }

  /** None waits for another. */
  async run(now: number): Promise<void> {
    const due = this.#erasures.underWay(now - RETRY_MS);
    if (due.length === 0) return;
    this.#triedAt = now;
    const attempts = due.map(async (orgId) => {
      const isEmptied = this.#erasures.find(orgId)?.isEmptied === true;
      const failed = await eraseOrganization(this.#organizations, this.#records, {
        orgId,
        isEmptied,
        until: now + ATTEMPT_MS,
      });
      if (failed !== UNDER_WAY && failed > 0)
        throw new Error(`${orgId}: ${failed} guards have not confirmed`);
    });
    const broken = (await Promise.allSettled(attempts)).find(({ status }) => status === "rejected");
    if (broken?.status === "rejected") throw broken.reason;
  }

  nextAt(): number | null {
    const since = this.#erasures.underWaySince();
    return since === null ? null : Math.max(since, this.#triedAt) + RETRY_MS;
  }
}
