import { within } from "../core/concurrency.ts";
import { readKeyRecord, type KeyRecord } from "../core/key-record.ts";
import { compileKey, type CompiledKey } from "./compiled-key.ts";

/** A copy that takes longer than this is not worth waiting for. */
const READ_TIMEOUT_MS = 500;

/** Copies of key records in KV: a first guess that spares a distant call. They vouch for nothing. */
export class KeyRecordCache {
  readonly #kv: KVNamespace;

  constructor(kv: KVNamespace) {
    this.#kv = kv;
  }

  /** The copy, or `null` when there is none, when it is no record to decide by, or when KV does not answer. */
  async get(keyId: string): Promise<CompiledKey | null> {
    try {
      const record = readKeyRecord(await within(READ_TIMEOUT_MS, this.#kv.get(keyId, "json")), keyId);
      return record && compileKey(record);
    } catch {
      return null;
    }
  }

  async put(record: KeyRecord): Promise<void> {
    await this.#kv.put(record.id, JSON.stringify(record));
  }
}
