import { eachOf, OBJECT_TIMEOUT_MS, within } from "../../core/concurrency.ts";
import type { Difference } from "../../core/key/reconciliation.ts";
import type { Receipt } from "../../core/organization/managed-key.ts";
import type { Env } from "../../env.ts";
import { CUT_TIMEOUT_MS } from "../cut-timeout.ts";
import { registryEntry } from "../guard-registry.ts";

const CONCURRENT_GUARDS = 16;
const CONCURRENT_COPIES = 6;

/** What was erased at some guards. */
export interface ErasedAtGuards {
  readonly receipts: readonly Receipt[];
  /** Guards that have not confirmed it, or of which KV still has copies. */
  readonly failed: number;
}

/**
 * Erases what guards and KV have of an organisation. A guard cuts all its keys first, those included that it alone knows,
 * and keeps of each that it is dead.
 */
export class Erasure {
  readonly #env: Env;

  constructor(env: Env) {
    this.#env = env;
  }

  async atGuards(orgId: string, guards: readonly string[]): Promise<ErasedAtGuards> {
    const receipts: Receipt[] = [];
    let failed = 0;
    await eachOf(guards, CONCURRENT_GUARDS, async (guard) => {
      try {
        for (const receipt of await this.#atGuard(orgId, guard)) receipts.push(receipt);
      } catch {
        failed++;
      }
    });
    return { receipts, failed };
  }

  /** Keys of an erased organisation that live again, since an older copy of their guard was restored; `fix` erases them again. */
  async findRestored(orgId: string, guards: readonly string[], fix: boolean): Promise<Difference[]> {
    const differences: Difference[] = [];
    await eachOf(guards, CONCURRENT_GUARDS, async (guard) => {
      for (const difference of await this.#restoredAt(orgId, guard, fix)) differences.push(difference);
    });
    return differences;
  }

  async #restoredAt(orgId: string, guard: string, fix: boolean): Promise<Difference[]> {
    const difference = { guard, fields: [], settled: false };
    try {
      const listed = await within(CUT_TIMEOUT_MS, this.#env.KEY_GUARD.getByName(guard).list());
      if (listed.orgId !== orgId || listed.isErased === true) return [];
      const settled = fix && (await this.#isErasedAgain(orgId, guard));
      return listed.keys
        .filter(({ record }) => record.revokedAt === null)
        .map(({ record }) => ({ ...difference, keyId: record.id, kind: "unknown_key", settled }));
    } catch {
      return [{ ...difference, keyId: null, kind: "guard_unreachable" }];
    }
  }

  #isErasedAgain(orgId: string, guard: string): Promise<boolean> {
    return this.#atGuard(orgId, guard).then(
      () => true,
      () => false,
    );
  }

  async #atGuard(orgId: string, guard: string): Promise<Receipt[]> {
    const erased = await within(CUT_TIMEOUT_MS, this.#env.KEY_GUARD.getByName(guard).erase(orgId));
    const receipts = (erased ?? []).map(({ record, effectiveAt, version }): Receipt => {
      if (record?.revokedAt == null) throw new Error("A key is not dead");
      return { keyId: record.id, status: "revoked", requestedAt: record.revokedAt, effectiveAt, version };
    });
    const copies = [...receipts.map(({ keyId }) => keyId), registryEntry(orgId, guard)];
    await eachOf(copies, CONCURRENT_COPIES, (name) =>
      within(OBJECT_TIMEOUT_MS, this.#env.KEY_RECORDS.delete(name)),
    );
    return receipts;
  }
}
