import { describe, expect, test } from "vitest";
import { widensKey, widensUser, type KeySettings } from "../../../src/core/access/widening.ts";
import { parseScope, type Scope } from "../../../src/core/policy/scope.ts";

const STANDARD = { requests: 100, windowSeconds: 60 };
const scope = (text: string) => parseScope(text) as Scope;

const BEFORE: KeySettings = {
  scopes: [scope("vault:read")],
  vaults: ["vault_1", "vault_2"],
  allowedIps: ["10.0.0.0/8"],
  expiresAt: 1000,
  disabled: false,
  rateLimit: null,
};

describe("an edit of a key", () => {
  const cases: readonly (readonly [string, Partial<KeySettings>, Partial<KeySettings>, boolean])[] = [
    ["that changes nothing", {}, {}, false],
    ["that enables it", { disabled: true }, { disabled: false }, true],
    ["that leaves it disabled", { disabled: true }, { disabled: true }, false],
    ["that disables it", {}, { disabled: true }, false],
    ["of a later expiry", {}, { expiresAt: 1001 }, true],
    ["of an earlier expiry", {}, { expiresAt: 999 }, false],
    ["that takes the expiry away", {}, { expiresAt: null }, true],
    ["that leaves it without an expiry", { expiresAt: null }, { expiresAt: null }, false],
    ["that sets the first expiry", { expiresAt: null }, { expiresAt: 1 }, false],
    ["of a scope more", {}, { scopes: [scope("vault:read"), scope("network:read")] }, true],
    ["of another action", {}, { scopes: [scope("vault:write")] }, true],
    ["of a narrower scope", {}, { scopes: [scope("vault/vault_1:read")] }, false],
    ["of no scopes", {}, { scopes: [] }, false],
    ["of a vault more", {}, { vaults: ["vault_1", "vault_2", "vault_3"] }, true],
    ["to every vault", {}, { vaults: "*" }, true],
    ["of fewer vaults", {}, { vaults: ["vault_2"] }, false],
    ["of an address more", {}, { allowedIps: ["10.0.0.0/8", "11.0.0.1"] }, true],
    ["that lifts the allowlist", {}, { allowedIps: [] }, true],
    ["of fewer addresses", {}, { allowedIps: ["10.1.0.0/16"] }, false],
    ["of more requests", {}, { rateLimit: { requests: 101, windowSeconds: 60 } }, true],
    ["of a shorter window", {}, { rateLimit: { requests: 100, windowSeconds: 59 } }, true],
    ["of fewer requests in a shorter window", {}, { rateLimit: { requests: 1, windowSeconds: 59 } }, true],
    ["of the same limit, said", {}, { rateLimit: STANDARD }, false],
    ["of fewer requests", {}, { rateLimit: { requests: 99, windowSeconds: 60 } }, false],
    ["of a longer window", {}, { rateLimit: { requests: 100, windowSeconds: 61 } }, false],
    [
      "back to a larger standard limit",
      { rateLimit: { requests: 50, windowSeconds: 60 } },
      { rateLimit: null },
      true,
    ],
  ];
  test.each(cases)("%s: %o to %o widens it: %s", (_, before, after, widens) => {
    expect(widensKey({ ...BEFORE, ...before }, { ...BEFORE, ...after }, STANDARD)).toBe(widens);
  });
});

describe("a change of a service user", () => {
  const on = (...vaults: string[]) => Object.fromEntries(vaults.map((vault) => [vault, ["developer"]]));
  test.each([
    [on("vault_1"), on("vault_1"), false],
    [on("vault_1"), on("vault_1", "vault_2"), true],
    [on("vault_1", "vault_2"), on("vault_2"), false],
    [on("*"), on("vault_1"), false],
    [on("vault_1"), on("*"), true],
    [on(), on("vault_1"), true],
    [on("vault_1"), on(), false],
    [on("vault_1"), { vault_1: ["developer", "viewer"] }, true],
    [on("vault_1"), on("constructor"), true],
    [on("toString"), on("toString"), false],
  ])("from the roles %o to %o widens it: %s", (before, after, widens) => {
    expect(widensUser({ vaultRoles: before, active: true }, { vaultRoles: after, active: true })).toBe(
      widens,
    );
  });

  test.each([
    [true, true, false],
    [true, false, false],
    [false, true, true],
    [false, false, false],
  ])("from active %s to %s widens it: %s", (before, after, widens) => {
    const vaultRoles = on("vault_1");
    expect(widensUser({ vaultRoles, active: before }, { vaultRoles, active: after })).toBe(widens);
  });
});
