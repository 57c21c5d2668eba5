import { expect, test } from "vitest";
import { memberClaims, refusalOf } from "../support/control.ts";
import { scimClient } from "../support/scim.ts";
import { useControl } from "../support/started.ts";

const control = await useControl();

const PATH = "/-/ops/revocations";
const REVOCATION = { targets: [{ keyId: "key_000000000000" }], reason: "Leaked" };

test.each([
  ["deactivated", "known", "PATCH"],
  ["deactivated", "not seen before", "PATCH"],
  ["deleted", "known", "DELETE"],
  ["deleted", "not seen before", "DELETE"],
])("an operator who is %s, and was %s, is none any more", async (_, seen, method) => {
  const organization = await control.newOrganization();
  const client = await scimClient(control, organization);
  const claims = { sub: "olga", org_id: organization.id, email: "olga@example.com", scope: "portcullis:ops" };
  const olga = control.person(memberClaims(claims));
  const id = await client.create("/Users", { userName: "olga@example.com" });
  if (seen === "known") expect((await olga.call("GET", "/-/organization")).status).toBe(200);
  expect((await olga.call("POST", PATH, REVOCATION)).status).toBe(200);

  const Operations = [{ op: "replace", value: { active: false } }];
  const schemas = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"];
  await client.call(method, `/Users/${id}`, method === "PATCH" ? { schemas, Operations } : undefined);
  expect(await refusalOf(await olga.call("POST", PATH, REVOCATION))).toEqual([403, "role_required"]);
  expect(await refusalOf(await olga.call("GET", PATH))).toEqual([403, "role_required"]);
});

test("an operator of an organisation that nobody knows is in good standing", async () => {
  const olga = control.person(memberClaims({ sub: "olga", org_id: "org_unseen", scope: "portcullis:ops" }));
  expect((await olga.call("POST", PATH, REVOCATION)).status).toBe(200);
});
