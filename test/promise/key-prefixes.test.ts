import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readTargets } from "../../src/cli/targets.ts";
import { foreignKey, importKeys, importLine } from "../support/imports.ts";
import { operatorOf, OPERATOR } from "../support/operators.ts";
import { freshAddress, startPortcullis, type CreatedKey, type Portcullis } from "../support/portcullis.ts";
import { exchange, postForm } from "../support/tokens.ts";

const PATH = "/v1/vaults/vault_1";

/** What keys began with, from the first day on: the later ones begin as public ids do, or begin an earlier one. */
const EARLIER = ["fkc", "key"];
const TODAY = "fk";

let stateDir: string;
let portcullis: Portcullis;
/** Keys of earlier days, by their prefix. */
const made: Record<string, CreatedKey[]> = {};

beforeAll(async () => {
  stateDir = mkdtempSync(join(tmpdir(), "portcullis-prefixes-"));
  for (const [i, prefix] of EARLIER.entries()) {
    const accepted = EARLIER.slice(0, i).join(",");
    const before = await startPortcullis({
      stateDir,
      vars: { KEY_PREFIX: prefix, KEY_PREFIXES_ACCEPTED: accepted },
    });
    made[prefix] = await Promise.all(Array.from({ length: 5 }, () => before.createKey()));
    await before.stop();
  }
  portcullis = await startPortcullis({
    stateDir,
    vars: { KEY_PREFIX: TODAY, KEY_PREFIXES_ACCEPTED: `${EARLIER.join(", ")},older` },
  });
});
afterAll(async () => {
  await portcullis.stop();
  rmSync(stateDir, { recursive: true });
});

async function outcomeOf(credential: string): Promise<[number, string | null]> {
  const answer = await portcullis.call("GET", PATH, { as: credential, from: freshAddress() });
  const { error } = await answer.json<{ error?: { code: string } }>();
  return [answer.status, error?.code ?? null];
}

test("after changes of the prefix new keys have the latest", async () => {
  const { key } = await portcullis.createKey();
  expect(key).toMatch(/^fk_/);
  expect(await outcomeOf(key)).toEqual([200, null]);
});

describe.each(EARLIER)("keys that begin with %s_", (prefix) => {
  const oldKey = (n: number): CreatedKey => made[prefix]?.[n] as CreatedKey;
  const swap = (key: string, other: string): string => key.replace(`${prefix}_`, `${other}_`);

  test("go on as they were given out, and in no other form", async () => {
    expect(await outcomeOf(oldKey(0).key)).toEqual([200, null]);
    expect(await outcomeOf(swap(oldKey(0).key, "older"))).toEqual([401, "api_key_invalid"]);
    expect(await outcomeOf(swap(oldKey(0).key, TODAY))).toEqual([401, "api_key_invalid"]);
    expect(await outcomeOf(swap(oldKey(0).key, "gone"))).toEqual([401, "credential_malformed"]);
    expect(await outcomeOf(swap(oldKey(0).key, prefix.toUpperCase()))).toEqual([401, "credential_malformed"]);
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

  test("the successor of such a key has the prefix of today", async () => {
    const answer = await portcullis.manage("POST", `/-/api-keys/${oldKey(4).id}/rotate`, { overlap: "1h" });
    expect((await answer.json<CreatedKey>()).key).toMatch(/^fk_/);
    expect(await outcomeOf(oldKey(4).key)).toEqual([200, null]);
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
      name: "an operator who has its public part",
      n: 4,
      cut: ({ id }: CreatedKey) => operatorOf(portcullis).revoke([{ keyId: id }]),
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

  test("are read from a file of the command line as keys, and named without their secret", async () => {
    const file = join(stateDir, "leaked.txt");
    writeFileSync(file, `${oldKey(0).key}\n`);
    const none = { name: "revoke", url: "", token: "", timeoutMs: 1000, output: "json", reason: "" } as const;
    const targets = await readTargets({
      ...none,
      keyIds: [],
      owners: [],
      orgs: [],
      file,
      dryRun: true,
      yes: true,
    });
    expect(targets.map(({ json }) => json)).toEqual([{ key: oldKey(0).key }]);
    expect(JSON.stringify(targets.map(({ label }) => label))).not.toContain(oldKey(0).key.slice(-38));
  });

  test("no log line holds a secret of such a key", () => {
    const logs = portcullis.logs.join("\n");
    for (const { key } of made[prefix] ?? []) expect(logs).not.toContain(key.slice(-38));
  });
});

test.each([...EARLIER, TODAY])(
  "an imported key cannot be shown as one that begins with %s_",
  async (prefix) => {
    const line = importLine(foreignKey(), { keyPrefix: `${prefix}_imported` });
    const [result] = await importKeys(portcullis, [line]);
    expect(result).toMatchObject({
      status: "refused",
      error: expect.stringContaining(`${prefix}_`),
    });
  },
);
