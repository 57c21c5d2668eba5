import type { KeyGuards } from "../../admission/key-guards.ts";
import { compileKey, type CompiledKey } from "../../core/access/compiled-key.ts";
import { OBJECT_TIMEOUT_MS, within } from "../../core/concurrency.ts";

/** A key as its guard knows it now; `null` when there is none. Rejects when the guard cannot be asked. */
export async function currentKey(guards: KeyGuards, keyId: string): Promise<CompiledKey | null> {
  const stored = await within(OBJECT_TIMEOUT_MS, guards.look({ keyId }));
  return stored && compileKey(stored.record, stored.denials);
}
