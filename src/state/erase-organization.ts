import { MAX_GROUP_KEYS } from "../admission/protocol.ts";
import { chunksByWeight, letOthersRun } from "../core/concurrency.ts";
import type { Receipt } from "../core/organization/managed-key.ts";
import type { Env } from "../env.ts";

/** What one call to the organisation erases, in calls that it makes for it: an invocation may make a thousand. */
const CALLS_A_BATCH = 800;
/** One to the guard, and one to KV for each key and for the guard's entry. */
const CALLS = { group: MAX_GROUP_KEYS + 2, ownGuard: 3 } as const;

/** What is kept of an erasure outside of the organisation. */
export interface ErasureRecords {
  noteErased(orgId: string, receipts: readonly Receipt[], guards: readonly string[]): void | Promise<void>;
  /** Comes after all keys are cut, and notes that what is left is the organisation's own tables. */
  forgetPeople(orgId: string, people: readonly string[]): void | Promise<void>;
  finishErasure(orgId: string): void | Promise<void>;
}

/** An organisation to erase. `isEmptied`: all but its own record is gone. `until`: milliseconds since the epoch. */
interface Erasure {
  readonly orgId: string;
  readonly isEmptied: boolean;
  readonly until?: number;
}

/**
 * Erases an organisation, the keys first and its own record last. Each step may be repeated, by others at the same time,
 * too, and goes on where it was broken off. Returns how many guards have not confirmed; until all have, nothing but keys
 * is erased. After `until` (milliseconds since the epoch) no further guards are asked. With `isEmptied` only the last
 * step is left, which spares what was set up anew under the name.
 */
export async function eraseOrganization(
  organizations: Env["ORGANIZATION"],
  records: ErasureRecords,
  { orgId, isEmptied, until = Number.POSITIVE_INFINITY }: Erasure,
): Promise<number> {
  const organization = organizations.getByName(orgId);
  if (!isEmptied) {
    const guards = await organization.close(orgId);
    let unconfirmed = guards.length;
    let recorded: readonly string[] = [];
    for (const batch of chunksByWeight(guards, CALLS_A_BATCH, callsOf)) {
      if (Date.now() > until) break;
      const erased = await organization.eraseAtGuards(orgId, batch, recorded);
      await records.noteErased(orgId, erased.receipts, batch);
      unconfirmed -= batch.length - erased.failed;
      recorded = erased.failed === 0 ? batch : [];
      await letOthersRun();
    }
    if (unconfirmed > 0) return unconfirmed;
    await records.forgetPeople(orgId, await organization.peopleIds());
  }
  await organization.erase();
  await records.finishErasure(orgId);
  return 0;
}

function callsOf(guard: string): number {
  return guard.startsWith("key_") ? CALLS.ownGuard : CALLS.group;
}
