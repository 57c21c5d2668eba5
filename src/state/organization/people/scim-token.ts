import { readHash, sameHash } from "../../../core/key/key-secret.ts";
import type { Actor, Credentials } from "../../../core/organization/organization.ts";
import { refuse, type Result } from "../../../core/refusal.ts";
import type { AuditEntry, AuditLog } from "../audit/audit-log.ts";
import type { Settings } from "../settings.ts";

/** Its use is noted no more often: a provider may come many times a second. */
const NOTED_EVERY_MS = 60_000;

/** The one bearer token by which the organisation's SCIM client is known. Only its SHA-256 is kept. */
export class ScimToken {
  readonly #storage: DurableObjectStorage;
  readonly #settings: Settings;
  readonly #audit: AuditLog;

  constructor(storage: DurableObjectStorage, parts: { settings: Settings; audit: AuditLog }) {
    this.#storage = storage;
    this.#settings = parts.settings;
    this.#audit = parts.audit;
  }

  /** Sets the token by its SHA-256, lower-case hex; the token before ends. */
  set(actor: Actor, hash: string): Result<{ set: true }> {
    if (!actor.freshMfa) return refuse("mfa_required");
    const entry: AuditEntry = {
      action: "scim_token.created",
      target: actor.orgId,
      before: null,
      after: null,
    };
    const now = Date.now();
    this.#storage.transactionSync(() => {
      this.#settings.setScimTokenHash(hash);
      this.#settings.setScimTokenUsedAt(null);
      this.#settings.setMade("scimToken", { at: now, by: { id: actor.id, name: actor.name } });
      this.#audit.add(actor, entry, now);
    });
    return { set: true };
  }

  /** Whether a token is the one that counts. */
  hasHash(hash: string): boolean {
    const known = this.#settings.scimTokenHash();
    return known !== null && sameHash(readHash(known), readHash(hash));
  }

  /** Notes that a client has come with the token. */
  noteUse(now: number): void {
    const last = this.#settings.scimTokenUsedAt();
    if (last === null || now - last >= NOTED_EVERY_MS) this.#settings.setScimTokenUsedAt(now);
  }

  /** Whether there is one, who made it, and when it was used last. */
  describe(): Credentials["scimToken"] {
    if (this.#settings.scimTokenHash() === null) return null;
    return { made: this.#settings.made("scimToken"), lastUsedAt: this.#settings.scimTokenUsedAt() };
  }
}
