import { importJWK, SignJWT } from "jose";
import { config } from "../../config.ts";
import {
  ACCESS_TOKEN_TYPE,
  hasCanonicalSignature,
  MAX_TOKEN_LIFE_S,
  SIGNATURE_ALGORITHM,
  signingKeyId,
  tokenClaims,
  type AccessToken,
} from "../../core/token/access-token.ts";
import type { Actor, Credentials, OrganizationInfo } from "../../core/organization/organization.ts";
import { refuse, type Result } from "../../core/refusal.ts";
import type { PublicJwk, RingPolicy } from "../../core/token/signing-key.ts";
import { SigningKeys } from "../signing-keys.ts";
import type { AuditEntry, AuditLog } from "./audit/audit-log.ts";
import type { Settings } from "./settings.ts";

/** Isolates ask for public keys every five minutes; a token lives a day at most. */
const TOKEN_KEYS: RingPolicy = {
  lifetimeMs: config.signingKeyLifetimeMs,
  publishAheadMs: 600_000,
  keptMs: MAX_TOKEN_LIFE_S * 1000,
};

/** A signing key without its private part. Milliseconds since the epoch. */
export interface SigningKeyInfo {
  readonly kid: string;
  readonly activeFrom: number;
}

/** The signing of an organisation's access tokens. */
export class Tokens {
  readonly #storage: DurableObjectStorage;
  readonly #settings: Settings;
  readonly #audit: AuditLog;
  readonly #keys: SigningKeys;

  constructor(storage: DurableObjectStorage, parts: { settings: Settings; audit: AuditLog }) {
    this.#storage = storage;
    this.#settings = parts.settings;
    this.#audit = parts.audit;
    this.#keys = new SigningKeys(
      {
        read: () => this.#settings.signingKeys(),
        write: (ring) => this.#settings.setSigningKeys(ring),
      },
      TOKEN_KEYS,
      () => signingKeyId(this.#settings.orgId()),
    );
  }

  /** Sets the organisation up, once: makes its signing key. */
  async bootstrap(actor: Actor): Promise<Result<OrganizationInfo>> {
    if (this.#settings.bootstrappedAt() !== null) return refuse("already_exists");
    await this.#keys.current();
    const now = Date.now();
    return this.#storage.transactionSync(() => {
      if (this.#settings.bootstrappedAt() !== null) return refuse("already_exists");
      this.#settings.bootstrap(now);
      const entry: AuditEntry = {
        action: "organization.bootstrapped",
        target: actor.orgId,
        before: null,
        after: null,
      };
      this.#audit.add(actor, entry, now);
      return { id: actor.orgId, bootstrappedAt: now, groupsWithoutRole: [] };
    });
  }

  /** Signs a token (RFC 9068), in the one spelling that the gateway takes. */
  async sign(token: AccessToken): Promise<string> {
    const { kid, privateJwk } = await this.#keys.current();
    const key = await importJWK(privateJwk as object, SIGNATURE_ALGORITHM);
    const header = { alg: SIGNATURE_ALGORITHM, typ: ACCESS_TOKEN_TYPE, kid };
    const unsigned = new SignJWT(tokenClaims(token)).setProtectedHeader(header);
    // Every signature is made anew at random, and every other one is in that spelling.
    for (;;) {
      const signed = await unsigned.sign(key);
      if (hasCanonicalSignature(signed)) return signed;
    }
  }

  publicKeys(): PublicJwk[] {
    return this.#keys.published();
  }

  async rotate(actor: Actor): Promise<Result<SigningKeyInfo>> {
    if (this.#settings.bootstrappedAt() === null) return refuse("not_bootstrapped");
    if (!actor.freshMfa) return refuse("mfa_required");
    const published = new Set(this.#settings.signingKeys().map((key) => key.kid));
    const { kid, activeFrom } = await this.#keys.rotate();
    const now = Date.now();
    this.#storage.transactionSync(() => {
      // One that was waiting already, or that somebody else's rotation has published meanwhile.
      if (published.has(kid) || this.#settings.made(`signingKey ${kid}`) !== null) return;
      const entry: AuditEntry = {
        action: "signing_key.rotated",
        target: actor.orgId,
        before: null,
        after: { kid },
      };
      this.#settings.setMade(`signingKey ${kid}`, { at: now, by: { id: actor.id, name: actor.name } });
      this.#audit.add(actor, entry, now);
    });
    return { kid, activeFrom };
  }

  /** The keys that tokens are verified by now, in the order in which they take over. */
  describe(): Credentials["signingKeys"] {
    const published = new Set(this.#keys.published().map(({ kid }) => kid));
    return this.#settings
      .signingKeys()
      .filter(({ kid }) => published.has(kid))
      .map(({ kid, activeFrom }) => ({ kid, activeFrom, made: this.#settings.made(`signingKey ${kid}`) }));
  }
}
