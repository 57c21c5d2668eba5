import { expect, test } from "vitest";
import { importRefused } from "../../../src/core/organization/key-import.ts";
import { KEY_SORTS } from "../../../src/core/organization/managed-key.ts";
import {
  MAX_TARGETS,
  REVOCATION_STATUSES,
  withoutReceipt,
} from "../../../src/core/organization/revocation.ts";

test("what clients and records hold keeps its name", () => {
  expect(REVOCATION_STATUSES).toEqual(["revoked", "unconfirmed", "not_found", "would_revoke"]);
  expect(KEY_SORTS).toEqual(["name", "createdAt", "lastUsedAt", "expiresAt"]);
});

test("an operator names up to 10,000 targets at once", () => {
  expect(MAX_TARGETS).toBe(10_000);
});

test("a cut without a receipt claims no moment from which it is in force", () => {
  const nothing = { effectiveAt: null, version: null };
  expect(withoutReceipt(3, "key_a", "unconfirmed", 7)).toEqual({
    target: 3,
    keyId: "key_a",
    status: "unconfirmed",
    requestedAt: 7,
    ...nothing,
  });
  expect(withoutReceipt(0, null, "not_found")).toEqual({
    target: 0,
    keyId: null,
    status: "not_found",
    requestedAt: null,
    ...nothing,
  });
});

test("a line of an import that is refused says why, and which key it was about, if any", () => {
  const error = "unknown owner";
  expect(importRefused(error)).toEqual({ status: "refused", keyId: null, error });
  expect(importRefused(error, "key_a")).toEqual({ status: "refused", keyId: "key_a", error });
});
