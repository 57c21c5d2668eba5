import { describe, expect, test } from "vitest";
import { standingRefusal } from "../../../src/core/key/key-standing.ts";
import { keyStatus, readKeyRecord, rotatedKeyEnd, type KeyStatus } from "../../../src/core/key/key-record.ts";
import { makeRecord } from "../../support/records.ts";

const NOW = 1_000_000;
const { record } = makeRecord({
  rateLimit: { requests: 1, windowSeconds: 1 },
  vaults: ["vault_1"],
  expiresAt: NOW,
});

describe("the status of a key", () => {
  const PAST = NOW - 1;
  const LATER = NOW + 1;
  test.each<[KeyStatus, number | null, number | null, boolean, number | null]>([
    ["active", null, null, false, null],
    ["active", null, null, false, LATER],
    ["active", null, LATER, false, LATER],
    ["expired", null, null, false, NOW],
    ["expired", null, null, false, PAST],
    ["expired", null, LATER, false, PAST],
    ["disabled", null, null, true, null],
    ["disabled", null, null, true, PAST],
    ["disabled", null, LATER, true, PAST],
    ["revoked", NOW, null, false, null],
    ["revoked", NOW, null, true, PAST],
    ["revoked", LATER, null, false, LATER],
    ["revoked", null, NOW, false, null],
    ["revoked", null, PAST, true, PAST],
  ])(
    "is %s when revoked at %s, retiring at %s, disabled %s, expiring at %s",
    (status, revokedAt, retiresAt, disabled, expiresAt) => {
      expect(keyStatus({ revokedAt, retiresAt, disabled, expiresAt }, NOW)).toBe(status);
    },
  );
});

test.each([
  [{ revokedAt: NOW }, "api_key_revoked"],
  [{ disabled: true }, "api_key_disabled"],
  [{ expiresAt: NOW }, "api_key_expired"],
  [{ expiresAt: NOW + 1 }, undefined],
])("a key of %j is refused as %s", (change, code) => {
  expect(standingRefusal({ ...record, ...change }, NOW)?.code).toBe(code);
});

test.each([
  [null, null, null],
  [null, 5, null],
  [7, null, 7],
  [7, 5, 5],
  [7, 9, 7],
])("a key that retires at %s and expires at %s ends at %s by its rotation", (retiresAt, expiresAt, end) => {
  expect(rotatedKeyEnd({ ...record, retiresAt, expiresAt })).toBe(end);
});

describe("a record read back from JSON", () => {
  test("is what was written", () => {
    expect(readKeyRecord(JSON.parse(JSON.stringify(record)), record.id)).toEqual(record);
  });

  test("may be a service user's, of any version and limit", () => {
    const other = {
      ...record,
      ownerKind: "service" as const,
      version: 7,
      rateLimit: { requests: 1000, windowSeconds: 60 },
    };
    expect(readKeyRecord(other, record.id)).toEqual(other);
  });

  test("has nothing that was slipped in", () => {
    expect(readKeyRecord({ ...record, admin: true }, record.id)).toEqual(record);
  });

  test("is not that of another key", () => {
    expect(readKeyRecord(record, "key_000000000000")).toBeNull();
  });

  test.each([null, undefined, 1, "record", [], {}, [record]])("is not %j", (json) => {
    expect(readKeyRecord(json, record.id)).toBeNull();
  });

  test.each(Object.keys(record))("is none without its %s", (field) => {
    expect(readKeyRecord({ ...record, [field]: undefined }, record.id)).toBeNull();
  });

  test.each<[string, unknown]>([
    ["orgId", 1],
    ["ownerKind", "admin"],
    ["hash", "00"],
    ["hash", "G".repeat(64)],
    ["hash", record.hash.toUpperCase().replace(/^./, "A")],
    ["hash", `${record.hash}00`],
    ["version", 0],
    ["version", 1.5],
    ["version", "1"],
    ["scopes", "vault:read"],
    ["scopes", [{ action: "fly", resource: "vault" }]],
    ["scopes", [{ action: "read" }]],
    ["vaults", "vault_1"],
    ["vaults", [1]],
    ["ownerVaults", null],
    ["allowedIps", null],
    ["allowedIps", [1]],
    ["rateLimit", { requests: 0, windowSeconds: 60 }],
    ["rateLimit", { requests: 1 }],
    ["rateLimit", { requests: 1, windowSeconds: 0 }],
    ["rateLimit", { requests: 1, windowSeconds: 0.5 }],
    ["disabled", 0],
    ["expiresAt", "2096-01-01T00:00:00Z"],
    ["revokedAt", false],
    ["retiresAt", "never"],
  ])("is none whose %s is %j", (field, value) => {
    expect(readKeyRecord({ ...record, [field]: value }, record.id)).toBeNull();
  });
});
