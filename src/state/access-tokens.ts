import { compactVerify, errors } from "jose";
import { LRUCache } from "lru-cache";
import { drawDigestKey, siphash, type DigestKey } from "../admission/isolate/siphash.ts";
import { readAccessToken, SIGNATURE_ALGORITHM, type AccessToken } from "../core/token/access-token.ts";
import { refuse, type Result } from "../core/refusal.ts";
import { compileCaller, type Caller } from "../core/access/caller.ts";
import type { CompiledKey } from "../core/access/compiled-key.ts";
import type { Background } from "../core/background.ts";
import type { TokenKeys } from "./token-keys.ts";

/**
 * The memory of an isolate for verified tokens; the signature of a forgotten one is verified again. A token takes about
 * five times its length.
 */
const MAX_REMEMBERED_BYTES = 16 * 1024 * 1024;
const BYTES_A_LETTER = 5;

/** What can be wrong with a token; the log says which. */
const INVALID = {
  form: refuse("access_token_invalid", { reason: "not of our form, header or claims" }),
  issuer: refuse("access_token_invalid", { reason: "issued at another address" }),
  key: refuse("access_token_invalid", { reason: "signed by a key that its organisation does not have" }),
  signature: refuse("access_token_invalid", { reason: "wrong signature" }),
};

/** A token whose signature has been verified. Whether it is still good depends on the clock and on its key. */
export class VerifiedToken {
  readonly claims: AccessToken;
  #key: CompiledKey | null = null;
  #caller: Caller | null = null;

  constructor(claims: AccessToken) {
    this.claims = claims;
  }

  /** What the token's holder may do, by this revision of its key. */
  callerFor(key: CompiledKey): Caller {
    if (this.#caller === null || this.#key !== key) {
      this.#caller = compileCaller(key.record, this.claims);
      this.#key = key;
    }
    return this.#caller;
  }
}

/**
 * Access tokens that were presented to this isolate. Only the verification of a signature is remembered, never the token
 * itself; everything else is checked at every request.
 */
export class AccessTokens {
  readonly #keys: TokenKeys;
  /** This isolate's own; there is no randomness before the first request. */
  #secret: DigestKey | null = null;
  readonly #verified = new LRUCache<string, VerifiedToken>({
    maxSize: MAX_REMEMBERED_BYTES,
    sizeCalculation: (_, name) => name.length * BYTES_A_LETTER,
  });

  constructor(keys: TokenKeys) {
    this.#keys = keys;
  }

  /** A token that was verified here before. */
  peek(text: string): VerifiedToken | undefined {
    return this.#verified.get(this.#nameOf(text));
  }

  /** The token without its signature, which is no credential, and a digest of the signature. */
  #nameOf(text: string): string {
    const end = text.lastIndexOf(".");
    const { high, low } = siphash((this.#secret ??= drawDigestKey()), text.slice(end + 1));
    return `${high}.${low}.${text.slice(0, end)}`;
  }

  /**
   * Verifies a token of `issuer`, or with `null` of any, at `now` (milliseconds since the epoch): its form, its header, its
   * claims and its signature by its organisation's key. Refuses with `access_token_invalid`, or with
   * `admission_unavailable` when the organisation has to be asked for the key and does not answer. A token that has
   * expired verifies.
   */
  async verify(
    text: string,
    issuer: string | null,
    now: number,
    background: Background,
  ): Promise<Result<VerifiedToken>> {
    const known = this.peek(text);
    const token = known ?? readAccessToken(text, now);
    if (token === null) return INVALID.form;
    if (issuer !== null && token.claims.issuer !== issuer) return INVALID.issuer;
    if (token instanceof VerifiedToken) return token;
    try {
      const key = await this.#keys.find(token.kid, now, background);
      if (key === null) return INVALID.key;
      await compactVerify(text, key, { algorithms: [SIGNATURE_ALGORITHM] });
    } catch (error) {
      if (error instanceof errors.JOSEError) return INVALID.signature;
      return refuse("admission_unavailable", { retryAfter: 1, reason: String(error) });
    }
    const verified = new VerifiedToken(token.claims);
    this.#verified.set(copyOf(this.#nameOf(text)), verified);
    return verified;
  }
}

/** A copy in memory of its own: a slice keeps the whole text that it was taken from. */
function copyOf(text: string): string {
  return new TextDecoder().decode(new TextEncoder().encode(text));
}
