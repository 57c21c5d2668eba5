import { expect, test } from "vitest";
import { compileCaller } from "../../../src/core/access/caller.ts";
import { parseScope, type Scope } from "../../../src/core/policy/scope.ts";
import { makeRecord } from "../../support/records.ts";

const scope = (text: string) => parseScope(text) as Scope;
const { record } = makeRecord({
  id: "key_1",
  scopes: [scope("vault:read")],
  vaults: ["vault_1", "vault_2"],
  ownerVaults: ["vault_2", "vault_3"],
});

test.each([
  ["a key: what it and its owner may use", null, "vault:read", ["vault_2"]],
  [
    "a token of it: what is left of that",
    { scopes: [scope("vault/#/balance:*")], vaults: ["vault_3"] },
    "vault/#/balance:read",
    [],
  ],
])("the origin hears of %s", (_, narrowing, scopes, vaults) => {
  const caller = compileCaller(record, narrowing);
  expect(caller.access.effectiveVaults).toEqual(vaults);
  expect(Object.fromEntries(caller.identityHeaders)).toMatchObject({
    "X-Portcullis-Key-Id": "key_1",
    "X-Portcullis-Scopes": scopes,
    "X-Portcullis-Vaults": vaults.join(" "),
  });
  expect(caller.identityClaims).toEqual({
    sub: "key_1",
    org_id: record.orgId,
    owner_id: record.ownerId,
    scope: scopes,
    vaults,
  });
  expect([...caller.assertions]).toEqual([]);
});
