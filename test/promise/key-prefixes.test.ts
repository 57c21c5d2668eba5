import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { operatorOf, OPERATOR } from "../support/operators.ts";
import { freshAddress, startPortcullis, type CreatedKey, type Portcullis } from "../support/portcullis.ts";
import { exchange, postForm } from "../support/tokens.ts";

const PATH = "/v1/vaults/vault_1";

let stateDir: string;
let portcullis: Portcullis;
/** Keys that were made while `KEY_PREFIX` was still `fkc`. */
let old: CreatedKey[];

beforeAll(async () => {
  stateDir = mkdtempSync(join(tmpdir(), "portcullis-prefixes-"));
  const before = await startPortcullis({ stateDir });
  old = await Promise.all(Array.from({ length: 5 }, () => before.createKey()));
  await before.stop();
  portcullis = await startPortcullis({
    stateDir,
    vars: { KEY_PREFIX: "live", KEY_PREFIXES_ACCEPTED: "fkc,older" },
  });
});
afterAll(async () => {
  await portcullis.stop();
  rmSync(stateDir, { recursive: true });
});

function oldKey(n: number): CreatedKey {
  return old[n] as CreatedKey;
}

async function outcomeOf(credential: string): Promise<[number, string | null]> {
  const answer = await portcullis.call("GET", PATH, { as: credential, from: freshAddress() });
  const { error } = (await answer.json()) as { error?: { code: string } };
  return [answer.status, error?.code ?? null];
}

test("after a change of the prefix new keys have the new one, and keys of the old one go on", async () => {
  const created = await portcullis.createKey();
  expect(created.key).toMatch(/^live_/);
  expect(await outcomeOf(created.key)).toEqual([200, null]);
  expect(await outcomeOf(oldKey(0).key)).toEqual([200, null]);
  expect(await outcomeOf(oldKey(0).key.replace("fkc_", "older_"))).toEqual([401, "api_key_invalid"]);
  expect(await outcomeOf(oldKey(0).key.replace("fkc_", "gone_"))).toEqual([401, "credential_malformed"]);
});

test("tokens are made of such a key, and it is told of as it is", async () => {
  const { access_token: token } = await exchange(portcullis, oldKey(0));
  expect(await outcomeOf(token)).toEqual([200, null]);
  const answer = await postForm(portcullis, "introspect", { token: oldKey(0).key }, { client: oldKey(0) });
  expect(await answer.json()).toMatchObject({ active: true, client_id: oldKey(0).id });
  const found = await portcullis.manage("POST", "/-/api-keys/search", { key: oldKey(0).key });
  expect(await found.json()).toMatchObject({ data: [{ id: oldKey(0).id }] });
});

test("such a key is no more let through in a URL or in a field than one of today", async () => {
  for (const path of [`${PATH}?k=${oldKey(0).key}`, `/-/api-keys?q=${oldKey(0).key}`]) {
    expect((await portcullis.call("GET", path, { as: oldKey(0).key })).status).toBe(400);
  }
  const named = await portcullis.manage("POST", "/-/service-users", {
    name: oldKey(0).key,
    vaultRoles: { "*": ["developer"] },
    active: true,
  });
  expect([named.status, await named.json()]).toMatchObject([
    422,
    { error: { code: "invalid_value", details: { field: "name" } } },
  ]);
});

test.each([
  {
    name: "an operator who has the key itself",
    n: 1,
    cut: ({ key }: CreatedKey) => operatorOf(portcullis).revoke([{ key }]),
  },
  {
    name: "the report of a leak",
    n: 2,
    cut: async ({ key: token }: CreatedKey) => {
      const as = await portcullis.issuer.token(OPERATOR);
      await portcullis.call("POST", "/-/ops/leaks", { as, body: { leaks: [{ token }] } });
    },
  },
  {
    name: "whoever holds it",
    n: 3,
    cut: ({ key: token }: CreatedKey) => postForm(portcullis, "revoke", { token }),
  },
])("$name cuts such a key", async ({ n, cut }) => {
  await cut(oldKey(n));
  expect(await outcomeOf(oldKey(n).key)).toEqual([401, "api_key_revoked"]);
});

test("the successor of such a key has the prefix of today", async () => {
  const answer = await portcullis.manage("POST", `/-/api-keys/${oldKey(4).id}/rotate`, { overlap: "1h" });
  expect(((await answer.json()) as CreatedKey).key).toMatch(/^live_/);
  expect(await outcomeOf(oldKey(4).key)).toEqual([200, null]);
});

test("no log line holds a secret of such a key", () => {
  const logs = portcullis.logs.join("\n");
  for (const { key } of old) expect(logs).not.toContain(key.slice(-38));
});
