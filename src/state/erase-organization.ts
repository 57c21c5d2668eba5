import { MAX_GROUP_KEYS } from "../admission/protocol.ts";
import { chunksByWeight, letOthersRun } from "../core/concurrency.ts";
import type { Receipt } from "../core/organization/organization.ts";
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

/**
 * Erases an organisation, the keys first and its own record last. Each step may be repeated, by others at the same time,
 * too. Returns how many guards have not confirmed; until all have, nothing but keys is erased. With `isEmptied` only the
 * last step is left, which spares what was set up anew under the name.
 */
export async function eraseOrganization(
  organizations: Env["ORGANIZATION"],
  records: ErasureRecords,
  orgId: string,
  isEmptied: boolean,
): Promise<number> {
  const organization = organizations.getByName(orgId);
  if (!isEmptied) {
    let failed = 0;
    const guards = await organization.close(orgId);
    for (const batch of chunksByWeight(guards, CALLS_A_BATCH, callsOf)) {
      const erased = await organization.eraseAtGuards(orgId, batch);
      await records.noteErased(orgId, erased.receipts, batch);
      failed += erased.failed;
      await letOthersRun();
    }
    if (failed > 0) return failed;
    await records.forgetPeople(orgId, await organization.peopleIds());
  }
  await organization.erase();
  await records.finishErasure(orgId);
  return 0;
}

function callsOf(guard: string): number {
  return guard.startsWith("key_") ? CALLS.ownGuard : CALLS.group;
}
