import { leakReason } from "../../core/leak.ts";
import type { ManagedKey } from "../../core/organization.ts";
import type { Cut, RevocationRequest } from "../../core/revocation.ts";
import type { KeyTable } from "./key-table.ts";
import type { Keys } from "./keys.ts";
import type { LeakTable } from "./leak-table.ts";

/** What operators have done to keys at their guards, without the organisation, taken into its own record. */
export class EmergencyCuts {
  readonly #storage: DurableObjectStorage;
  readonly #table: KeyTable;
  readonly #keys: Keys;
  readonly #leaks: LeakTable;

  constructor(storage: DurableObjectStorage, parts: { table: KeyTable; keys: Keys; leaks: LeakTable }) {
    this.#storage = storage;
    this.#table = parts.table;
    this.#keys = parts.keys;
    this.#leaks = parts.leaks;
  }

  /**
   * Marks the keys as revoked by the operator, each with its audit event; what is marked already stays as it is. Where
   * they were found is told of once, even if they were dead before.
   */
  note({ id, reason, operator }: RevocationRequest, cuts: readonly Cut[], now: number): void {
    const actor = { ...operator, requestId: id };
    this.#storage.transactionSync(() => {
      for (const cut of cuts) {
        const before: ManagedKey | null = this.#table.find(cut.keyId);
        if (before === null) continue;
        if (before.revokedAt === null) {
          this.#table.noteCut(cut, operator.id, cut.leak === null ? reason : leakReason(cut.leak));
          this.#keys.noteChange(actor, "api_key.revoked", cut.keyId, before, now);
        }
        this.#table.setEffective(cut.keyId, cut.effectiveAt);
        if (cut.leak !== null && this.#leaks.add(cut.keyId, cut.leak)) {
          this.#keys.noteLeak(actor, cut.keyId, cut.leak, now);
        }
      }
    });
  }
}
