import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { NDJSON } from "../../src/core/http/ndjson.ts";
import { foreignKey, importKeys, importLine, type ImportResultLine } from "../support/imports.ts";
import { adminClaims } from "../support/issuer.ts";
import { OPERATOR } from "../support/operators.ts";
import { freshAddress } from "../support/portcullis.ts";
import { exchange, postForm } from "../support/tokens.ts";
import { usePortcullis } from "../support/started.ts";

const PATH = "/v1/vaults/vault_1";
/** An edge that refuses imported keys. */
const OFF = 1;
const KEY_ID = expect.stringMatching(/^key_[0-9A-Za-z]{12}$/);
const portcullis = await usePortcullis({
  edges: [{}, { vars: { IMPORTED_KEYS: "off" } }],
  vars: { MAX_KEYS_PER_OWNER: "2" },
});

async function outcomeOf(credential: string, { edge = 0, path = PATH, from = freshAddress() } = {}) {
  const answer = await portcullis.call("GET", path, { as: credential, from, edge });
  const { error } = await answer.json<{ error?: { code: string } }>();
  return [answer.status, error?.code ?? null];
}

async function importOne(key: string, changes: object = {}): Promise<ImportResultLine> {
  const [result] = await importKeys(portcullis, [importLine(key, changes)]);
  return result as ImportResultLine;
}

/** A key that was imported, with its id. */
async function imported(changes: object = {}): Promise<{ id: string; key: string; version: number }> {
  const key = foreignKey();
  const { keyId, error } = await importOne(key, changes);
  if (keyId === null || error !== null) throw new Error(String(error));
  return { id: keyId, key, version: 1 };
}

const WITH_DOTS = "team.alpha.1234567890";

test("before the first import a string of another form is no credential; after it, the keys work at once", async () => {
  const key = foreignKey();
  expect(await outcomeOf(key)).toEqual([401, "credential_malformed"]);
  expect(await outcomeOf(WITH_DOTS)).toEqual([401, "access_token_invalid"]);
  expect(await importOne(key)).toEqual({ line: 1, status: "imported", keyId: KEY_ID, error: null });
  expect(await outcomeOf(key)).toEqual([200, null]);
  expect(await outcomeOf(key)).toEqual([200, null]);
  expect(await outcomeOf(foreignKey())).toEqual([401, "api_key_invalid"]);
  expect(await outcomeOf(key, { edge: OFF })).toEqual([401, "credential_malformed"]);
});

describe("a key may have any form", () => {
  test.each([
    { name: "of 16 letters", key: "abcdefghijklmnop" },
    { name: "of 256 letters", key: "x".repeat(256) },
    { name: "of signs", key: `!"#$%&'()*+,-./:;<=>?@[]^{|}~` },
    { name: "that looks like a UUID", key: "3b241101-e2bb-4255-8caf-4136c566a962" },
    { name: "of three parts between dots", key: WITH_DOTS },
    { name: "that begins like a JWT", key: "eyJhbGciOi.abcdefgh.abcdefgh" },
    { name: "that begins with the letters of our prefix", key: "fkcfkcfkcfkcfkcfkc" },
  ])("$name", async ({ key }) => {
    expect(await importOne(key, { keyPrefix: "any" })).toMatchObject({ status: "imported" });
    expect(await outcomeOf(key)).toEqual([200, null]);
    expect(await outcomeOf(`_${key.slice(1)}`)).toEqual([401, "api_key_invalid"]);
  });

  test.each([
    { name: "15 letters", text: "abcdefghijklmno", code: "credential_malformed" },
    { name: "257 letters", text: "x".repeat(257), code: "credential_malformed" },
    { name: "two credentials", text: `${"x".repeat(20)} ${"y".repeat(20)}`, code: "credential_malformed" },
    { name: "what begins like a key of ours", text: `fkc_${"x".repeat(40)}`, code: "api_key_invalid" },
    { name: "a JWT", text: "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", code: "access_token_invalid" },
  ])("but not $name", async ({ text, code }) => {
    expect(await outcomeOf(text)).toEqual([401, code]);
  });
});

test("a line that comes again changes nothing, whatever was changed of the key since; a changed line is refused", async () => {
  const { id, key } = await imported({ rateLimit: { requests: 9, windowSeconds: 60 } });
  const same = importLine(key, { rateLimit: { requests: 9, windowSeconds: 60 } });
  const unchanged = { status: "unchanged", keyId: id, error: null };
  expect(await importKeys(portcullis, [same, same])).toEqual([
    { line: 1, ...unchanged },
    { line: 2, ...unchanged },
  ]);
  await portcullis.manage("PATCH", `/-/api-keys/${id}`, { name: "Renamed" });
  expect(await importKeys(portcullis, [same])).toMatchObject([unchanged]);
  const changed = [{ name: "Other" }, { rateLimit: null }, { vaults: ["vault_1"] }, { expiresAt: null }];
  const told = await importKeys(
    portcullis,
    changed.map((change) => ({ ...same, ...change })),
  );
  expect(told).toEqual(
    changed.map((_, i) => ({
      line: i + 1,
      status: "refused",
      keyId: id,
      error: expect.stringMatching(/other values/),
    })),
  );
  const { name } = await (await portcullis.manage("GET", `/-/api-keys/${id}`)).json<{ name: string }>();
  expect(name).toBe("Renamed");
});

test("a revoked key is never brought back", async () => {
  const { id, key } = await imported();
  await portcullis.manage("DELETE", `/-/api-keys/${id}`);
  expect(await importOne(key)).toEqual({
    line: 1,
    status: "refused",
    keyId: id,
    error: expect.stringMatching(/revoked/),
  });
  expect(await outcomeOf(key)).toEqual([401, "api_key_revoked"]);
});

test("each line is taken or refused by itself, and says all that is wrong with it without repeating it", async () => {
  const key = foreignKey();
  const own = "fkc_3fA9xKq20LmZ";
  const line = (changes: object): object => importLine(foreignKey(), changes);
  const cases: [object | string, RegExp | null][] = [
    [importLine(key), null],
    ["{", /not JSON/],
    ["7", /./],
    [`{"a":${"[".repeat(70)}${"]".repeat(70)}}`, /nested/],
    [line({ hash: "abc", vault: 1, name: "" }), /hash: .*name: .*vault/],
    [line({ hash: undefined }), /^hash: /],
    [line({ keyPrefix: "a b" }), /^keyPrefix: /],
    [line({ keyPrefix: own }), /^keyPrefix: .*own/],
    [importLine("abcdefghijklmnopq", { keyPrefix: "abcdefghijklmnopq" }), /^keyPrefix: .*itself/],
    [importLine("abcdefghijklmnopr", { name: " abcdefghijklmnopr" }), /^name: .*itself/],
    [importLine("abcdefghijklmnops", { description: "abcdefghijklmnops" }), /^description: .*itself/],
    [line({ scopes: ["nothing:read"] }), /^scopes: /],
    [line({ vaults: ["a/b"] }), /^vaults: /],
    [line({ vaults: undefined }), /^vaults: must be a list/],
    [line({ allowedIps: ["10.0.0.1/8"] }), /^allowedIps: /],
    [line({ expiresAt: "2020-01-01T00:00:00Z" }), /^expiresAt: .*future/],
    [line({ rateLimit: { requests: 0, windowSeconds: 1 } }), /^rateLimit/],
    [line({ ownerId: "nobody" }), /^ownerId: /],
    [line({ orgId: "org_nowhere" }), /^orgId: /],
    [line({ orgId: "no org" }), /^orgId: /],
    [line({ description: "x".repeat(40_000) }), /characters/],
    [line({ description: `fkc_${"0".repeat(12)}` }), null],
    [importLine(key), null],
  ];
  const results = await importKeys(
    portcullis,
    cases.map(([each]) => each),
  );
  expect(results.map(({ line: n }) => n)).toEqual(cases.map((_, i) => i + 1));
  for (const [i, [, problem]] of cases.entries()) {
    const { status, error } = results[i] as ImportResultLine;
    if (problem === null)
      expect([status, error]).toEqual([i === cases.length - 1 ? "unchanged" : "imported", null]);
    else {
      expect([i, status]).toEqual([i, "refused"]);
      expect(error).toMatch(problem);
    }
  }
  expect(JSON.stringify(results)).not.toContain("abcdefghijklmnopq");
});

test("owners are held to their roles, and not to how many keys they have", async () => {
  const as = (claims: object) => portcullis.issuer.token(adminClaims({ roles: [], ...claims }));
  const sub = "bob";
  await portcullis.call("GET", "/-/me", { as: await as({ sub, vault_roles: { vault_1: ["developer"] } }) });
  await portcullis.call("GET", "/-/me", { as: await as({ sub: "carol", vault_roles: {} }) });
  const owned = (changes: object) =>
    importLine(foreignKey(), { ownerId: sub, vaults: ["vault_1"], ...changes });
  const results = await importKeys(portcullis, [
    ...Array.from({ length: 5 }, () => owned({})),
    owned({ vaults: ["vault_2"] }),
    owned({ ownerId: "carol", vaults: "*" }),
  ]);
  expect(results.map(({ status }) => status)).toEqual([
    ...Array<string>(5).fill("imported"),
    "refused",
    "refused",
  ]);
  expect(results.slice(5).map(({ error }) => error?.split(":")[0])).toEqual(["vaults", "ownerId"]);
});

test("a key of one organisation cannot be imported into another, and leaves nothing there", async () => {
  const { id, key } = await imported();
  const as = await portcullis.issuer.token(adminClaims({ org_id: "org_other" }));
  await portcullis.call("POST", "/-/organization/bootstrap", { as });
  for (let i = 0; i < 2; i++) {
    expect(await importOne(key, { orgId: "org_other" })).toMatchObject({ status: "refused", keyId: id });
  }
  expect(await outcomeOf(key)).toEqual([200, null]);
  const list = await portcullis.call("GET", "/-/api-keys?owner=*&status=all", { as });
  expect(await list.json()).toMatchObject({ data: [] });
});

test("an imported key is a key like all others", async () => {
  const { id, key, version } = await imported({ expiresAt: null, allowedIps: ["203.0.113.0/24"] });
  expect(await outcomeOf(key)).toEqual([403, "ip_not_allowed"]);
  await portcullis.manage("PATCH", `/-/api-keys/${id}`, { allowedIps: [] });
  expect(await outcomeOf(key)).toEqual([200, null]);
  const { access_token: token } = await exchange(portcullis, { id, key, version });
  expect(await outcomeOf(token)).toEqual([200, null]);
  const told = await postForm(portcullis, "introspect", { token: key }, { client: { id, key, version } });
  expect(await told.json()).toMatchObject({ active: true, client_id: id });
  const found = await portcullis.manage("POST", "/-/api-keys/search", { key });
  expect(await found.json()).toMatchObject({ data: [{ id, keyPrefix: "sk_live_", expiresAt: null }] });
  const audit = await portcullis.manage("GET", `/-/audit-events?target=${id}&action=api_key.imported`);
  expect(await audit.json()).toMatchObject({ data: [{ actor: { id: OPERATOR.sub }, target: id }] });
  await portcullis.manage("PATCH", `/-/api-keys/${id}`, { disabled: true });
  expect([await outcomeOf(key), await outcomeOf(token)]).toEqual([
    [401, "api_key_disabled"],
    [401, "api_key_disabled"],
  ]);
});

describe("by its string alone an imported key is cut, where such keys are refused, too,", () => {
  test.each([
    {
      name: "by an operator",
      cut: async (key: string, edge: number) => {
        const as = await portcullis.issuer.token(OPERATOR);
        const body = { targets: [{ key }], reason: "leaked" };
        const answer = await portcullis.call("POST", "/-/ops/revocations", { as, body, edge });
        expect(await answer.json()).toMatchObject({ summary: { confirmed: 1 } });
      },
    },
    {
      name: "by the report of a leak",
      cut: async (token: string, edge: number) => {
        const as = await portcullis.issuer.token(OPERATOR);
        const body = { leaks: [{ token }] };
        const answer = await portcullis.call("POST", "/-/ops/leaks", { as, body, edge });
        expect(await answer.json()).toMatchObject({ results: [{ label: "true_positive" }] });
      },
    },
    {
      name: "by whoever holds it",
      cut: (token: string, edge: number) => postForm(portcullis, "revoke", { token }, { edge }),
    },
  ])("$name", async ({ cut }) => {
    for (const [key, edge] of [
      [foreignKey(), 0],
      [foreignKey("a.b."), 0],
      [foreignKey(), OFF],
    ] as const) {
      const { keyId } = await importOne(key, { keyPrefix: "any" });
      expect(await outcomeOf(key)).toEqual([200, null]);
      await cut(key, edge);
      expect(await outcomeOf(key)).toEqual([401, "api_key_revoked"]);
      const shown = await portcullis.manage("GET", `/-/api-keys/${keyId}`);
      expect(await shown.json()).toMatchObject({ status: "revoked" });
    }
  });
});

test("a request that holds its own imported key in the URL, too, is not passed on, and no log holds the key", async () => {
  const { key } = await imported();
  for (const inUrl of [key, key.replaceAll("_", "%5F")]) {
    expect(await outcomeOf(key, { path: `${PATH}?api_key=${inUrl}` })).toEqual([400, "credential_in_url"]);
  }
  expect(await outcomeOf(key)).toEqual([200, null]);
  expect(portcullis.logs.join("\n")).not.toContain(key.slice(-20));
});

test("strings that nobody was given are bounded as made-up keys are, and good keys go on", async () => {
  const from = freshAddress();
  const { key } = await imported();
  expect(await outcomeOf(key, { from })).toEqual([200, null]);
  const codes = new Set<unknown>();
  // A minute may end meanwhile: two have room for twice 60.
  for (let i = 0; i < 130 && !codes.has("too_many_failures"); i++) {
    codes.add((await outcomeOf(foreignKey(), { from }))[1]);
  }
  expect(codes).toEqual(new Set(["api_key_invalid", "too_many_failures"]));
  expect(await outcomeOf(key, { from })).toEqual([200, null]);
});

test("each line is answered before the next one comes, however slowly they are sent", async () => {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const send = (line: object) => writer.write(new TextEncoder().encode(`${JSON.stringify(line)}\n`));
  const sent = send(importLine(foreignKey()));
  const response = await fetch(`${portcullis.edges[0]}/-/ops/imports`, {
    method: "POST",
    headers: {
      Authorization: `Bearer ${await portcullis.issuer.token(OPERATOR)}`,
      "Content-Type": NDJSON,
    },
    body: readable,
    duplex: "half",
  } as RequestInit);
  await sent;
  const answers = (response.body as ReadableStream<Uint8Array>)
    .pipeThrough(new TextDecoderStream())
    .getReader();
  expect((await answers.read()).value).toContain('"line":1,"status":"imported"');
  await send({ nothing: true });
  expect((await answers.read()).value).toContain('"line":2,"status":"refused"');
  await writer.close();
  expect(await answers.read()).toMatchObject({ done: true });
});

test("an owner beyond the limit by import rotates each key at once, and one at a time with an overlap", async () => {
  const keys = [await imported(), await imported(), await imported(), await imported()];
  const rotate = async (nth: number, overlap: string) => {
    const answer = await portcullis.manage("POST", `/-/api-keys/${keys[nth]?.id}/rotate`, { overlap });
    const { error } = await answer.json<{ error?: { code: string } }>();
    return [answer.status, error?.code ?? null];
  };
  expect(await rotate(0, "0")).toEqual([201, null]);
  expect(await outcomeOf(String(keys[0]?.key))).toEqual([401, "api_key_revoked"]);
  const atOnce = await Promise.all([rotate(1, "1h"), rotate(2, "1h")]);
  expect(new Set(atOnce.map(([status]) => status))).toEqual(new Set([201, 409]));
  expect(await rotate(atOnce[0]?.[0] === 409 ? 1 : 2, "1h")).toEqual([409, "key_limit_reached"]);
  expect(await rotate(3, "0")).toEqual([201, null]);
});

test("only operators import", async () => {
  const answer = await portcullis.manage("POST", "/-/ops/imports", importLine(foreignKey()));
  expect([answer.status, await answer.json()]).toMatchObject([403, { error: { code: "role_required" } }]);
});

test("the id follows from the hash: whoever has the string needs no look-up", async () => {
  const key = foreignKey();
  const { keyId } = await importOne(key);
  let rest = BigInt(`0x${createHash("sha256").update(key).digest("hex").slice(0, 32)}`);
  const letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  let id = "";
  for (let i = 0; i < 12; i++) [id, rest] = [id + letters.charAt(Number(rest % 62n)), rest / 62n];
  expect(keyId).toBe(`key_${id}`);
});
