import { describe, expect, test } from "vitest";
import { generateKey } from "../../src/core/key/key-secret.ts";
import { refusalOf } from "../support/control.ts";
import { OPERATOR } from "../support/operators.ts";
import { freshAddress, type CreatedKey } from "../support/portcullis.ts";
import { exchange } from "../support/tokens.ts";
import { useControl } from "../support/started.ts";

const PATH = "/-/ops/leaks";
const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

const control = await useControl();
const organization = await control.newOrganization();

async function report(leaks: unknown): Promise<Response> {
  return control.call("POST", PATH, { as: await control.issuer.token(OPERATOR), body: { leaks } });
}

async function statusOf(key: CreatedKey): Promise<number> {
  return (await control.call("GET", "/v1/vaults/vault_1", { as: key.key })).status;
}

async function leaksOf(keyId: string): Promise<unknown[]> {
  const answer = await organization.admin.call(
    "GET",
    `/-/audit-events?action=api_key.leaked&target=${keyId}`,
  );
  return (await answer.json<{ data: unknown[] }>()).data;
}

test("a scanner's finds are revoked before the answer, which says what each was and holds none", async () => {
  const [one, other] = [await organization.admin.createKey(), await organization.admin.createKey()];
  const stranger = generateKey("fkc");
  expect(await statusOf(one)).toBe(200);
  const answer = await report([
    { token: "AKIAIOSFODNN7EXAMPLE" },
    { token: one.key, source: "Pastebin", url: `https://pastebin.example/${one.key}`, type: "API key" },
    { token: stranger.key },
    { token: other.key },
  ]);
  expect(await Promise.all([one, other].map(statusOf))).toEqual([401, 401]);
  const text = await answer.text();
  const receipt = { requestedAt: TIME, effectiveAt: TIME, version: 2 };
  const none = { requestedAt: null, effectiveAt: null, version: null };
  expect(JSON.parse(text)).toEqual({
    results: [
      { index: 0, credential: null, keyId: null, status: "not_found", ...none, label: "false_positive" },
      {
        index: 1,
        credential: "api_key",
        keyId: one.id,
        status: "revoked",
        ...receipt,
        label: "true_positive",
      },
      {
        index: 2,
        credential: null,
        keyId: stranger.id,
        status: "not_found",
        ...none,
        label: "false_positive",
      },
      {
        index: 3,
        credential: "api_key",
        keyId: other.id,
        status: "revoked",
        ...receipt,
        label: "true_positive",
      },
    ],
  });
  for (const { key } of [one, other, stranger]) expect(text).not.toContain(key.slice(-38));
});

test("an access token that was found is dead before the answer, and its key goes on", async () => {
  const key = await organization.admin.createKey();
  const { access_token: token } = await exchange(control, key);
  const forged = `${token.slice(0, token.lastIndexOf("."))}.${"A".repeat(86)}`;
  const call = (as: string) => control.call("GET", "/v1/vaults/vault_1", { as, from: freshAddress() });
  expect((await call(token)).status).toBe(200);
  const answer = await report([{ token: forged }, { token, source: "Pastebin" }]);
  expect(await answer.json()).toMatchObject({
    results: [
      { credential: null, status: "not_found", label: "false_positive" },
      {
        credential: "access_token",
        keyId: key.id,
        status: "revoked",
        effectiveAt: TIME,
        label: "true_positive",
      },
    ],
  });
  expect((await call(token)).status).toBe(401);
  expect((await call(key.key)).status).toBe(200);
  const audit = await organization.admin.call(
    "GET",
    `/-/audit-events?action=access_token.revoked&target=${key.id}`,
  );
  expect(await audit.json()).toMatchObject({ data: [{ after: { leak: { source: "Pastebin" } } }] });
});

test("the organisation learns who found its key and where, of each place once, and the key is not in it", async () => {
  const key = await organization.admin.createKey();
  const leak = {
    token: key.key,
    source: "Pastebin",
    url: `https://pastebin.example/${key.key}`,
    type: "key",
  };
  await report([leak]);
  await report([leak, leak]);
  await report([{ token: key.key }]);
  const events = await leaksOf(key.id);
  expect(events).toMatchObject([
    { actor: { id: OPERATOR.sub }, after: { source: "reported to the operators", url: null, type: null } },
    {
      actor: { id: OPERATOR.sub, name: OPERATOR.name },
      after: { source: "Pastebin", url: `https://pastebin.example/${key.key.slice(0, -38)}…`, type: "key" },
    },
  ]);
  const shown = await (await organization.admin.call("GET", `/-/api-keys/${key.id}`)).json();
  expect(shown).toMatchObject({ revokedBy: OPERATOR.sub, revocationReason: "Leaked: Pastebin" });
});

test("a key that is found all over is not told of for ever", async () => {
  const key = await organization.admin.createKey();
  await report(Array.from({ length: 30 }, (_, i) => ({ token: key.key, source: `Fork ${i}` })));
  expect(await leaksOf(key.id)).toHaveLength(20);
});

describe("a report is refused", () => {
  const token = "x";
  test.each<[string, object | null, [number, string, string?]]>([
    ["without leaks", null, [400, "invalid_request", "leaks"]],
    ["with none", [], [422, "invalid_value", "leaks"]],
    ["without a token", [{ source: "a" }], [400, "invalid_request", "leaks.0.token"]],
    ["with an unknown field", [{ token, where: "a" }], [400, "invalid_request", "leaks.0.where"]],
    [
      "with an address that is no web address",
      [{ token, url: "javascript:x" }],
      [422, "invalid_value", "leaks.0.url"],
    ],
    ["with an empty source", [{ token, source: " " }], [422, "invalid_value", "leaks.0.source"]],
    ["with too many", Array.from({ length: 10_001 }, () => ({ token })), [422, "invalid_value", "leaks"]],
  ])("%s", async (_, leaks, expected) => {
    expect(await refusalOf(await report(leaks ?? undefined))).toEqual(expected);
  });

  test("with a key where none belongs, which is a field that there is not, too, and is not repeated", async () => {
    const { key } = generateKey("fkc");
    const answer = await report([{ token: "x", [key]: 1 }]);
    expect(await answer.clone().text()).not.toContain(key.slice(16, -6));
    expect(await refusalOf(answer)).toEqual([400, "invalid_request", "leaks"]);
  });
});
