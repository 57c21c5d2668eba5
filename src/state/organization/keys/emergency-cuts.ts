import { leakReason } from "../../../core/organization/leak.ts";
import type { Cut, RevocationRequest, TokenCut } from "../../../core/organization/revocation.ts";
import type { Alarm } from "../../alarm.ts";
import type { AuditEntry, AuditLog } from "../audit/audit-log.ts";
import type { KeyEvents } from "./key-events.ts";
import type { KeyTable } from "./key-table.ts";
import type { Keys } from "./keys.ts";
import type { LeakTable } from "./leak-table.ts";

interface Parts {
  readonly table: KeyTable;
  readonly keys: Keys;
  readonly leaks: LeakTable;
  readonly audit: AuditLog;
  readonly events: KeyEvents;
  readonly alarm: Alarm;
}

/** What was done to keys and tokens at the keys' guards, without the organisation, taken into its own record. */
export class EmergencyCuts {
  readonly #storage: DurableObjectStorage;
  readonly #table: KeyTable;
  readonly #keys: Keys;
  readonly #leaks: LeakTable;
  readonly #audit: AuditLog;
  readonly #events: KeyEvents;
  readonly #alarm: Alarm;

  constructor(storage: DurableObjectStorage, parts: Parts) {
    this.#storage = storage;
    this.#table = parts.table;
    this.#keys = parts.keys;
    this.#leaks = parts.leaks;
    this.#audit = parts.audit;
    this.#events = parts.events;
    this.#alarm = parts.alarm;
  }

  /**
   * Marks the keys as revoked by the operator, each with its audit event; keys that are marked stay as they are. A place
   * where they were found makes one event, even if they were dead before.
   */
  note({ id, reason, operator }: RevocationRequest, cuts: readonly Cut[], now: number): void {
    const actor = { ...operator, requestId: id };
    this.#storage.transactionSync(() => {
      const known = this.#table.many.find(cuts.map(({ keyId }) => keyId));
      const ours = cuts.filter(({ keyId }) => known.has(keyId));
      const live = ours.filter(({ keyId }) => known.get(keyId)?.revokedAt === null);
      const reasonOf = ({ leak }: Cut) => (leak === null ? reason : leakReason(leak));
      this.#table.many.noteCuts(
        live.map((cut) => ({ ...cut, reason: reasonOf(cut) })),
        operator.id,
      );
      const before = live.map(({ keyId }) => known.get(keyId)).filter((key) => key !== undefined);
      this.#keys.noteChanges(actor, "api_key.revoked", before, now);
      this.#table.many.confirmRevocations(ours);
      for (const { keyId, leak } of ours) {
        if (leak !== null && this.#leaks.add(keyId, leak)) this.#keys.noteLeak(actor, keyId, leak, now);
      }
    });
  }

  /** Records that a token was revoked and where it was found, each once. */
  noteToken(cut: TokenCut, now: number): void {
    const { author, keyId, tokenId, leak } = cut;
    this.#storage.transactionSync(() => {
      const key = this.#table.find(keyId);
      if (key === null || !this.#leaks.addToken(cut, now)) return;
      const entry: AuditEntry = {
        action: "access_token.revoked",
        target: keyId,
        before: null,
        after: { tokenId, leak },
      };
      this.#audit.add(author, entry, now);
      this.#alarm.ringBy(now + this.#leaks.keptMs);
      if (leak !== null) this.#events.tokenLeaked(key, tokenId, leak, now);
    });
  }
}
