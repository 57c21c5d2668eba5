import { missingProblems } from "../../src/console/key-form/check.ts";
import { POLICY_TABLE } from "#policy";
import { describe, expect, test } from "vitest";
import { NOTHING_HAPPENED } from "../support/key-json.ts";
import { MAX_RANGES, type Key } from "../../src/api-types/keys.ts";
import { sentenceOf } from "../../src/console/key-form/effective-access-card.tsx";
import { previewOf } from "../../src/console/key-form/preview.ts";
import {
  bodyOf,
  changeOf,
  copyOf,
  fieldsOf,
  formOf,
  readForm,
  wordsOf,
  type KeyForm,
  newForm,
} from "../../src/console/key-form/values.ts";
import { baseOf, merged } from "../../src/console/key-form/merge.ts";
import { rowOf, scopeOf } from "../../src/console/key-form/scope-rows.ts";
import { problemsToSave, vaultProblems } from "../../src/console/service-user-values.ts";
import { MAX_SCOPES, MAX_VAULTS } from "../../src/core/key/grant-limits.ts";
import { loadPolicy } from "../../src/core/policy/route-policy.ts";
import { partText } from "../support/part-text.ts";
import { formatScope, parseScope, type Scope } from "../../src/core/policy/scope.ts";

/** Between a key and the form in which it is edited nothing may get lost. */

test.each([
  "*:*",
  "vault:read",
  "vault/#:read",
  "vault/#/#:write",
  "vault/#/balance:read",
  "vault/vault_1:admin",
  "vault/vault_1/balance:read",
  "vault/vault_1/#:*",
])("%s is the same scope after it was filled in", (text) => {
  expect(formatScope(scopeOf(rowOf(parseScope(text) as Scope)) as Scope)).toBe(text);
});

const KEY: Key = {
  id: "key_1",
  name: "Reporting",
  description: "Two\nlines",
  keyPrefix: "fkc_1",
  scopes: [
    { action: "read", resource: "vault/#/balance" },
    { action: "*", resource: "*" },
  ],
  vaults: ["vault_1", "vault_2"],
  allowedIps: ["203.0.113.0/24", "2001:db8::/32"],
  rateLimit: { requests: 600, windowSeconds: 90 },
  status: "active",
  disabled: false,
  version: 3,
  owner: { id: "alice", kind: "user", name: "Alice" },
  createdAt: "2026-11-20T09:30:00.000Z",
  createdBy: "alice",
  expiresAt: "2027-02-18T09:30:00.000Z",
  ...NOTHING_HAPPENED,
};
const OTHER: Key = {
  ...KEY,
  description: null,
  vaults: "*",
  allowedIps: [],
  rateLimit: null,
  expiresAt: null,
};

/** A form as a browser sends it: with its own line ends. */
function sent(key: Key): FormData {
  const data = new FormData();
  for (const [name, value] of fieldsOf(formOf(key))) data.append(name, value.replaceAll("\n", "\r\n"));
  return data;
}

describe.each([
  ["with everything", KEY],
  ["with the least", OTHER],
])("a key %s", (_, key) => {
  test("that is sent as it is, is no change", () => {
    expect(changeOf(bodyOf(readForm(sent(key))), key)).toEqual({});
  });

  test.each([
    ["name", "name", "Other", { name: "Other" }],
    ["addresses", "addresses", " 10.0.0.1,10.0.0.2\r\n", { allowedIps: ["10.0.0.1", "10.0.0.2"] }],
    ["expiry", "expiry", "30d", { expiresIn: "30d" }],
    [
      "action of a scope",
      "scopes.0.action",
      "write",
      { scopes: [{ action: "write", resource: expect.any(String) }, expect.anything()] },
    ],
  ])("tells a change of its %s, and of nothing else", (__, field, value, change) => {
    const data = sent(key);
    data.set(field, value);
    expect(changeOf(bodyOf(readForm(data)), key)).toEqual(change);
  });
});

test("a description that was written elsewhere, in spaces and other line ends, is no change of a form", () => {
  const key = { ...KEY, description: " Two\r\nlines\r" };
  expect(changeOf(bodyOf(readForm(sent(key))), key)).toEqual({});
});

describe("an edit that another one overtook", () => {
  const key: Key = {
    ...KEY,
    scopes: [{ action: "read", resource: "vault" }],
    vaults: ["vault_2", "vault_1"],
  };
  const now: Key = {
    ...key,
    description: "Theirs",
    scopes: [{ action: "read", resource: "vault/vault_1" }],
    vaults: ["vault_1"],
  };
  /** The form as it is drawn: with a field for each part of a scope, and ids typed where they are not offered. */
  const form = (): FormData => {
    const data = sent(key);
    data.set("scopes.0.segments.0", "");
    data.set("scopes.0.segments.1", "");
    data.delete("vault");
    data.set("vaultIds", "vault_1\r\nvault_2");
    return data;
  };

  test("takes every setting that the form has left alone", () => {
    const result = merged(readForm(form()), baseOf(key), baseOf(now));
    expect(result.meanwhile).toMatchObject({ taken: ["description", "scopes", "vaults"], contested: [] });
    expect(changeOf(bodyOf(result.form), now)).toEqual({});
  });

  test("keeps those that the form has changed, too", () => {
    const data = form();
    data.set("scopes.0.segments.0", "vault_2");
    data.set("vaultIds", "vault_2");
    const { form: mine, meanwhile } = merged(readForm(data), baseOf(key), baseOf(now));
    expect(meanwhile).toMatchObject({ taken: ["description"], contested: ["scopes", "vaults"] });
    expect(changeOf(bodyOf(mine), now)).toEqual({
      scopes: [{ action: "read", resource: "vault/vault_2" }],
      vaults: ["vault_2"],
    });
  });
});

test.each(["1e3", "0x10", "1,000", "-5", "1.5"])(
  "a rate limit of %s is refused, and not read in another way",
  (rateRequests) => {
    const { rateLimit } = bodyOf({ ...formOf(KEY), rateRequests });
    expect(JSON.parse(JSON.stringify(rateLimit))).toEqual({ requests: null, windowSeconds: 90 });
  },
);

test("the name of a copy is cut between characters", () => {
  const { name } = copyOf({ ...KEY, name: `${"x".repeat(91)}🔑🔑` }, "", "1y");
  expect([name.isWellFormed(), name]).toEqual([true, `Copy of ${"x".repeat(91)}`]);
});

test("a day lasts until its end", () => {
  const data = sent(KEY);
  data.set("expiry", "on");
  data.set("expiresOn", "2027-03-01");
  expect(changeOf(bodyOf(readForm(data)), KEY)).toEqual({ expiresAt: "2027-03-01T23:59:59Z" });
});

test("a key that never expires stays so when that is chosen", () => {
  const data = sent(OTHER);
  data.set("expiry", "never");
  expect(changeOf(bodyOf(readForm(data)), OTHER)).toEqual({});
  expect(changeOf(bodyOf(readForm(data)), KEY)).toMatchObject({ expiresIn: null });
});

describe("a form that was sent with more than a key may have", () => {
  test("is read as far as the control API refuses it", () => {
    const data = new FormData();
    for (let i = 0; i < 5000; i++) data.append(`scopes.${i}.action`, "read");
    expect(readForm(data).scopes).toHaveLength(MAX_SCOPES + 1);
  });

  test("shows what would follow from as much as it may have", () => {
    const many = Array.from({ length: 5000 }, (_, i) => `${i}`);
    const form = {
      ...formOf(KEY),
      vaults: many.map((i) => `vault_${i}`),
      addresses: many.map((i) => `2001:db8::${i}`).join(" "),
    };
    const owner = { id: "", name: "Alice", vaults: "*" as const };
    const preview = previewOf(form, owner, loadPolicy(POLICY_TABLE), "", {
      inUse: ["vault_1"],
      unproven: [],
    });
    expect(preview.addresses).toHaveLength(MAX_RANGES);
    expect(preview.unknownVaults).toHaveLength(MAX_VAULTS - 1);
    const shown = preview.reach.operations.find(({ operation }) => operation.id === "listBalances");
    expect(shown?.on).toHaveLength(MAX_VAULTS);
  });
});

describe("what a form says of itself", () => {
  const policy = loadPolicy(POLICY_TABLE);
  const owner = { id: "", name: "Alice", vaults: ["vault_1", "vault_2"] };
  const base: KeyForm = { ...formOf(KEY), vaults: ["vault_1"], addresses: "" };
  const row = (type: string, ...segments: string[]) => ({ action: "read", type, segments });
  const seen = (changes: Partial<KeyForm>) => {
    const form = { ...base, ...changes };
    return {
      form,
      preview: previewOf(form, owner, policy, "", { inUse: ["vault_1", "vault_2"], unproven: ["vault_8"] }),
    };
  };

  test.each([
    ["mistyped", row("vault", "vault_l"), { id: "vault_l", isNamed: false, almost: "vault_1" }],
    [
      "named by nothing else",
      row("vault", "elsewhere_1", "balance"),
      { id: "elsewhere_1", isNamed: false, almost: null },
    ],
    [
      "named by keys that were never used",
      row("vault", "vault_8"),
      { id: "vault_8", isNamed: true, almost: "vault_1" },
    ],
    ["known", row("vault", "vault_2"), null],
    ["any", row("vault", ""), null],
    ["any, as it is written", row("vault", "#", "balance"), null],
    ["of a scope for everything", row("*"), null],
    ["of a scope that is not valid", row("vault", "a b"), null],
  ])("a vault in a scope that is %s", (_, scope, unknown) => {
    const { preview } = seen({ scopes: [row("vault", "vault_1"), scope] });
    expect(preview.scopes.map(({ unknownVault }) => unknownVault)).toEqual([null, unknown]);
  });

  test.each([
    ["one vault", {}, /on 1 vault, from anywhere\.$/],
    [
      "two vaults of which one is another's",
      { vaults: ["vault_1", "vault_3"] },
      /on 1 vault, from anywhere\.$/,
    ],
    ["an id that is none", { vaults: ["vault_1", "a/b"] }, /^One of the vault ids is not valid yet\.$/],
    ["an address", { addresses: "192.0.2.1" }, /from one address or range\.$/],
    ["an address twice", { addresses: "192.0.2.1 ::ffff:192.0.2.1" }, /from one address or range\.$/],
    ["two", { addresses: "192.0.2.1 192.0.2.2" }, /from 2 addresses and ranges\.$/],
    ["one that is none", { addresses: "192.0.2.1 192.0.2.300" }, /^One of the addresses is not valid yet\.$/],
    ["every address of a family", { addresses: "192.0.2.1 ::/0" }, /from anywhere\.$/],
    ["a scope that is none", { scopes: [row("vault", "a b")] }, /^One of the scopes is not valid yet\.$/],
  ] as const)("counts what is valid: %s", (_, changes, sentence) => {
    const { form, preview } = seen(changes);
    expect(partText(sentenceOf(form, preview, true))).toMatch(sentence);
  });
});

describe("the form of a service user", () => {
  const values = (vaults: string, changes = {}) => ({
    name: "Batch",
    description: "",
    vaults,
    everyVault: false,
    ...changes,
  });

  test.each([
    ["vault_1 vault_2", undefined],
    ["", undefined],
    ["vault_1 *", "Not the id of a vault: *"],
    ["*", "Not the id of a vault: *"],
    ["__proto__, #, a/b", "Not the id of a vault: __proto__, #, and a/b"],
  ])("with the ids %s", (ids, problem) => {
    expect(vaultProblems(values(ids))["vaultRoles"]).toBe(problem);
    expect(problemsToSave(values(ids))?.["vaultRoles"]).toBe(problem);
    expect(vaultProblems(values(ids, { everyVault: true }))).toEqual({});
  });

  test("tells all that is wrong with it at once", () => {
    expect(problemsToSave(values("*", { name: " ", description: "x".repeat(501) }))).toEqual({
      name: "Must not be empty",
      description: "Must have at most 500 characters",
      vaultRoles: "Not the id of a vault: *",
    });
  });
});

describe("vault ids as they are pasted", () => {
  test.each([
    "vault_1,\nvault_2\n",
    '["vault_1", "vault_2"]'.slice(1, -1),
    "\u201cvault_1\u201d \u2018vault_2\u2019",
    "\ufeffvault_1\u200b;\u00a0vault_2\u2060",
    "`vault_1`\t'vault_2'",
  ])("are read without what surrounds them: %j", (text) => {
    expect(wordsOf(text)).toEqual(["vault_1", "vault_2"]);
  });

  test.each(["https://app.example/vaults/1", "*", "#", "a/b"])(
    "reach nothing where they are none: %s",
    (id) => {
      const owner = { id: "", name: "Alice", vaults: "*" as const };
      const form = { ...formOf(KEY), vaults: [id] };
      const { reach } = previewOf(form, owner, loadPolicy(POLICY_TABLE), "", null);
      expect(reach.operations.filter(({ operation }) => operation.id === "listBalances")).toEqual([]);
    },
  );
});

test.each([
  ["on", "", { expiry: "Choose the last day" }],
  ["on", "soon", { expiry: "Choose the last day" }],
  ["on", "2027-01-31", {}],
  ["never", "", {}],
  ["30d", "", {}],
])("a form with the expiry %s and the day “%s” lacks %j", (expiry, expiresOn, problems) => {
  expect(missingProblems({ ...newForm("", "*", "vault"), expiry, expiresOn })).toEqual(problems);
});
