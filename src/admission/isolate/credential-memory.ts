import { BoundedCache } from "../../core/bounded-cache.ts";
import { hashKey, idOfHash, sameHash } from "../../core/key/key-secret.ts";
import { drawDigestKey, siphash, type Digest, type DigestKey } from "./siphash.ts";

const MAX_REMEMBERED = 20_000;

interface Verified {
  /** SipHash-2-4 of the key string under this isolate's own random key. */
  readonly digest: Digest;
  /** The SHA-256 that it was found to have. */
  readonly hash: Uint8Array;
}

/**
 * Remembers for key ids that a key string was verified, so that SHA-256 is not computed for each request. What is kept is
 * a digest under a random key that never leaves the isolate (SipHash is a pseudo-random function: nobody who does not
 * know the key can find another string with the same digest), never the string.
 */
export class CredentialMemory {
  readonly #verified = new BoundedCache<Verified>(MAX_REMEMBERED);
  /** The ids of imported keys that were verified, by the digests of their strings. */
  readonly #importedIds = new BoundedCache<string>(MAX_REMEMBERED);
  #secret: DigestKey | null = null;

  /** Whether `hash` is the SHA-256 of the key string. */
  verifies(keyId: string, key: string, hash: Uint8Array): boolean {
    const digest = siphash(this.#secretKey(), key);
    const known = this.#verified.get(keyId);
    if (known !== undefined && known.digest.high === digest.high && known.digest.low === digest.low) {
      return known.hash === hash || sameHash(known.hash, hash);
    }
    const presented = hashKey(key);
    if (!sameHash(presented, hash)) return false;
    this.#verified.set(keyId, { digest, hash });
    return true;
  }

  /** The id of an imported key. It follows from the string's SHA-256, which is computed until the key was verified. */
  importedKeyId(key: string): string {
    const { high, low } = siphash(this.#secretKey(), key);
    const name = `${high} ${low}`;
    const remembered = this.#importedIds.get(name);
    if (remembered !== undefined) return remembered;
    const keyId = idOfHash(hashKey(key));
    const known = this.#verified.get(keyId);
    if (known !== undefined && known.digest.high === high && known.digest.low === low) {
      this.#importedIds.set(name, keyId);
    }
    return keyId;
  }

  /** Drawn late: Workers have no randomness before their first request. */
  #secretKey(): DigestKey {
    return (this.#secret ??= drawDigestKey());
  }
}
