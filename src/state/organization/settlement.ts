import type { Confirmation } from "../../admission/guard/key-guard.ts";
import { saysTheSame } from "../../admission/rules/records.ts";
import { config } from "../../config.ts";
import { commonSettings } from "../../core/key-differences.ts";
import type { KeyRecord } from "../../core/key-record.ts";
import type { ManagedKey } from "../../core/organization.ts";
import { SYSTEM, type Author } from "./audit/audit-log.ts";
import type { KeyTable } from "./keys/key-table.ts";

/** Why a key is revoked here that its guard says is. */
const REVOKED_ELSEWHERE = "Revoked at its guard";

/** Puts a change on record: its audit event, its outbox row, its notice. To be called in its transaction. */
export type NoteChange = (
  author: Author,
  action: string,
  keyId: string,
  before: ManagedKey | null,
  now: number,
) => ManagedKey;

/**
 * Takes in what guards say is in force. An organisation whose database was restored from an older copy is behind its
 * guards: then it goes past them, and holds what both records allow.
 */
export class Settlement {
  readonly #keys: KeyTable;
  readonly #noteChange: NoteChange;

  constructor(keys: KeyTable, noteChange: NoteChange) {
    this.#keys = keys;
    this.#noteChange = noteChange;
  }

  /**
   * Whether what a guard says of a key is what the organisation has on record of it, if need be from now on; else it is
   * to be pushed again. Of the fields in `chosen`, which the change names, the organisation's values hold. To be called
   * in a transaction.
   */
  takeIn(
    orgId: string,
    pushed: KeyRecord,
    confirmation: Confirmation,
    chosen: ReadonlySet<string>,
    now: number,
  ): boolean {
    const { record: inForce, version, effectiveAt } = confirmation;
    if (inForce === null) return false;
    const current = this.#keys.record(pushed.id, orgId);
    if (inForce.revokedAt !== null) {
      if (current.revokedAt === null) this.#revoke(pushed.id, inForce.revokedAt, version, now);
      this.#keys.confirmRevocation(pushed.id, { effectiveAt, version });
      return true;
    }
    // It has changed meanwhile.
    if (current.version > pushed.version) return saysTheSame(inForce, current);
    if (saysTheSame(inForce, current)) return true;
    this.narrow(SYSTEM, current, inForce, chosen, now);
    return false;
  }

  /** Holds what both records of a key allow, as a version after both. To be called in a transaction. */
  narrow(
    author: Author,
    current: KeyRecord,
    other: KeyRecord,
    chosen: ReadonlySet<string>,
    now: number,
  ): void {
    const before = this.#keys.find(current.id);
    const common = commonSettings(current, other, config.rateLimit, chosen);
    const version = Math.max(current.version, other.version) + 1;
    this.#keys.settle(current.id, { ...common, version });
    this.#noteChange(author, "api_key.reconciled", current.id, before, now);
  }

  #revoke(keyId: string, revokedAt: number, version: number, now: number): void {
    const before = this.#keys.find(keyId);
    const cut = { keyId, revokedAt, effectiveAt: now, version, leak: null };
    this.#keys.noteCut(cut, SYSTEM.id, REVOKED_ELSEWHERE);
    this.#noteChange(SYSTEM, "api_key.revoked", keyId, before, now);
  }
}
