import { readHash, sameHash } from "../../../core/key-secret.ts";
import type { Actor } from "../../../core/organization.ts";
import { refuse, type Refusal } from "../../../core/refusal.ts";
import type { AuditLog } from "../audit/audit-log.ts";
import type { Settings } from "../settings.ts";

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
  set(actor: Actor, hash: string): { set: true } | Refusal {
    if (!actor.freshMfa) return refuse("mfa_required");
    const entry = { action: "scim_token.created", target: actor.orgId, before: null, after: null };
    this.#storage.transactionSync(() => {
      this.#settings.setScimTokenHash(hash);
      this.#audit.add(actor, entry, Date.now());
    });
    return { set: true };
  }

  /** Whether a token is the one that counts. */
  hasHash(hash: string): boolean {
    const known = this.#settings.scimTokenHash();
    return known !== null && sameHash(readHash(known), readHash(hash));
  }
}
