import { describe, expect, test } from "vitest";
import { commonRanges } from "../../../src/core/key/ip-allowlist.ts";
import { commonSettings, differingFields } from "../../../src/core/key/key-differences.ts";
import type { KeyRecord } from "../../../src/core/key/key-record.ts";
import { makeRecord } from "../../support/records.ts";

const STANDARD = { requests: 1000, windowSeconds: 60 };
const LIMIT = { requests: 5, windowSeconds: 10 };
const BASE = makeRecord({ vaults: ["a", "b"], allowedIps: ["192.0.2.0/24"], expiresAt: 2000 }).record;

test.each<[string, Partial<KeyRecord>, Partial<KeyRecord>, object]>([
  ["vaults of both", {}, { vaults: ["b", "c"] }, { vaults: ["b"] }],
  ["every vault and some", { vaults: "*" }, { vaults: ["b"] }, { vaults: ["b"] }],
  ["vaults that the owner has lost", { vaults: "*" }, { vaults: "*", ownerVaults: ["a"] }, { vaults: ["a"] }],
  ["an owner who has gained vaults", { vaults: "*", ownerVaults: ["a"] }, { vaults: "*" }, { vaults: "*" }],
  ["addresses of both", {}, { allowedIps: ["192.0.2.7", "2001:db8::/32"] }, { allowedIps: ["192.0.2.7"] }],
  ["no restriction and one", { allowedIps: [] }, { allowedIps: ["::1"] }, { allowedIps: ["::1"] }],
  ["no address in both", {}, { allowedIps: ["198.51.100.1"] }, { disabled: true }],
  ["the earlier expiry", {}, { expiresAt: 1000 }, { expiresAt: 1000 }],
  ["an expiry and none", { expiresAt: null }, { expiresAt: 1000 }, { expiresAt: 1000 }],
  ["the earlier retirement", {}, { retiresAt: 5 }, { retiresAt: 5 }],
  ["disabled on one side", {}, { disabled: true }, { disabled: true }],
  [
    "the smaller limit",
    {},
    { rateLimit: { requests: 5, windowSeconds: 10 } },
    { rateLimit: { requests: 5, windowSeconds: 60 } },
  ],
  ["the limit of both", {}, {}, { rateLimit: null }],
  ["the one limit of both", { rateLimit: LIMIT }, { rateLimit: { ...LIMIT } }, { rateLimit: LIMIT }],
  [
    "scopes of both",
    { scopes: [{ action: "*", resource: "vault" }] },
    { scopes: [{ action: "read", resource: "vault/a" }] },
    { scopes: [{ action: "read", resource: "vault/a" }] },
  ],
])("what two records allow is what both allow: %s", (_, ours, theirs, expected) => {
  const [a, b] = [
    { ...BASE, ...ours },
    { ...BASE, ...theirs },
  ];
  expect(commonSettings(a, b, STANDARD)).toMatchObject(expected);
});

test("what a change names is as the change says, and nothing else", () => {
  const theirs = { ...BASE, disabled: true, vaults: ["a"] };
  expect(commonSettings(BASE, theirs, STANDARD, new Set(["disabled", "name"]))).toMatchObject({
    disabled: false,
    vaults: ["a"],
  });
});

test.each([
  ["nothing", {}, []],
  ["a version", { version: 9 }, ["version"]],
  ["a revocation, whatever else", { revokedAt: 1, version: 9, disabled: true }, ["revokedAt"]],
])("records differ in %s", (_, change, fields) => {
  expect(differingFields(BASE, { ...BASE, ...change })).toEqual(fields);
});

test("dead keys do not differ", () => {
  const dead = { ...BASE, revokedAt: 1 };
  expect(differingFields(dead, { ...dead, revokedAt: 2, version: 9, vaults: [] })).toEqual([]);
});

test.each(["scopes", "vaults", "allowedIps", "rateLimit", "expiresAt", "retiresAt", "disabled"] as const)(
  "%s is as a change says that names it",
  (field) => {
    const ours = { ...BASE, rateLimit: { requests: 9, windowSeconds: 9 }, retiresAt: 9 };
    const nothing = { vaults: [], allowedIps: ["192.0.2.7"], scopes: [], disabled: true };
    const theirs = { ...BASE, ...nothing, rateLimit: null, expiresAt: 1, retiresAt: 1 };
    expect(commonSettings(ours, theirs, STANDARD, new Set([field]))[field]).toEqual(ours[field]);
  },
);

describe("ranges in common", () => {
  test.each<[string[], string[], string[] | null]>([
    [[], [], []],
    [["10.0.0.0/8"], ["10.1.0.0/16", "11.0.0.0/8"], ["10.1.0.0/16"]],
    [["10.1.2.3"], ["10.0.0.0/8"], ["10.1.2.3"]],
    [["10.0.0.0/9"], ["10.128.0.0/9"], null],
    [["10.0.0.0/8"], ["10.0.0.0/8"], ["10.0.0.0/8"]],
    [["10.0.0.1"], ["no range"], null],
    [["::/0"], ["10.0.0.0/8"], null],
    [["2001:db8::/32"], ["2001:db8:1::/48", "2001:db9::/32"], ["2001:db8:1::/48"]],
  ])("%j and %j: %j", (a, b, common) => {
    expect(commonRanges(a, b)).toEqual(common);
    expect(commonRanges(b, a)).toEqual(common);
  });

  test("an address and the range of it alone hold each other", () => {
    expect(commonRanges(["10.1.2.3"], ["10.1.2.3/32"])).toEqual(["10.1.2.3", "10.1.2.3/32"]);
  });
});
