import { crc32 } from "node:zlib";
import { describe, expect, test } from "vitest";
import { generateKey } from "../../src/core/key/key-secret.ts";

import { operatorOf, OPERATOR } from "../support/operators.ts";
import type { CreatedKey } from "../support/portcullis.ts";
import { useControl } from "../support/started.ts";

const portcullis = await useControl();
const operator = operatorOf(portcullis);

const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

function revoked(target: number, keyId: string) {
  return { target, keyId, status: "revoked", requestedAt: TIME, effectiveAt: TIME, version: 2 };
}

function notFound(target: number, keyId: string | null = null) {
  return { target, keyId, status: "not_found", requestedAt: null, effectiveAt: null, version: null };
}

async function statusOf(key: CreatedKey): Promise<number> {
  return (await portcullis.call("GET", "/v1/vaults/vault_1", { as: key.key })).status;
}

/** An organisation of its own, with a key of each of two owners. */
async function newOrganization(orgId: string) {
  const keys: CreatedKey[] = [];
  for (const sub of ["ann", "ben"]) {
    const as = await portcullis.issuer.token({
      sub,
      org_id: orgId,
      roles: ["admin"],
      vault_roles: { "*": ["developer"] },
      amr: ["mfa"],
      auth_time: Math.floor(Date.now() / 1000),
    });
    await portcullis.call("POST", "/-/organization/bootstrap", { as });
    const body = { name: sub, scopes: ["vault:read"], vaults: "*" };
    const response = await portcullis.call("POST", "/-/api-keys", { as, body });
    keys.push(await response.json<CreatedKey>());
  }
  return keys as [CreatedKey, CreatedKey];
}

describe("an operator cuts off", () => {
  test("a key by its id", async () => {
    const key = await portcullis.createKey();
    expect(await statusOf(key)).toBe(200);
    expect(await operator.revoke([{ keyId: key.id }])).toEqual({
      dryRun: false,
      summary: { matched: 1, confirmed: 1, unconfirmed: 0, notFound: 0 },
      results: [revoked(0, key.id)],
    });
    expect(await statusOf(key)).toBe(401);
  });

  test("a key by the leaked key itself, as it was pasted, which the answer does not repeat", async () => {
    const key = await portcullis.createKey();
    const response = await operator.call("POST", { targets: [{ key: ` ${key.key}\n` }], reason: "Leaked" });
    const text = await response.text();
    expect(JSON.parse(text)).toMatchObject({ results: [revoked(0, key.id)] });
    expect(text).not.toContain(key.key);
    expect(await statusOf(key)).toBe(401);
  });

  test("the keys of one owner, and nobody else's", async () => {
    const [anns, bens] = await newOrganization("org_owner");
    const answer = await operator.revoke([{ orgId: "org_owner", ownerId: "ann" }]);
    expect(answer.results).toEqual([revoked(0, anns.id)]);
    expect(await Promise.all([statusOf(anns), statusOf(bens)])).toEqual([401, 200]);
  });

  test("the keys of a whole organisation, and no other's", async () => {
    const keys = await newOrganization("org_whole");
    const other = await portcullis.createKey();
    const answer = await operator.revoke([{ orgId: "org_whole" }]);
    const expected = keys.map(({ id }) => revoked(0, id));
    expect(answer.results).toHaveLength(2);
    expect(answer.results).toEqual(expect.arrayContaining(expected));
    expect(await Promise.all([...keys, other].map(statusOf))).toEqual([401, 401, 200]);
  });

  test("what is known among what is not, each told by its place in the request", async () => {
    const [anns] = await newOrganization("org_mixed");
    const key = await portcullis.createKey();
    const secretOfAnother = generateKey("fkc");
    const mistyped = `${key.key.slice(0, -1)}${key.key.endsWith("0") ? "1" : "0"}`;
    const answer = await operator.revoke([
      { keyId: "key_000000000000" },
      { keyId: key.id },
      { keyId: "no key id at all" },
      { key: secretOfAnother.key },
      { key: mistyped },
      { orgId: "org_nobody" },
      { orgId: "org_mixed", ownerId: "nobody" },
      { orgId: "org_mixed", ownerId: "ann" },
      { orgId: "no organisation id" },
    ]);
    expect(answer).toEqual({
      dryRun: false,
      summary: { matched: 2, confirmed: 2, unconfirmed: 0, notFound: 7 },
      results: [
        notFound(0, "key_000000000000"),
        revoked(1, key.id),
        notFound(2),
        notFound(3, secretOfAnother.id),
        notFound(4),
        notFound(5),
        notFound(6),
        revoked(7, anns.id),
        notFound(8),
      ],
    });
  });

  test("nothing with a key's id and another secret, however well-formed", async () => {
    const key = await portcullis.createKey();
    const forged = forgeKey(key);
    expect((await operator.revoke([{ key: forged }])).results).toEqual([notFound(0, key.id)]);
    expect(await statusOf(key)).toBe(200);
  });
});

describe("the record of the organisation", () => {
  test("says who revoked the key, why and when, and a later revocation gets the same receipt", async () => {
    const key = await portcullis.createKey();
    const [result] = (await operator.revoke([{ keyId: key.id }], { reason: "Found on a forum" })).results;
    const page = await (await portcullis.manage("GET", `/-/api-keys/${key.id}`)).json();
    expect(page).toMatchObject({
      status: "revoked",
      revokedAt: result?.requestedAt,
      revokedBy: "olga",
      revocationReason: "Found on a forum",
      version: 2,
    });
    const { target: _, ...receipt } = result ?? {};
    expect(await (await portcullis.manage("DELETE", `/-/api-keys/${key.id}`)).json()).toEqual(receipt);
  });

  test("has an audit event of the operator, once", async () => {
    const key = await portcullis.createKey();
    await operator.revoke([{ keyId: key.id }]);
    await operator.revoke([{ keyId: key.id }]);
    const response = await portcullis.manage(
      "GET",
      `/-/audit-events?target=${key.id}&action=api_key.revoked`,
    );
    const { data } = await response.json<{ data: object[] }>();
    expect(data).toEqual([
      expect.objectContaining({
        actor: { id: "olga", name: "Olga" },
        before: expect.objectContaining({ revokedAt: null }),
        after: expect.objectContaining({ revokedBy: "olga", revocationReason: "Leaked" }),
      }),
    ]);
  });

  test("keeps who revoked a key first", async () => {
    const key = await portcullis.createKey();
    const receipt = await (await portcullis.manage("DELETE", `/-/api-keys/${key.id}`)).json<object>();
    expect((await operator.revoke([{ keyId: key.id }])).results).toEqual([{ target: 0, ...receipt }]);
    const page = await (await portcullis.manage("GET", `/-/api-keys/${key.id}`)).json();
    expect(page).toMatchObject({ revokedBy: "alice", revocationReason: null });
  });
});

describe("repeating a request", () => {
  test("gives the same receipts, for every kind of target", async () => {
    const [anns] = await newOrganization("org_again");
    const key = await portcullis.createKey();
    const targets = [
      { keyId: key.id },
      { key: key.key },
      { orgId: "org_again", ownerId: "ann" },
      { orgId: "org_again" },
    ];
    const first = await operator.revoke(targets);
    expect(first.results.map(({ keyId }) => keyId)).toContain(anns.id);
    const byTarget = (answer: typeof first) =>
      answer.results.toSorted((a, b) => a.target - b.target || ((a.keyId ?? "") < (b.keyId ?? "") ? -1 : 1));
    expect(byTarget(await operator.revoke(targets))).toEqual(byTarget(first));
  });
});

describe("a dry run", () => {
  test("tells what would be revoked, changes nothing and goes on no record", async () => {
    const [anns, bens] = await newOrganization("org_dry");
    const dead = await portcullis.createKey();
    const [before] = (await operator.revoke([{ keyId: dead.id }])).results;
    const key = await portcullis.createKey();
    const answer = await operator.revoke(
      [{ keyId: key.id }, { key: forgeKey(key) }, { orgId: "org_dry" }, { keyId: dead.id }],
      { dryRun: true },
    );
    expect(answer.dryRun).toBe(true);
    expect(answer.summary).toEqual({ matched: 4, confirmed: 1, unconfirmed: 0, notFound: 1 });
    const wouldRevoke = (target: number, keyId: string) => ({
      ...notFound(target, keyId),
      status: "would_revoke",
    });
    expect(answer.results).toHaveLength(5);
    expect(answer.results).toEqual(
      expect.arrayContaining([
        wouldRevoke(0, key.id),
        notFound(1, key.id),
        wouldRevoke(2, anns.id),
        wouldRevoke(2, bens.id),
        { ...before, target: 3 },
      ]),
    );
    expect(await Promise.all([key, anns, bens].map(statusOf))).toEqual([200, 200, 200]);
    expect(await operator.list("all", key.id)).toEqual([]);
  });
});

describe("the list", () => {
  test("has every key that was cut, the newest first, over pages that fit together", async () => {
    const keys = [await portcullis.createKey(), await portcullis.createKey(), await portcullis.createKey()];
    // What moves a terminal or cannot be seen is left out of a reason, and the key is cut.
    const reasonFor = (id: string) => `\u202eFor\n\u200b ${id}\u001b\u0000`;
    for (const { id } of keys) await operator.revoke([{ keyId: id }], { reason: reasonFor(id) });
    const seen: unknown[] = [];
    let cursor = "";
    while (seen.length < 3) {
      const response = await operator.call("GET", undefined, undefined, `?status=confirmed&limit=2${cursor}`);
      const page = await response.json<{ data: object[]; pagination: { nextCursor: string } }>();
      expect(page.data).toHaveLength(2);
      seen.push(...page.data);
      cursor = `&nextCursor=${page.pagination.nextCursor}`;
    }
    const expected = keys.toReversed().map(({ id }) => ({
      ...revoked(0, id),
      requestId: expect.any(String),
      orgId: "org_test",
      ownerId: null,
      reason: `For ${id}`,
      operator: { id: "olga", name: "Olga" },
      failures: 0,
      organizationTold: true,
    }));
    expect(seen.slice(0, 3)).toEqual(expected);
  });

  test.each(["?status=dead", "?limit=0", "?nextCursor=x", "?owner=ann"])("refuses %s", async (query) => {
    expect((await operator.call("GET", undefined, undefined, query)).status).toBe(400);
  });
});

describe("a request", () => {
  const target = { keyId: "key_000000000000" };
  test.each([
    ["without targets", { reason: "x" }, 400],
    ["with no target", { targets: [], reason: "x" }, 422],
    ["without a reason", { targets: [target] }, 400],
    ["with an empty reason", { targets: [target], reason: "  " }, 422],
    ["with a reason that cannot be seen", { targets: [target], reason: "\u200b\u0007" }, 422],
    ["with too long a reason", { targets: [target], reason: "x".repeat(501) }, 422],
    ["with an unknown field", { targets: [target], reason: "x", force: true }, 400],
    ["with a target that is none", { targets: [{}], reason: "x" }, 400],
    ["with a target that is two", { targets: [{ ...target, orgId: "org_1" }], reason: "x" }, 400],
    ["with an owner of no organisation", { targets: [{ ownerId: "ann" }], reason: "x" }, 400],
  ])("%s is refused", async (_, body, status) => {
    expect((await operator.call("POST", body)).status).toBe(status);
  });

  test("of 10,000 targets is served, of one more refused", async () => {
    // Every guard is asked ten times: one local runtime cannot hold ten thousand objects open.
    const targets = Array.from({ length: 10_000 }, (_, i) => ({ keyId: `key_${i % 1000}`.padEnd(16, "x") }));
    const answer = await operator.revoke(targets);
    expect(answer.summary).toEqual({ matched: 0, confirmed: 0, unconfirmed: 0, notFound: 10_000 });
    expect(answer.results.map(({ keyId }) => keyId)).toEqual(targets.map(({ keyId }) => keyId));
    const response = await operator.call("POST", { targets: [...targets, target], reason: "x" });
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({
      error: { code: "invalid_value", details: { field: "targets" } },
    });
  });

  test.each([
    ["POST", "without a token", undefined, 401, "credential_missing"],
    ["GET", "without a token", undefined, 401, "credential_missing"],
    ["POST", "of an admin who is no operator", { scope: "openid portcullis:opsx" }, 403, "role_required"],
    ["GET", "of an admin who is no operator", { scope: "openid portcullis:opsx" }, 403, "role_required"],
  ])("%s %s is refused", async (method, _, claims, status, code) => {
    const as = claims && (await portcullis.issuer.token({ ...OPERATOR, roles: ["admin"], ...claims }));
    const key = await portcullis.createKey();
    const response = await portcullis.call(method, "/-/ops/revocations", {
      ...(as !== undefined && { as }),
      ...(method === "POST" && { body: { targets: [{ keyId: key.id }], reason: "x" } }),
    });
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error: { code } });
    expect(await statusOf(key)).toBe(200);
  });
});

const LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** A key string with a key's id that is right in every way but for its secret. */
function forgeKey({ id }: CreatedKey): string {
  const body = `fkc_${id.slice("key_".length)}${"x".repeat(32)}`;
  const digits = Array.from({ length: 6 }, (_, i) =>
    LETTERS.charAt(Math.floor(crc32(body) / 62 ** (5 - i)) % 62),
  );
  return body + digits.join("");
}
