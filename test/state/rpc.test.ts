import { expect, test } from "vitest";
import { KeyGuard } from "../../src/admission/guard/key-guard.ts";
import { Deployment } from "../../src/state/deployment/deployment.ts";
import { Organization } from "../../src/state/organization/organization.ts";

/**
 * What Workers and objects of another version may call, each with the number of parameters that it cannot do without.
 * While a version is deployed, the one before calls these, too. A method may be added, and be given a parameter with a
 * default, once the callers do without it for one version; one is taken away or changed only after no version calls it.
 */
const DECIDED = {
  KeyGuard: [
    "alarm/0",
    "ask/1",
    "cut/1",
    "deliverUsage/0",
    "erase/1",
    "list/0",
    "look/1",
    "put/2",
    "revokeToken/2",
    "takeTokenIssue/1",
  ],
  Deployment: [
    "alarm/0",
    "assertionKey/0",
    "beginErasure/2",
    "claimConsoleSessionRenewal/1",
    "cookieKeys/0",
    "cutKeys/2",
    "endConsoleSession/1",
    "erasureReceipts/3",
    "findErasure/1",
    "finishErasure/1",
    "forgetPeople/2",
    "inspectKeys/1",
    "isConsoleSessionEnded/1",
    "keepTelling/1",
    "listRevocations/1",
    "locateKeys/2",
    "noteErased/2",
    "openRevocation/3",
    "publicKeys/0",
    "readConsoleSession/1",
    "rotateAssertionKey/0",
    "saveConsoleSession/1",
    "tellOfCuts/1",
  ],
  Organization: [
    "actOnKeys/2",
    "alarm/0",
    "bootstrap/1",
    "changeProblems/3",
    "close/1",
    "countKeys/2",
    "createKey/2",
    "createServiceUser/3",
    "deleteServiceUser/2",
    "deleteWebhook/1",
    "describe/1",
    "describeCredentials/1",
    "describeKey/2",
    "draftProblems/2",
    "erase/0",
    "eraseAtGuards/2",
    "exportPage/3",
    "findKeyByHash/2",
    "getKey/2",
    "getPerson/2",
    "getServiceUser/2",
    "getWebhook/1",
    "guardNames/1",
    "hasRecord/1",
    "importKeys/2",
    "isActive/2",
    "knowsScimToken/1",
    "listAuditEvents/2",
    "listKeyIds/3",
    "listKeys/2",
    "listPeople/3",
    "listServiceUsers/3",
    "listVaultIds/3",
    "listWebhookDeliveries/3",
    "me/1",
    "noteAssertionKeyRotated/2",
    "noteCuts/2",
    "noteErasure/2",
    "noteRefusal/4",
    "noteTokenRevoked/1",
    "ownedKeys/2",
    "peopleIds/0",
    "previewServiceUser/4",
    "previewUpdate/4",
    "publicKeys/0",
    "putWebhook/2",
    "reconcile/4",
    "recordGroupUsage/1",
    "recordUsage/2",
    "resendWebhookDelivery/2",
    "revokeKey/3",
    "revokePersonKeys/3",
    "rotateKey/3",
    "rotateSigningKey/1",
    "rotateWebhookSecret/1",
    "scim/3",
    "setScimToken/2",
    "signToken/1",
    "testWebhook/1",
    "updateKey/4",
    "updateServiceUser/3",
    "usageOfAll/2",
    "usageOfKey/3",
  ],
};
const OBJECTS = { KeyGuard, Deployment, Organization };

function methodsOf({ prototype }: { readonly prototype: object }): string[] {
  return Object.entries(Object.getOwnPropertyDescriptors(prototype))
    .filter(([name, { value }]) => name !== "constructor" && typeof value === "function")
    .map(([name, { value }]) => `${name}/${(value as { readonly length: number }).length}`)
    .toSorted();
}

test.each(["KeyGuard", "Deployment", "Organization"] as const)(
  "a method that %s offers is added, changed or taken away by decision",
  (name) => {
    expect(methodsOf(OBJECTS[name])).toEqual(DECIDED[name]);
  },
);
