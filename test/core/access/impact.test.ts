import { describe, expect, test } from "vitest";
import { compileAccess } from "../../../src/core/access/access.ts";
import { callName, OTHERS } from "../../../src/core/usage/calls.ts";
import { impactOf, sumImpacts, type Impact } from "../../../src/core/access/impact.ts";
import type { KeyRecord } from "../../../src/core/key/key-record.ts";
import { isRefusal } from "../../../src/core/refusal.ts";
import type { Scope } from "../../../src/core/policy/scope.ts";
import { makeRecord } from "../../support/records.ts";
import { compilePolicy, matchOf } from "../../support/policy.ts";

const policy = compilePolicy({
  openapi: "3.1.0",
  components: { securitySchemes: { key: {} } },
  "x-portcullis-resources": {
    vault: { segments: [{ name: "vaultId" }, { name: "view", values: ["balance", "address"] }] },
    asset: { segments: [{ name: "assetId" }] },
  },
  paths: {
    "/vaults": {
      get: {
        security: [{ key: ["vault:read"] }],
        "x-portcullis-list": { items: "data", id: "id", resource: "vault/{id}" },
      },
    },
    "/vaults/{vaultId}": {
      get: { security: [{ key: ["vault:read"] }], "x-portcullis-resource": "vault/{vaultId}" },
    },
    "/vaults/{vaultId}/views": {
      get: {
        security: [{ key: ["vault:read"] }],
        "x-portcullis-list": { items: "data", id: "name", resource: "vault/{vaultId}/{id}" },
      },
    },
    "/assets/{assetId}": {
      get: { security: [{ key: ["asset:read"] }], "x-portcullis-resource": "asset/{assetId}" },
    },
    "/networks": { get: { security: [{ key: ["vault:read"] }], "x-portcullis-resource": null } },
  },
});
const operations = new Map(policy.operations.map((operation) => [operation.id, operation]));

const NOW = Date.parse("2026-11-20T10:00:00Z");
const { record: RECORD } = makeRecord();

type Edit = Partial<KeyRecord>;

function read(...resources: readonly string[]): Scope[] {
  return resources.map((resource) => ({ action: "read", resource }));
}

function nameOf(path: string, address = "192.0.2.1"): string {
  const match = matchOf(policy, "GET", path);
  if (match === null) throw new Error(path);
  return callName(match.operation, match.params, address);
}

function impact(calls: Readonly<Record<string, number>>, edit: Edit, key: Edit = {}): Impact {
  const before = { ...RECORD, ...key };
  return impactOf(new Map(Object.entries(calls)), { before, after: { ...before, ...edit } }, operations, NOW);
}

/** What is told of one call: why it would be refused, or that it would show less, or nothing. */
function fate(path: string, edit: Edit, key: Edit = {}, address?: string): string | null {
  const told = impact({ [nameOf(path, address)]: 3 }, edit, key);
  expect([told.calls, told.unknown]).toEqual([3, 0]);
  const fates = [
    ...told.byReason.map(({ reason, calls }) => [reason, calls] as const),
    ...(told.wouldSeeLess === 0 ? [] : [["less", told.wouldSeeLess] as const]),
  ];
  expect(fates.length).toBeLessThanOrEqual(1);
  expect(fates.every(([, calls]) => calls === 3)).toBe(true);
  expect(told.wouldRefuse).toBe(told.byReason.length === 0 ? 0 : 3);
  return fates[0]?.[0] ?? null;
}

const V1 = "/vaults/vault_1";
const V2 = "/vaults/vault_2";

describe("a call is refused by an edit that", () => {
  test.each<[string, Edit, string, string | null]>([
    ["takes its vault away", { vaults: ["vault_1"] }, V2, "vault"],
    ["leaves its vault", { vaults: ["vault_1"] }, V1, null],
    ["takes a vault away that it has nothing to do with", { vaults: ["vault_1"] }, "/networks", null],
    ["takes its action away", { scopes: [{ action: "write", resource: "vault" }] }, V1, "scope"],
    ["takes its type of resource away", { scopes: read("asset") }, "/networks", "scope"],
    ["takes its resource away by a filter", { scopes: read("vault/vault_1") }, V2, "scope"],
    ["leaves its resource by a filter", { scopes: read("vault/vault_1") }, V1, null],
    [
      "takes it away in both ways: the scope comes first",
      { scopes: read("vault/vault_1"), vaults: ["vault_1"] },
      V2,
      "scope",
    ],
    [
      "leaves it by the scope and takes it by the vault",
      { scopes: read("vault/vault_2"), vaults: ["vault_1"] },
      V2,
      "vault",
    ],
    ["takes its address away", { allowedIps: ["198.51.100.0/24"] }, V1, "address"],
    ["takes all of it away: the address comes first", { allowedIps: ["::1"], vaults: ["x"] }, V1, "address"],
    ["disables the key", { disabled: true, allowedIps: ["::1"] }, V1, "disabled"],
    ["ends the key", { expiresAt: NOW, allowedIps: ["::1"] }, V1, "expired"],
    ["disables and ends the key", { disabled: true, expiresAt: NOW }, V1, "disabled"],
    ["ends the key later", { expiresAt: NOW + 1 }, V1, null],
    [
      "lowers the rate limit, of which nothing is told",
      { rateLimit: { requests: 1, windowSeconds: 60 } },
      V1,
      null,
    ],
  ])("%s", (_, edit, path, outcome) => {
    expect(fate(path, edit)).toBe(outcome);
  });

  test.each<[string, readonly string[], string, string | null]>([
    ["an IPv6 range without it", ["2001:db8:1::/48"], "2001:db8::1", "address"],
    ["an IPv6 range with it", ["2001:db8::/48"], "2001:db8::1", null],
    ["an IPv4 range, for an IPv6 address", ["0.0.0.0/0"], "2001:db8::1", "address"],
    ["an IPv4 range, for an IPv4-mapped address in it", ["192.0.2.0/24"], "::ffff:192.0.2.9", null],
    ["an IPv4 range, for an IPv4-mapped address outside", ["192.0.2.0/24"], "::ffff:198.51.100.1", "address"],
    ["an IPv6 range of everything, for an IPv4-mapped address", ["::/0"], "::ffff:192.0.2.9", "address"],
    ["any address list, for an address that was not known", ["0.0.0.0/0", "::/0"], "", "address"],
    ["no address list any more", [], "192.0.2.1", null],
  ])("allows %s", (_, allowedIps, address, outcome) => {
    expect(fate("/networks", { allowedIps }, {}, address)).toBe(outcome);
  });
});

describe("an edit is not to blame", () => {
  test.each<[string, Edit, Edit]>([
    ["for what the key's vaults refuse already", { vaults: ["vault_1"] }, { scopes: read("vault/vault_1") }],
    ["for what the key's scopes refuse already", { scopes: read("vault/vault_1") }, { vaults: ["vault_1"] }],
    ["for what the owner may not see any more", { ownerVaults: ["vault_1"] }, { vaults: ["vault_1"] }],
    ["for what the owner without a role may not do", { ownerVaults: [] }, { disabled: true }],
    ["for addresses that are refused already", { allowedIps: ["::1"] }, { disabled: true }],
  ])("%s", (_, key, edit) => {
    expect(fate(V2, edit, key)).toBeNull();
  });

  test.each<[string, Edit]>([
    ["disabled", { disabled: true }],
    ["expired", { expiresAt: NOW - 1 }],
  ])("for a key that is %s already; but for what it would refuse once in use again", (_, key) => {
    expect(fate(V2, {}, key)).toBeNull();
    expect(fate(V2, { disabled: true, expiresAt: 1 }, key)).toBeNull();
    expect(fate(V2, { vaults: ["vault_1"] }, key)).toBe("vault");
    expect(fate(V2, { disabled: false, expiresAt: null, vaults: ["vault_1"] }, key)).toBe("vault");
  });
});

test.each<[string, Edit, number]>([
  ["widens its addresses, but disables the key", { allowedIps: [], disabled: true }, 3],
  ["widens its addresses, but ends the key", { allowedIps: [], expiresAt: NOW }, 3],
  ["allows other addresses", { allowedIps: ["::2"] }, 3],
  ["widens its addresses, but takes the vault away", { allowedIps: [], vaults: ["vault_1"] }, 3],
  ["widens its addresses", { allowedIps: [] }, 0],
])("a call that its address forbids is still refused, or not, after an edit that %s", (_, edit, expected) => {
  const told = impact({ [nameOf(V2)]: 3 }, edit, { allowedIps: ["::1"] });
  expect(told).toMatchObject({ calls: 3, wouldRefuse: 0, refusedAlready: expected });
});

describe("a list shows less after an edit from", () => {
  const some = (...vaults: string[]): Edit => ({ vaults });
  test.each<[string, Edit, Edit, string | null]>([
    ["all to some", {}, some("vault_1"), "less"],
    ["all to all that the owner has", {}, { vaults: "*" }, null],
    ["some to fewer", some("vault_1", "vault_2"), some("vault_2"), "less"],
    ["some to others", some("vault_1"), some("vault_2"), "less"],
    ["some to more", some("vault_1"), some("vault_2", "vault_1"), null],
    ["some to all", some("vault_1"), { vaults: "*" }, null],
    ["some to the same", some("vault_1"), some("vault_1"), null],
    ["all to some, by the scope", {}, { scopes: read("vault/vault_1") }, "less"],
    [
      "some to fewer, by the scope",
      { scopes: read("vault/a", "vault/b") },
      { scopes: read("vault/b") },
      "less",
    ],
    ["some to the same, by vaults in place of scopes", { scopes: read("vault/a") }, some("a"), null],
    [
      "some to the same, as the rest was not the owner's",
      { ...some("vault_1", "vault_2"), ownerVaults: ["vault_1"] },
      some("vault_1"),
      null,
    ],
    ["all of the owner's to some of them", { ownerVaults: ["vault_1", "vault_2"] }, some("vault_1"), "less"],
    ["some to none", { scopes: read("vault/a") }, { scopes: read("vault/#/balance") }, "less"],
  ])("%s", (_, key, edit, outcome) => {
    expect(fate("/vaults", { ...key, ...edit }, key)).toBe(outcome);
  });

  test("all views of a vault to one of them", () => {
    const edit = { scopes: read("vault/#/balance") };
    expect(fate("/vaults/vault_1/views", edit)).toBe("less");
    expect(fate("/vaults/vault_1/views", { scopes: read("vault/#/address") }, edit)).toBe("less");
    expect(fate("/vaults/vault_1/views", { scopes: read("vault") }, edit)).toBeNull();
  });
});

test("a refusal is told exactly where the gateway's rules would refuse", () => {
  const sets: Edit[] = [];
  for (const scopes of [
    read("vault"),
    read("*"),
    read("vault/vault_1"),
    read("vault/#/balance", "asset"),
    read("asset"),
  ]) {
    for (const vaults of ["*", ["vault_1"], ["vault_3"]] as const) {
      for (const ownerVaults of ["*", ["vault_1"], []] as const) sets.push({ scopes, vaults, ownerVaults });
    }
  }
  const paths = ["/vaults", V1, V2, "/vaults/vault_1/views", "/assets/a1", "/networks"];
  for (const key of sets) {
    for (const edit of sets) {
      for (const path of paths) {
        const { operation, params } = matchOf(policy, "GET", path) ?? {};
        if (operation === undefined || params === undefined) throw new Error(path);
        const [was, is] = [key, edit].map((grants) =>
          isRefusal(compileAccess({ ...RECORD, ...grants }).decide(operation, params)),
        );
        const told = impact({ [nameOf(path)]: 1 }, edit, key);
        const [refused, already] = [!was && is ? 1 : 0, was && is ? 1 : 0];
        expect({ key, edit, path, is: [told.wouldRefuse, told.refusedAlready] }).toEqual({
          key,
          edit,
          path,
          is: [refused, already],
        });
      }
    }
  }
});

describe("of calls that cannot be judged", () => {
  const gone = {
    [OTHERS]: 5,
    "192.0.2.1\n/vault_1\ngone": 2,
    "192.0.2.1\n/a/b\nGET /vaults/{vaultId}": 1,
    [nameOf(V2)]: 4,
  };

  test("only their number is told", () => {
    expect(impact(gone, { vaults: ["vault_1"] })).toMatchObject({ calls: 12, wouldRefuse: 4, unknown: 8 });
  });

  test("those that were not told apart are refused by what refuses everything", () => {
    expect(impact(gone, { disabled: true })).toMatchObject({ wouldRefuse: 9, unknown: 3 });
  });
});

test("reasons and examples come with the most frequent first, and at most five examples", () => {
  const calls = Object.fromEntries(
    Array.from({ length: 7 }, (_, i) => [nameOf(`/vaults/v${i}`, `192.0.2.${i}`), i + 1]),
  );
  const told = impact(
    { ...calls, [nameOf("/vaults")]: 50, [nameOf("/networks", "::1")]: 3 },
    {
      vaults: ["v6"],
      allowedIps: ["192.0.2.0/24"],
    },
  );
  expect(told).toMatchObject({ calls: 28 + 53, wouldRefuse: 21 + 3, wouldSeeLess: 50 });
  expect(told.byReason).toEqual([
    { reason: "vault", calls: 21 },
    { reason: "address", calls: 3 },
  ]);
  expect(told.examples.slice(0, 2)).toEqual([
    { operation: "GET /vaults/{vaultId}", resource: "vault/v5", address: "192.0.2.5", calls: 6 },
    { operation: "GET /vaults/{vaultId}", resource: "vault/v4", address: "192.0.2.4", calls: 5 },
  ]);
  expect(told.examples.map((example) => example.calls)).toEqual([6, 5, 4, 3, 3]);
  expect(impact({ [nameOf("/networks")]: 1 }, { disabled: true }).examples[0]?.resource).toBeNull();
});

test("no calls make no impact", () => {
  expect(impact({}, { disabled: true })).toEqual({
    calls: 0,
    wouldRefuse: 0,
    refusedAlready: 0,
    wouldSeeLess: 0,
    unknown: 0,
    byReason: [],
    examples: [],
  });
});

test("the impacts of several edits are told as one, the most frequent first", () => {
  const impacts = [
    impact({ [nameOf(V1)]: 2, [nameOf("/vaults")]: 7, [OTHERS]: 1 }, { vaults: ["vault_2"] }),
    impact({ [nameOf(V1)]: 3, [nameOf(V2)]: 1 }, { allowedIps: ["::1"] }),
    impact({ [nameOf(V2, "192.0.2.7")]: 9 }, { vaults: ["vault_1"] }),
  ];
  expect(sumImpacts(impacts)).toEqual({
    calls: 23,
    wouldRefuse: 15,
    refusedAlready: 0,
    wouldSeeLess: 7,
    unknown: 1,
    byReason: [
      { reason: "vault", calls: 11 },
      { reason: "address", calls: 4 },
    ],
    examples: [
      { operation: "GET /vaults/{vaultId}", resource: "vault/vault_2", address: "192.0.2.7", calls: 9 },
      ...[3, 2].map((calls) => ({
        operation: "GET /vaults/{vaultId}",
        resource: "vault/vault_1",
        address: "192.0.2.1",
        calls,
      })),
      { operation: "GET /vaults/{vaultId}", resource: "vault/vault_2", address: "192.0.2.1", calls: 1 },
    ],
  });
  const many = Array.from({ length: 4 }, () => impacts).flat();
  expect(sumImpacts(many).examples.map(({ calls }) => calls)).toEqual([9, 9, 9, 9, 3]);
});

test("a single call is told with its reason", () => {
  const one = impact({ [nameOf(V1)]: 1 }, { disabled: true });
  for (const told of [one, sumImpacts([one])])
    expect(told.byReason).toEqual([{ reason: "disabled", calls: 1 }]);
});
