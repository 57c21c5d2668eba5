import { expect, test } from "vitest";
import { grantsOf, namesOf, NOTHING } from "../../../src/core/scim/roles.ts";
import { judge, type Candidate } from "../../../src/core/scim/standing.ts";

const CLAIMS = { claimed: grantsOf(["v1:developer"]), claimsAt: 100, claimsVoidBefore: 0 };

function candidate(changes: Partial<Candidate> = {}): Candidate {
  return {
    id: "a",
    externalId: null,
    active: true,
    deleted: false,
    rule: null,
    bound: false,
    former: false,
    claimsVoidBefore: 0,
    grants: NOTHING,
    withdrawn: NOTHING,
    ...changes,
  };
}

const inactive = (changes: Partial<Candidate>) =>
  candidate({ active: false, claimsVoidBefore: 50, ...changes });
const deleted = (changes: Partial<Candidate>) => inactive({ deleted: true, ...changes });

test.each<[name: string, candidates: Candidate[], active: boolean]>([
  ["nobody of SCIM", [], true],
  ["an active user", [candidate({ rule: "emails" })], true],
  ["an inactive user", [inactive({ rule: "emails" })], false],
  ["a deleted user", [deleted({ rule: "userName" })], false],
  [
    "a user who was deleted and created again",
    [deleted({ rule: "subject" }), candidate({ id: "b", rule: "subject" })],
    true,
  ],
  [
    "a closer user who is active",
    [candidate({ rule: "externalId" }), inactive({ id: "b", rule: "userName" })],
    true,
  ],
  [
    "a closer user who is inactive",
    [inactive({ rule: "externalId" }), candidate({ id: "b", rule: "userName" })],
    false,
  ],
  [
    "two users by one rule of whom one is inactive",
    [candidate({ rule: "emails" }), inactive({ id: "b", rule: "emails" })],
    false,
  ],
  ["a user that they were, inactive since", [inactive({ bound: true })], false],
  ["a user that they were, active", [candidate({ bound: true })], true],
  ["a user that they were, deleted since", [deleted({ bound: true })], false],
  [
    "another's address, and an inactive user that they were",
    [candidate({ rule: "emails" }), inactive({ id: "b", bound: true })],
    false,
  ],
  [
    "their own subject, and an inactive user that they were",
    [candidate({ rule: "subject" }), inactive({ id: "b", bound: true })],
    true,
  ],
  ["a former name of an inactive user", [inactive({ former: true })], false],
  ["a former name of an active user", [candidate({ former: true })], true],
  [
    "a deleted user, and a former name of an active one",
    [deleted({ rule: "userName" }), candidate({ id: "b", former: true })],
    false,
  ],
  [
    "a user that they were, deleted since, and a former name of an active one",
    [deleted({ bound: true }), candidate({ id: "b", former: true })],
    false,
  ],
  [
    "a user that they were, deleted since, and an active one that they were",
    [deleted({ bound: true }), candidate({ id: "b", bound: true })],
    true,
  ],
  [
    "a deleted user who still fits, and an active one that they were",
    [deleted({ rule: "externalId", bound: true }), candidate({ id: "b", bound: true })],
    false,
  ],
  [
    "an address, and a former address of an inactive user",
    [candidate({ rule: "emails" }), inactive({ id: "b", former: true })],
    true,
  ],
  [
    "a deleted user of their subject, and another account with their address",
    [
      deleted({ rule: "externalId", externalId: "s", bound: true }),
      candidate({ id: "b", externalId: "t", rule: "userName", bound: true }),
    ],
    false,
  ],
  [
    "a deleted user of their subject, and one with their address of whom nothing else is known",
    [deleted({ rule: "externalId", externalId: "s" }), candidate({ id: "b", rule: "emails" })],
    false,
  ],
  [
    "a deleted user who has their subject for a name, and one with their address",
    [deleted({ rule: "subject" }), candidate({ id: "b", externalId: "t", rule: "emails" })],
    false,
  ],
  [
    "a deleted user who has their subject for a name, and the same account with their address",
    [deleted({ rule: "subject", externalId: "e" }), candidate({ id: "b", externalId: "e", rule: "emails" })],
    true,
  ],
  [
    "a deleted double of their subject, and the one with their address that they were before",
    [deleted({ rule: "externalId", externalId: "s" }), candidate({ id: "b", rule: "emails", bound: true })],
    true,
  ],
  [
    "a deleted user with their address, and another account with it",
    [
      deleted({ rule: "userName", externalId: "s" }),
      candidate({ id: "b", externalId: "t", rule: "userName" }),
    ],
    true,
  ],
  [
    "a deleted user of their subject, and another account that has their subject for a name",
    [
      deleted({ rule: "externalId", externalId: "s" }),
      candidate({ id: "b", externalId: "t", rule: "subject" }),
    ],
    true,
  ],
])("whom SCIM knows as %s", (_, candidates, active) => {
  expect(judge(CLAIMS, candidates).active).toBe(active);
});

test.each<[name: string, candidates: Candidate[], roles: string[]]>([
  ["the token alone", [], ["v1:developer"]],
  [
    "the token and SCIM",
    [candidate({ rule: "subject", grants: grantsOf(["admin"]) })],
    ["admin", "v1:developer"],
  ],
  ["a token of before a deactivation", [candidate({ rule: "subject", claimsVoidBefore: 100 })], []],
  [
    "a token of before a role was taken",
    [
      candidate({ rule: "subject" }),
      candidate({ id: "b", bound: true, withdrawn: grantsOf(["v1:developer"]) }),
    ],
    [],
  ],
  [
    "two users by one rule",
    [
      candidate({ rule: "emails", grants: grantsOf(["admin", "v2:developer"]) }),
      candidate({ id: "b", rule: "emails", grants: grantsOf(["v2:developer"]) }),
    ],
    ["v1:developer", "v2:developer"],
  ],
  [
    "a user that they were before, who does not fit any more",
    [candidate({ bound: true, grants: grantsOf(["admin"]) })],
    ["v1:developer"],
  ],
  [
    "somebody's address, by a token of before they themselves were deleted",
    [
      candidate({ rule: "userName", grants: grantsOf(["admin"]) }),
      deleted({ id: "b", former: true, claimsVoidBefore: 100 }),
    ],
    [],
  ],
])("roles by %s", (_, candidates, roles) => {
  const { claimed, granted } = judge(CLAIMS, candidates);
  expect([...namesOf(granted), ...namesOf(claimed)].toSorted()).toEqual(roles);
});

test.each<[name: string, candidates: Candidate[], recorded: string[]]>([
  ["nobody", [], []],
  ["the user that they match", [candidate({ rule: "subject" }), candidate({ id: "b", bound: true })], ["a"]],
  ["the user that they were, of another name since", [candidate({ bound: true })], ["a"]],
  ["nobody who only had their name", [candidate({ former: true })], []],
  ["a deleted user", [deleted({ bound: true })], ["a"]],
  [
    "their deleted user, and not the next owner of their address whom they were taken for",
    [
      deleted({ rule: "externalId", externalId: "ann", bound: true }),
      candidate({ id: "b", rule: "userName", externalId: "other", bound: true }),
    ],
    ["a"],
  ],
])("somebody is on record as %s", (_, candidates, recorded) => {
  expect(judge(CLAIMS, candidates).recorded).toEqual(recorded);
});
