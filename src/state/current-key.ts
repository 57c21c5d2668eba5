import { OBJECT_TIMEOUT_MS, within } from "../core/concurrency.ts";
import type { Env } from "../env.ts";
import { compileKey, type CompiledKey } from "./compiled-key.ts";

const ASK_NOTHING = { have: 0, returned: null, usage: null };

/** A key as its guard knows it now; `null` when there is none. Rejects when the guard cannot be asked. */
export async function currentKey(guards: Env["KEY_GUARD"], keyId: string): Promise<CompiledKey | null> {
  const { record, denials } = await within(OBJECT_TIMEOUT_MS, guards.getByName(keyId).describe(ASK_NOTHING));
  return record && compileKey(record, denials);
}
