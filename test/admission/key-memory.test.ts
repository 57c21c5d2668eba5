import { expect, test } from "vitest";
import { KeyMemory } from "../../src/admission/isolate/key-memory.ts";
import type { Answer } from "../../src/admission/protocol.ts";
import { keyOf } from "../../src/admission/rules/held.ts";
import { compileKey, type CompiledKey } from "../../src/core/access/compiled-key.ts";
import { makeRecord } from "../support/records.ts";

const BOUND_BYTES = 32 * 1024 * 1024;
const GROUPS = 40;
const GROUP_KEYS = 64;
const ANSWER: Answer<CompiledKey> = { revision: 1, leaseMs: 0, changed: {}, keys: {}, ahead: false };

/** Has an isolate hold groups of keys of one record, one after the other. */
function hold(memory: KeyMemory, groups: number, held: CompiledKey, after: () => void = () => {}): void {
  for (let i = 0; i < groups; i++) {
    const name = `Group${i}`;
    const group = memory.group(name);
    const ids = Array.from({ length: GROUP_KEYS }, (_, n) => `key_${i}_${n}`);
    for (const id of ids) keyOf(group, id).held = held;
    const answered = ids.map((id) => [id, { record: held, units: 0, window: null }] as const);
    memory.measure(group, { ...ANSWER, keys: Object.fromEntries(answered) });
    after();
  }
}

test("groups of the largest keys are held within the bound of bytes, the latest among them", () => {
  const memory = new KeyMemory();
  const vaults = Array.from({ length: 100 }, (_, i) => `vault_${String(i).padStart(120, "x")}`);
  const held = compileKey(makeRecord({ vaults, ownerVaults: vaults }).record);
  hold(memory, GROUPS, held, () => expect(memory.bytes).toBeLessThanOrEqual(BOUND_BYTES));
  const names = [...memory.isolate.groups.keys()];
  expect(names.length).toBeLessThan(GROUPS);
  expect(names.at(-1)).toBe(`Group${GROUPS - 1}`);
  // What is held is worth the bound: one group more would not have gone in.
  expect(memory.bytes + memory.bytes / names.length).toBeGreaterThan(BOUND_BYTES);
});

test("ten thousand keys of a usual record are all held", () => {
  const memory = new KeyMemory();
  const groups = Math.ceil(10_000 / GROUP_KEYS);
  const rateLimit = { requests: 1_000_000_000, windowSeconds: 3600 };
  const scopes = [{ action: "read", resource: "vault" }] as const;
  hold(memory, groups, compileKey(makeRecord({ scopes, vaults: "*", ownerVaults: "*", rateLimit }).record));
  expect(memory.isolate.groups.size).toBe(groups);
});
