import { MAX_GROUP_KEYS } from "../admission/protocol.ts";
import {
  BATCH_TIMEOUT_MS,
  chunksByWeight,
  letOthersRun,
  OBJECT_TIMEOUT_MS,
  within,
} from "../core/concurrency.ts";
import type { Receipt } from "../core/organization/managed-key.ts";
import { isOfOtherVersion } from "../core/schema-version.ts";
import type { Env } from "../env.ts";

/** What one call to the organisation erases, in calls that it makes for it: an invocation may make a thousand. */
const CALLS_A_BATCH = 800;
/**
 * One to the guard, and one to KV for each key and for the guard's entry. Of guards of one key so many go together that the
 * batch is over in time even if each is waited for in vain.
 */
const CALLS = { group: MAX_GROUP_KEYS + 2, ownGuard: 17 } as const;

/** What is kept of an erasure outside of the organisation. */
export interface ErasureRecords {
  /** Whether this attempt, by a name of its own, is the one that goes on; it stays so for a while longer than a step takes. */
  claimErasure(orgId: string, attempt: string): boolean | Promise<boolean>;
  releaseErasure(orgId: string, attempt: string): void | Promise<void>;
  noteErased(orgId: string, receipts: readonly Receipt[], guards: readonly string[]): void | Promise<void>;
  /** Comes after all keys are cut, and notes that what is left is the organisation's own tables. */
  forgetPeople(orgId: string, people: readonly string[]): void | Promise<void>;
  finishErasure(orgId: string): void | Promise<void>;
}

/** An organisation to erase. `isEmptied`: all but its own record is gone. */
interface Erasure {
  readonly orgId: string;
  readonly isEmptied: boolean;
  /** Whether the attempt has had its time; it is asked after each batch of guards. */
  readonly isOver?: () => boolean;
}

/** Another attempt at the same erasure is under way, or this one has had its time. */
export const UNDER_WAY = "under way";

/**
 * Erases an organisation, the keys first and its own record last. One attempt at a time: returns {@link UNDER_WAY} while
 * there is another, and when this one is over before all guards were asked. Each step may be repeated, and goes on where it
 * was broken off. Otherwise returns how many guards have not confirmed; until all have, nothing but keys is erased. With `isEmptied` only the last step is left, which spares what was set up anew under the name. Rejects when
 * an object does not answer in time.
 */
export async function eraseOrganization(
  organizations: Env["ORGANIZATION"],
  records: ErasureRecords,
  erasure: Erasure,
): Promise<number | typeof UNDER_WAY> {
  const { orgId } = erasure;
  const attempt = crypto.randomUUID();
  const claim = (): Promise<boolean> =>
    soon(records.claimErasure(orgId, attempt)).catch((error: unknown) => {
      // An object of the version before takes no claims.
      if (isOfOtherVersion(error)) return true;
      throw error;
    });
  if (!(await claim())) return UNDER_WAY;
  try {
    return await eraseInSteps(organizations, records, erasure, claim);
  } finally {
    await soon(records.releaseErasure(orgId, attempt)).catch(() => {});
  }
}

async function eraseInSteps(
  organizations: Env["ORGANIZATION"],
  records: ErasureRecords,
  { orgId, isEmptied, isOver = () => false }: Erasure,
  claim: () => Promise<boolean>,
): Promise<number | typeof UNDER_WAY> {
  const organization = organizations.getByName(orgId);
  if (!isEmptied) {
    const guards = await within(BATCH_TIMEOUT_MS, organization.close(orgId));
    let [left, unconfirmed] = [guards.length, 0];
    let recorded: readonly string[] = [];
    for (const batch of chunksByWeight(guards, CALLS_A_BATCH, callsOf)) {
      if (!(await claim())) return UNDER_WAY;
      const erased = await within(BATCH_TIMEOUT_MS, organization.eraseAtGuards(orgId, batch, recorded));
      await soon(records.noteErased(orgId, erased.receipts, batch));
      left -= batch.length;
      unconfirmed += erased.failed;
      recorded = erased.failed === 0 ? batch : [];
      if (left > 0 && isOver()) break;
      await letOthersRun();
    }
    if (unconfirmed > 0) return unconfirmed;
    if (left > 0) return UNDER_WAY;
    const people = await within(BATCH_TIMEOUT_MS, organization.peopleIds());
    await soon(records.forgetPeople(orgId, people));
  }
  if (!(await claim())) return UNDER_WAY;
  await within(BATCH_TIMEOUT_MS, organization.erase());
  await soon(records.finishErasure(orgId));
  return 0;
}

function soon<T>(answer: T | Promise<T>): Promise<T> {
  return within(OBJECT_TIMEOUT_MS, Promise.resolve(answer));
}

function callsOf(guard: string): number {
  return guard.startsWith("key_") ? CALLS.ownGuard : CALLS.group;
}
