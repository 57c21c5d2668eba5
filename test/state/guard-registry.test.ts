import { expect, test } from "vitest";
import { registeredOrganizations } from "../../src/state/guard-registry.ts";

/** KV that has one guard, and refuses every cursor or everything. */
function registry(refuses: "cursors" | "everything"): KVNamespace {
  const list = (options: KVNamespaceListOptions) =>
    refuses === "everything" || options.cursor !== undefined
      ? Promise.reject(new Error("KV refuses"))
      : Promise.resolve({ keys: [{ name: "guard:org_a:abcde" }], list_complete: true });
  return { list } as unknown as KVNamespace;
}

test("a cursor that KV refuses is told from KV that does not answer", async () => {
  expect(await registeredOrganizations(registry("cursors"), "", 10)).toEqual({
    ids: ["org_a"],
    cursor: null,
  });
  expect(await registeredOrganizations(registry("cursors"), "made up", 10)).toBeNull();
  for (const cursor of ["", "made up"]) {
    await expect(registeredOrganizations(registry("everything"), cursor, 10)).rejects.toThrow("KV refuses");
  }
});
