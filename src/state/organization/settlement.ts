import type { Confirmation } from "../../admission/guard/key-guard.ts";
import { saysTheSame } from "../../admission/rules/records.ts";
import { config } from "../../config.ts";
import { commonSettings } from "../../core/key/key-differences.ts";
import type { KeyRecord } from "../../core/key/key-record.ts";
import type { Cut } from "../../core/organization/revocation.ts";
import { SYSTEM, type Author } from "./audit/audit-log.ts";
import type { NotedChange } from "./keys/key-audit.ts";
import type { KeyTable } from "./keys/key-table.ts";

/** The reason on record for a key that its guard says is revoked. */
const REVOKED_ELSEWHERE = "Revoked at its guard";

/** Puts a change on record: its audit event, its outbox row, its notice. To be called in its transaction. */
type NoteChange = (author: Author, change: NotedChange, now: number) => void;

/** A guard's answer about a key that was pushed to it, and the key's record now. */
export interface Answered {
  readonly pushed: KeyRecord;
  readonly current: KeyRecord;
  readonly confirmation: Confirmation;
}

/** Two records of one key; of the fields in `chosen` the current one's values hold. */
interface TwoRecords {
  readonly current: KeyRecord;
  readonly other: KeyRecord;
  readonly chosen: ReadonlySet<string>;
}

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
   * Takes in what a guard says of keys: `inForce` are those of which it has in force what the organisation has on record,
   * if need be from now on; `again` are to be pushed again. Of the fields in `chosen`, which the change names, the
   * organisation's values hold. To be called in a transaction.
   */
  takeIn(
    answers: readonly Answered[],
    chosen: ReadonlySet<string>,
    now: number,
  ): { readonly inForce: string[]; readonly again: string[] } {
    const inForce: string[] = [];
    const again: string[] = [];
    const revocations: Pick<Cut, "keyId" | "effectiveAt" | "version">[] = [];
    for (const answered of answers) {
      const { pushed, confirmation } = answered;
      const { record, version, effectiveAt } = confirmation;
      const isInForce = this.#isInForce(answered, chosen, now);
      (isInForce ? inForce : again).push(pushed.id);
      if (record !== null && record.revokedAt !== null) {
        revocations.push({ keyId: pushed.id, effectiveAt, version });
      }
    }
    if (revocations.length > 0) this.#keys.many.confirmRevocations(revocations);
    return { inForce, again };
  }

  #isInForce(
    { pushed, current, confirmation: { record, version } }: Answered,
    chosen: ReadonlySet<string>,
    now: number,
  ): boolean {
    if (record === null) return false;
    if (record.revokedAt !== null) {
      if (current.revokedAt === null) this.#revoke(pushed.id, record.revokedAt, version, now);
      return true;
    }
    // It has changed meanwhile.
    if (current.version > pushed.version) return saysTheSame(record, current);
    if (saysTheSame(record, current)) return true;
    this.narrow(SYSTEM, { current, other: record, chosen }, now);
    return false;
  }

  /** Holds what both records of a key allow, as a version after both. To be called in a transaction. */
  narrow(author: Author, { current, other, chosen }: TwoRecords, now: number): void {
    const before = this.#keys.find(current.id);
    const common = commonSettings(current, other, config.rateLimit, chosen);
    const version = Math.max(current.version, other.version) + 1;
    this.#keys.settle(current.id, { ...common, version });
    this.#noteChange(author, { action: "api_key.reconciled", keyId: current.id, before }, now);
  }

  #revoke(keyId: string, revokedAt: number, version: number, now: number): void {
    const before = this.#keys.find(keyId);
    const cut = { keyId, revokedAt, effectiveAt: now, version, leak: null, reason: REVOKED_ELSEWHERE };
    this.#keys.many.noteCuts([cut], SYSTEM.id);
    this.#noteChange(SYSTEM, { action: "api_key.revoked", keyId, before }, now);
  }
}
