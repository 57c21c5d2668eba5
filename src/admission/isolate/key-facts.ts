import { BoundedCache } from "../../core/bounded-cache.ts";
import { within } from "../../core/concurrency.ts";
import { compileKey, type CompiledKey } from "../../core/access/compiled-key.ts";
import { readKeyRecord, type KeyRecord } from "../../core/key/key-record.ts";
import { readHash } from "../../core/key/key-secret.ts";

/** A copy that takes longer than this is not worth waiting for. */
const READ_TIMEOUT_MS = 500;
const MAX_FACTS = 20_000;

/** What never changes again: the hash behind a key id, and that a key is revoked. A refusal may rest on it alone. */
export interface KeyFact {
  /** SHA-256 of the whole key string. */
  readonly hash: Uint8Array;
  readonly orgId: string;
  readonly isRevoked: boolean;
}

/** Facts about keys as guards have told them, and the copies of records in KV for when a guard cannot be asked. */
export class KeyFacts {
  readonly #kv: KVNamespace;
  readonly #facts = new BoundedCache<KeyFact>(MAX_FACTS);

  constructor(kv: KVNamespace) {
    this.#kv = kv;
  }

  peek(keyId: string): KeyFact | undefined {
    return this.#facts.get(keyId);
  }

  /** Remembers what a guard has told of a key. */
  note(record: KeyRecord): KeyFact {
    const known = this.#facts.get(record.id);
    const isRevoked = record.revokedAt !== null;
    if (known !== undefined && (known.isRevoked || !isRevoked)) return known;
    const fact = { hash: readHash(record.hash), orgId: record.orgId, isRevoked };
    this.#facts.set(record.id, fact);
    return fact;
  }

  /** The copy that KV has of a key; `null` when it has none that can be read, or does not answer. */
  async copyOf(keyId: string): Promise<CompiledKey | null> {
    try {
      const record = readKeyRecord(await within(READ_TIMEOUT_MS, this.#kv.get(keyId, "json")), keyId);
      return record && compileKey(record);
    } catch {
      return null;
    }
  }
}
