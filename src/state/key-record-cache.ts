import { readKeyRecord, type KeyRecord } from "../core/key-record.ts";

/** Copies of key records in KV: a first guess that spares a distant call. They vouch for nothing. */
export class KeyRecordCache {
  readonly #kv: KVNamespace;

  constructor(kv: KVNamespace) {
    this.#kv = kv;
  }

  /** The copy, or `null` when there is none, when it is not a key record, or when KV does not answer. */
  async get(keyId: string): Promise<KeyRecord | null> {
    try {
      return readKeyRecord(await this.#kv.get(keyId, "json"), keyId);
    } catch {
      return null;
    }
  }

  async put(record: KeyRecord): Promise<void> {
    await this.#kv.put(record.id, JSON.stringify(record));
  }
}
