import { importJWK, SignJWT, type CryptoKey } from "jose";
import { ASSERTION_TYPE, SIGNATURE_ALGORITHM } from "../core/token/access-token.ts";
import { OBJECT_TIMEOUT_MS, within } from "../core/concurrency.ts";
import type { SigningKey } from "../core/token/signing-key.ts";
import type { Caller } from "../core/access/caller.ts";
import type { Background } from "../core/background.ts";

/** The life of an assertion in seconds. */
const LIFE_S = 60;
/**
 * The next one is signed after this long, in the background; a request never goes out with one that ends within 10 s. A
 * key in slow but steady use costs a signature each time, so it is late.
 */
const RENEW_AFTER_MS = 45_000;
const USABLE_MS = 50_000;
/** A renewal that has not come to anything is tried again after this. */
const RENEWAL_RETRY_MS = 2000;
/** The deployment is asked again for the key that signs after this, while requests go on with the one at hand. */
const KEY_REFRESH_MS = 300_000;
/** A key that was asked for longer ago may have been replaced, and not be published any more: it is asked for first. */
const KEY_MAX_AGE_MS = 3_600_000;

interface AssertionOptions {
  readonly issuer: string;
  /** Asks the deployment for the key that signs now. */
  readonly signingKey: () => Promise<Pick<SigningKey, "kid" | "privateJwk">>;
}

interface HeldSigningKey {
  readonly kid: string;
  readonly key: CryptoKey;
  /** When it was last asked for, and when it was last told; milliseconds since the epoch. */
  readonly askedAt: number;
  readonly knownAt: number;
}

/** Signs assertions of who calls. One lasts for many requests of a caller, so that the request path hardly ever signs. */
export class Assertions {
  readonly #options: AssertionOptions;
  #held: HeldSigningKey | null = null;

  constructor(options: AssertionOptions) {
    this.#options = options;
  }

  /**
   * An assertion for an audience, the origin, that is good for at least 10 s more, at `now` in milliseconds since the
   * epoch. A promise only when there is none at hand; it rejects when the deployment has to be asked for its key and does
   * not answer.
   */
  of(caller: Caller, audience: string, now: number, background: Background): string | Promise<string> {
    const assertion = caller.assertions.get(audience);
    if (assertion === undefined || now >= assertion.usableUntil || now < assertion.issuedAt) {
      return this.#sign(caller, audience, now, background);
    }
    if (now >= assertion.renewAt) {
      caller.assertions.set(audience, { ...assertion, renewAt: now + RENEWAL_RETRY_MS });
      background.waitUntil(this.#sign(caller, audience, now, background).catch(() => {}));
    }
    return assertion.jwt;
  }

  async #sign(caller: Caller, audience: string, now: number, background: Background): Promise<string> {
    const { kid, key } = await this.#signingKey(now, background);
    const issuedAt = Math.floor(now / 1000);
    const jwt = await new SignJWT({
      iss: this.#options.issuer,
      aud: audience,
      iat: issuedAt,
      exp: issuedAt + LIFE_S,
      ...caller.identityClaims,
    })
      .setProtectedHeader({ alg: SIGNATURE_ALGORITHM, typ: ASSERTION_TYPE, kid })
      .sign(key);
    caller.assertions.set(audience, {
      jwt,
      issuedAt: issuedAt * 1000,
      renewAt: issuedAt * 1000 + RENEW_AFTER_MS,
      usableUntil: issuedAt * 1000 + USABLE_MS,
    });
    return jwt;
  }

  async #signingKey(now: number, background: Background): Promise<HeldSigningKey> {
    const held = this.#held;
    if (held === null || now - held.knownAt > KEY_MAX_AGE_MS) return this.#ask(now);
    if (now - held.askedAt > KEY_REFRESH_MS) {
      this.#held = { ...held, askedAt: now };
      background.waitUntil(this.#ask(now).catch(() => {}));
    }
    return held;
  }

  async #ask(now: number): Promise<HeldSigningKey> {
    const { kid, privateJwk } = await within(OBJECT_TIMEOUT_MS, this.#options.signingKey());
    const key = (await importJWK(privateJwk as object, SIGNATURE_ALGORITHM)) as CryptoKey;
    this.#held = { kid, key, askedAt: now, knownAt: now };
    return this.#held;
  }
}
