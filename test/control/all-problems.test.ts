import { beforeAll, describe, expect, test } from "vitest";
import { developerOn, NEW_KEY, refusalOf, type Person } from "../support/control.ts";
import { foreignKey, importKeys, importLine } from "../support/imports.ts";
import { OPERATOR } from "../support/operators.ts";
import { useControl } from "../support/started.ts";
let keyId: string;
let secret: string;
let serviceUserId: string;
let bob: { readonly person: Person; readonly key: string; readonly revoked: string };

const control = await useControl({ vars: { MAX_KEYS_PER_OWNER: "2" } });
const organization = await control.newOrganization();
beforeAll(async () => {
  ({ id: keyId, key: secret } = await organization.admin.createKey());
  const made = await organization.admin.call("POST", "/-/service-users", { name: "Batch" });
  serviceUserId = (await made.json<{ id: string }>()).id;
  const person = organization.member("bob", developerOn("vault_1", "vault_2"));
  const revoked = (await person.createKey({ vaults: ["vault_1"] })).id;
  await person.call("DELETE", `/-/api-keys/${revoked}`);
  const key = (await person.createKey({ vaults: ["vault_1"] })).id;
  await person.createKey({ vaults: ["vault_2"] });
  bob = { person, key, revoked };
});

interface Details {
  readonly field?: string;
  readonly problem: string;
  readonly fields: readonly { readonly field: string; readonly problem: string }[];
}

async function ask(method: string, path: string, body: unknown): Promise<[number, string, Details]> {
  const url = path.replace("{key}", keyId).replace("{user}", serviceUserId);
  const as = await control.issuer.token({ ...OPERATOR, org_id: organization.id, sub: "ops" });
  const answer = url.startsWith("/-/ops/")
    ? await control.call(method, url, { as, body })
    : await organization.admin.call(method, url, body);
  const { error } = await answer.json<{ error: { code: string; details: Details } }>();
  return [answer.status, error.code, error.details];
}

const BAD_VALUES = {
  name: "",
  description: "x".repeat(501),
  scopes: ["vault:fly", "nonsense:read"],
  vaults: ["vault/1", "vault_1", "a b"],
  allowedIps: ["10.0.0.1/8", "203.0.113.7", "nowhere"],
  expiresIn: "soon",
  rateLimit: { requests: 0, windowSeconds: 1.5 },
};
const THEIR_FIELDS = [
  "name",
  "description",
  "scopes",
  "scopes",
  "vaults",
  "vaults",
  "allowedIps",
  "allowedIps",
  "expiresIn",
];

describe("all problems of a body are told at once, the first of them as the field", () => {
  test.each<[method: string, path: string, body: unknown, status: number, fields: string[]]>([
    ["POST", "/-/api-keys", { ...BAD_VALUES, rateLimit: null }, 422, THEIR_FIELDS],
    ["PATCH", "/-/api-keys/{key}", { ...BAD_VALUES, rateLimit: null }, 422, THEIR_FIELDS],
    ["POST", "/-/api-keys/{key}/impact", { ...BAD_VALUES, rateLimit: null }, 422, THEIR_FIELDS],
    [
      "POST",
      "/-/api-keys",
      { ...BAD_VALUES, extra: 1, other: 2 },
      400,
      [...THEIR_FIELDS, "rateLimit.requests", "rateLimit.windowSeconds", "extra", "other"],
    ],
    ["POST", "/-/api-keys", {}, 400, ["name", "scopes", "vaults"]],
    [
      "POST",
      "/-/api-keys",
      { ...NEW_KEY, name: 7, expiresAt: "2020-01-01T00:00:00Z" },
      400,
      ["name", "expiresAt"],
    ],
    [
      "POST",
      "/-/api-keys",
      { ...NEW_KEY, expiresIn: "1d", expiresAt: null, vaults: [] },
      422,
      ["vaults", "expiresIn"],
    ],
    [
      "PATCH",
      "/-/api-keys/{key}",
      { disabled: "yes", allowedIps: ["::1/64"] },
      400,
      ["disabled", "allowedIps"],
    ],
    ["POST", "/-/api-keys/{key}/rotate", { overlap: "soon", more: 1 }, 400, ["overlap", "more"]],
    ["POST", "/-/api-keys/search", { kee: "a" }, 400, ["key", "kee"]],
    [
      "POST",
      "/-/service-users",
      { name: " ", description: "x".repeat(501), vaultRoles: { "a/b": ["developer"], vault_1: ["king"] } },
      400,
      ["name", "description", "vaultRoles.a/b", "vaultRoles.vault_1.0"],
    ],
    ["PATCH", "/-/service-users/{user}", { name: "", active: 1 }, 400, ["name", "active"]],
    [
      "PUT",
      "/-/organization/webhook",
      { url: "http://10.0.0.1/", description: "x".repeat(501) },
      422,
      ["url", "description"],
    ],
    ["PUT", "/-/organization/webhook", { url: "nowhere", disabled: "no" }, 400, ["url", "disabled"]],
    ["POST", "/-/ops/revocations", { targets: [], reason: "" }, 422, ["targets", "reason"]],
    ["POST", "/-/organization/bootstrap", { a: 1, b: 2 }, 400, ["a", "b"]],
  ])("%s %s %j", async (method, path, body, status, fields) => {
    const [answered, code, details] = await ask(method, path, body);
    expect(details.fields.map(({ field }) => field).toSorted()).toEqual(fields.toSorted());
    expect([answered, code]).toEqual([status, status === 400 ? "invalid_request" : "invalid_value"]);
    expect({ field: details.field, problem: details.problem }).toEqual(details.fields[0]);
    for (const { problem } of details.fields) expect(problem).not.toBe("");
  });
});

describe("half a character in a text is refused, and the text named:", () => {
  const HALF = "a\ud83d";
  test.each<[method: string, path: string, body: unknown, fields: string[]]>([
    [
      "POST",
      "/-/api-keys",
      { ...NEW_KEY, name: HALF, description: "\udc00", scopes: [{ action: HALF, resource: "vault" }] },
      ["name", "scopes.0.action", "description"],
    ],
    [
      "PATCH",
      "/-/api-keys/{key}",
      { description: `${HALF}bc`, allowedIps: [HALF] },
      ["description", "allowedIps.0"],
    ],
    ["PATCH", "/-/api-keys/{key}", { [HALF]: 1 }, ["a\ufffd"]],
    ["POST", "/-/api-keys/{key}/rotate", { overlap: HALF }, ["overlap"]],
    [
      "POST",
      "/-/service-users",
      { name: "Batch", description: HALF, vaultRoles: { [HALF]: ["developer"] } },
      ["description", "vaultRoles.a\ufffd"],
    ],
    ["PATCH", "/-/service-users/{user}", { name: HALF }, ["name"]],
    ["PUT", "/-/organization/webhook", { url: "https://acme.example/", description: HALF }, ["description"]],
    ["POST", "/-/people/alice/revoke-keys", { reason: HALF }, ["reason"]],
    [
      "POST",
      "/-/ops/revocations",
      { targets: [{ keyId: HALF }], reason: HALF },
      ["targets.0.keyId", "reason"],
    ],
    ["POST", "/-/ops/leaks", { leaks: [{ token: "x", source: HALF }] }, ["leaks.0.source"]],
    ["POST", "/-/ops/reconciliations", { orgId: HALF }, ["orgId"]],
  ])("%s %s %j", async (method, path, body, fields) => {
    const [answered, code, details] = await ask(method, path, body);
    expect([answered, code]).toEqual([400, "invalid_request"]);
    const halved = details.fields.filter(({ problem }) => problem.includes("half a character"));
    expect(halved.map(({ field }) => field)).toEqual(fields);
  });

  test("in a line of an import, and the line is refused", async () => {
    const line = importLine(foreignKey(), { orgId: organization.id, description: HALF });
    expect(await importKeys(control, [line])).toMatchObject([
      { status: "refused", error: expect.stringContaining("description: Must be Unicode text") },
    ]);
  });

  test("and whole characters beyond the first 65,536 are taken", async () => {
    const answer = await organization.admin.call("PATCH", `/-/api-keys/${keyId}`, {
      description: "\u{1f511}",
    });
    expect(await answer.json()).toMatchObject({ description: "\u{1f511}" });
  });
});

test("a refusal of one field, found where the whole organisation is known, has the same form", async () => {
  const [status, code, details] = await ask("POST", "/-/api-keys", { ...NEW_KEY, ownerId: "nobody" });
  expect([status, code, details.field]).toEqual([422, "invalid_value", "ownerId"]);
  expect(details.fields).toEqual([{ field: "ownerId", problem: details.problem }]);
});

test.each<[method: string, path: string, body: object, status: number, fields: string[]]>([
  // Bob has as many keys as may be, and a role on two vaults alone.
  [
    "POST",
    "",
    { ...NEW_KEY, vaults: ["vault_1", "vault_8", "vault_9"] },
    422,
    ["vaults", "vaults", "ownerId"],
  ],
  ["POST", "", { ...NEW_KEY, vaults: ["vault_9"], name: 7 }, 400, ["name", "vaults", "ownerId"]],
  ["POST", "", { ...NEW_KEY, vaults: ["vault_1"], allowedIps: ["x"] }, 422, ["allowedIps", "ownerId"]],
  ["PATCH", "/{key}", { vaults: ["vault_8", "vault_9"] }, 422, ["vaults", "vaults"]],
  ["PATCH", "/{key}", { vaults: ["vault_8"], allowedIps: ["x"] }, 422, ["vaults", "allowedIps"]],
  ["PATCH", "/{key}", { vaults: ["vault_8"], extra: 1 }, 400, ["vaults", "extra"]],
  ["POST", "/{key}/impact", { vaults: ["vault_8"], name: "" }, 422, ["vaults", "name"]],
  ["PATCH", "/{revoked}", { vaults: ["vault_8"], name: "" }, 422, ["status", "vaults", "name"]],
  // Of a key that one may not see nothing is told.
  ["PATCH", "/{alices}", { vaults: ["vault_8"], name: "" }, 422, ["name"]],
])(
  "what only the organisation knows is told beside the rest: %s %s %j",
  async (method, path, body, ...told) => {
    const url = path.replace("{key}", bob.key).replace("{revoked}", bob.revoked).replace("{alices}", keyId);
    const answer = await bob.person.call(method, `/-/api-keys${url}`, body);
    const { error } = await answer.json<{ error: { details: Details } }>();
    const fields = error.details.fields.map(({ field }) => field);
    expect([answer.status, fields.toSorted()]).toEqual([told[0], told[1].toSorted()]);
  },
);

test("the limit of keys alone keeps its own code", async () => {
  const answer = await bob.person.call("POST", "/-/api-keys", { ...NEW_KEY, vaults: ["vault_1"] });
  expect(await refusalOf(answer)).toEqual([409, "key_limit_reached"]);
});

test("a service user that there is not is told of beside the rest", async () => {
  const [status, , { fields }] = await ask("POST", "/-/api-keys", { ...NEW_KEY, name: "", ownerId: "svc_x" });
  expect([status, fields.map(({ field }) => field)]).toEqual([422, ["name", "ownerId"]]);
});

test("a body that is none has no field, and a problem", async () => {
  for (const body of [[], "text", null]) {
    const [status, code, { field, fields }] = await ask("POST", "/-/api-keys", body);
    expect([status, code, field, fields.length]).toEqual([400, "invalid_request", undefined, 1]);
  }
});

test("a key in a body is told of like any other problem, and not told again", async () => {
  const body = { ...NEW_KEY, name: `see ${secret}`, allowedIps: ["x"], [secret]: 1 };
  const [status, , details] = await ask("POST", "/-/api-keys", body);
  expect([status, details.field], "an unknown field is one of form").toEqual([400, "name"]);
  const fields = new Set(details.fields.map(({ field }) => field));
  expect([fields.has("name"), fields.has("allowedIps")]).toEqual([true, true]);
  expect(JSON.stringify(details)).not.toContain(secret.slice(20));
});

test("very many problems are not all told", async () => {
  const body = {
    ...NEW_KEY,
    allowedIps: Array.from({ length: 200 }, (_, i) => `bad-${i}`),
    vaults: Array(300).fill("/"),
  };
  const [status, , details] = await ask("POST", "/-/api-keys", body);
  expect(status).toBe(422);
  expect(details.fields.length).toBeLessThanOrEqual(100);
});
