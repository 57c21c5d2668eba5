import { expect, test } from "vitest";
import { AUDIT_EVENTS, eventOf, operationsOf } from "../../../src/core/organization/audit-event.ts";
import { sumImpacts, type Impact } from "../../../src/core/access/impact.ts";

test.each([
  ["revokeApiKey", "api_key.revoked"],
  ["createServiceUser", "service_user.created"],
  ["api_key.revoked", "api_key.revoked"],
  ["actOnApiKeys", "api_key.several_changed"],
  ["eraseOrganization", "organization.erased"],
  ["somethingElse", "somethingElse"],
  ["constructor", "constructor"],
])("an attempt at %s is called %s", (action, event) => {
  expect(eventOf(action)).toBe(event);
});

test("events keep the names that they are on record by", () => {
  expect(AUDIT_EVENTS.join(" ")).toBe(
    "api_key.created api_key.imported api_key.import_undone api_key.updated api_key.rotated api_key.rotation_undone " +
      "api_key.revoked api_key.several_changed api_key.leaked api_key.reconciled access_token.revoked " +
      "person.keys_revoked user.roles_changed user.deactivated user.reactivated service_user.created " +
      "service_user.updated service_user.deleted scim_user.created scim_user.updated scim_user.deleted " +
      "scim_group.created scim_group.updated scim_group.deleted scim_token.created signing_key.rotated " +
      "assertion_key.rotated organization.bootstrapped organization.erased webhook.created webhook.updated " +
      "webhook.disabled webhook.deleted webhook.secret_rotated webhook.tested webhook.resent",
  );
});

test("every operation's event is one that is put on record", () => {
  const events = operationsOf("").map(eventOf);
  expect(events.filter((event) => !AUDIT_EVENTS.some((known) => known === event))).toEqual([]);
});

test("attempts are found by how the event begins", () => {
  expect(operationsOf("service_user.")).toEqual([
    "createServiceUser",
    "updateServiceUser",
    "deleteServiceUser",
  ]);
  expect(operationsOf("api_key.revoked")).toEqual(["revokeApiKey", "revokeInEmergency"]);
  expect(operationsOf("nothing")).toEqual([]);
});

test("what several edits would refuse is told together, the most frequent first", () => {
  const one: Impact = {
    calls: 10,
    wouldRefuse: 3,
    refusedAlready: 0,
    wouldSeeLess: 1,
    unknown: 0,
    byReason: [{ reason: "vault", calls: 3 }],
    examples: [{ operation: "getVault", resource: "vault/a", address: "203.0.113.7", calls: 3 }],
  };
  const two: Impact = {
    calls: 5,
    wouldRefuse: 5,
    refusedAlready: 0,
    wouldSeeLess: 0,
    unknown: 2,
    byReason: [
      { reason: "scope", calls: 4 },
      { reason: "vault", calls: 1 },
    ],
    examples: [{ operation: "listVaults", resource: null, address: "", calls: 5 }],
  };
  expect(sumImpacts([one, two])).toEqual({
    calls: 15,
    wouldRefuse: 8,
    refusedAlready: 0,
    wouldSeeLess: 1,
    unknown: 2,
    byReason: [
      { reason: "scope", calls: 4 },
      { reason: "vault", calls: 4 },
    ],
    examples: [...two.examples, ...one.examples],
  });
  expect(sumImpacts([])).toMatchObject({ calls: 0, byReason: [], examples: [] });
});
