import { importJWK, type CryptoKey } from "jose";
import { BoundedCache } from "../core/bounded-cache.ts";
import { organizationOfKid, SIGNATURE_ALGORITHM } from "../core/token/access-token.ts";
import { OBJECT_TIMEOUT_MS, within } from "../core/concurrency.ts";
import type { Env } from "../env.ts";
import type { Background } from "../core/background.ts";

const MAX_ORGANIZATIONS = 1000;
/** The age at which a set is read again, while requests go on with the old one. */
const REFRESH_AFTER_MS = 300_000;
/** A `kid` that an organisation does not know is not asked for again sooner than this. */
const COOLDOWN_MS = 10_000;
/** How long an organisation counts as absent: it may be set up at any moment. */
const ABSENCE_MS = 1000;

interface KnownKeys {
  readonly byKid: ReadonlyMap<string, CryptoKey>;
  /** Milliseconds since the epoch. */
  readonly askedAt: number;
}

/** The public keys by which organisations' access tokens are verified, as far as this isolate has needed them. */
export class TokenKeys {
  readonly #organizations: Env["ORGANIZATION"];
  readonly #known = new BoundedCache<KnownKeys>(MAX_ORGANIZATIONS);
  /** Ids without an organisation. Tokens may name any, which must not push known organisations out. */
  readonly #absent = new BoundedCache<true>(MAX_ORGANIZATIONS, { ttlMs: ABSENCE_MS });

  constructor(organizations: Env["ORGANIZATION"]) {
    this.#organizations = organizations;
  }

  /** The key of this id; `null` when its organisation has no such key. Rejects when it cannot be asked. */
  async find(kid: string, now: number, background: Background): Promise<CryptoKey | null> {
    const orgId = organizationOfKid(kid);
    if (orgId === null) return null;
    const known = this.#known.get(orgId);
    const key = known?.byKid.get(kid);
    const age = known === undefined ? Number.POSITIVE_INFINITY : now - known.askedAt;
    if (known !== undefined && key !== undefined) {
      if (age > REFRESH_AFTER_MS) {
        // Requests that come meanwhile do not ask, too; nor, for a while, after a failure.
        this.#known.set(orgId, { ...known, askedAt: now });
        background.waitUntil(this.#ask(orgId, now).catch(() => {}));
      }
      return key;
    }
    if (age < COOLDOWN_MS || this.#absent.has(orgId)) return null;
    return (await this.#ask(orgId, now))?.byKid.get(kid) ?? null;
  }

  async #ask(orgId: string, now: number): Promise<KnownKeys | null> {
    const published = await within(OBJECT_TIMEOUT_MS, this.#organizations.getByName(orgId).publicKeys());
    if (published === null) {
      this.#absent.set(orgId, true);
      return null;
    }
    const entries = published.map(async (jwk) => {
      const key = await importJWK(jwk, SIGNATURE_ALGORITHM);
      return [jwk.kid, key] as const;
    });
    const keys: KnownKeys = { byKid: new Map(await Promise.all(entries)), askedAt: now };
    this.#known.set(orgId, keys);
    return keys;
  }
}
