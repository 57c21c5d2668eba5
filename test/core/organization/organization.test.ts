import { expect, test } from "vitest";
import { developerVaults } from "../../../src/core/organization/organization.ts";

test.each<[string, Record<string, string[]>, "*" | string[]]>([
  ["vaults with the role", { vault_1: ["developer"], vault_2: ["viewer"] }, ["vault_1"]],
  ["every vault, whatever else is named", { vault_1: ["developer"], "*": ["developer"] }, "*"],
  ["nothing for another role on every vault", { "*": ["viewer"] }, []],
  ["nothing for a name that is empty", { "": ["developer"] }, []],
  ["nothing for a name that no vault can have", { "a/b": ["developer"], "**": ["developer"] }, []],
])("a developer has %s", (_, vaultRoles, expected) => {
  expect(developerVaults(vaultRoles)).toEqual(expected);
});
