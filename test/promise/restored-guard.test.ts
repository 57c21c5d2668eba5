import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { foreignKey, importKeys, importLine } from "../support/imports.ts";
import { createKeyElsewhere, OPERATOR, operatorOf } from "../support/operators.ts";
import { freshAddress, startPortcullis, type CreatedKey, type Portcullis } from "../support/portcullis.ts";
import { exchange, postForm } from "../support/tokens.ts";

const VAULTS = ["vault_1", "vault_2"];
const NAMES = [
  "cut",
  "holder",
  "operator",
  "narrowed",
  "disabled",
  "renamed",
  "again",
  "exchanged",
  "untouched",
] as const;

let directory: string;
let portcullis: Portcullis;
let keys: Record<(typeof NAMES)[number], CreatedKey>;
/** Made after the copy: the guard has forgotten it. */
let later: CreatedKey;
/** Exchanged for keys that were not cut, the other for the later one, and killed since. */
let token: string;
let lateToken: string;
/** Keys of an organisation that is erased after the copy, one of them imported. */
let left: CreatedKey[];

/**
 * Keys are made, the guards' databases are copied, the keys are changed, and the copies are put back: from here on the
 * guards know nothing of what happened since, and the organisation does.
 */
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "portcullis-guards-"));
  const [stateDir, copy] = [join(directory, "state"), join(directory, "copy")];
  const start = () => startPortcullis({ stateDir, vars: { PUBLIC_ORIGIN: "https://gateway.test" } });
  portcullis = await start();
  const made = await Promise.all(NAMES.map(() => portcullis.createKey({ vaults: VAULTS })));
  keys = Object.fromEntries(NAMES.map((name, i) => [name, made[i]])) as typeof keys;
  left = [await createKeyElsewhere(portcullis), await importElsewhere()];
  await portcullis.stop();
  const guards = guardsDir(stateDir);
  cpSync(guards, copy, { recursive: true });

  portcullis = await start();
  later = await portcullis.createKey();
  ({ access_token: token } = await exchange(portcullis, keys.exchanged));
  ({ access_token: lateToken } = await exchange(portcullis, later));
  const answers = [
    await portcullis.manage("DELETE", `/-/api-keys/${keys.cut.id}`),
    await postForm(portcullis, "revoke", { token: keys.holder.key }),
    await postForm(portcullis, "revoke", { token }),
    await postForm(portcullis, "revoke", { token: lateToken }),
    await operatorOf(portcullis).call("POST", { targets: [{ key: keys.operator.key }], reason: "Leaked" }),
    await portcullis.manage("PATCH", `/-/api-keys/${keys.narrowed.id}`, { vaults: ["vault_1"] }),
    await portcullis.manage("PATCH", `/-/api-keys/${keys.disabled.id}`, { disabled: true }),
    await portcullis.manage("PATCH", `/-/api-keys/${keys.renamed.id}`, { vaults: ["vault_1"] }),
    await portcullis.manage("DELETE", `/-/api-keys/${keys.again.id}`),
    await operate("DELETE", "/-/organization?orgId=org_elsewhere"),
  ];
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  await portcullis.stop();
  rmSync(guards, { recursive: true });
  cpSync(copy, guards, { recursive: true });

  portcullis = await start();
}, 180_000);
afterAll(async () => {
  await portcullis.stop();
  rmSync(directory, { recursive: true, force: true });
});

async function importElsewhere(): Promise<CreatedKey> {
  const key = foreignKey();
  const [result] = await importKeys(portcullis, [importLine(key, { orgId: "org_elsewhere" })]);
  return { id: result?.keyId ?? "", key, version: 1 };
}

async function operate(method: string, path: string, body?: object): Promise<Response> {
  return portcullis.call(method, path, { as: await portcullis.issuer.token(OPERATOR), body });
}

function guardsDir(stateDir: string): string {
  const found = readdirSync(stateDir, { recursive: true, encoding: "utf8" }).find((name) =>
    name.endsWith("-KeyGuard"),
  );
  if (found === undefined) throw new Error("No guard was kept");
  return join(stateDir, found);
}

async function use(credential: string, vault = "vault_1"): Promise<[number, string | null]> {
  const response = await portcullis.call("GET", `/v1/vaults/${vault}`, {
    as: credential,
    from: freshAddress(),
  });
  const { error } = await response.json<{ error?: { code: string } }>();
  return [response.status, error?.code ?? null];
}

interface Found {
  readonly keyId: string;
  readonly difference: string;
  readonly settled: boolean;
}

async function reconcile(fix: boolean, orgId = "org_test"): Promise<Found[]> {
  const response = await operate("POST", "/-/ops/reconciliations", { orgId, fix });
  expect(response.status).toBe(200);
  return (await response.json<{ differences: never[] }>()).differences;
}

test("a change of a key puts in force again what its guard has forgotten", async () => {
  const renamed = await portcullis.manage("PATCH", `/-/api-keys/${keys.renamed.id}`, { name: "Renamed" });
  expect(await renamed.json()).toMatchObject({ name: "Renamed", vaults: ["vault_1"] });
  expect(await use(keys.renamed.key, "vault_2")).toEqual([404, "not_found"]);
  expect(await use(keys.renamed.key)).toEqual([200, null]);
});

test("a revocation that comes again is in force again when it is answered, with the receipt of the first", async () => {
  const shown = await (
    await portcullis.manage("GET", `/-/api-keys/${keys.again.id}`)
  ).json<{
    receipt: object;
  }>();
  const again = await portcullis.manage("DELETE", `/-/api-keys/${keys.again.id}`);
  expect([again.status, await again.json()]).toMatchObject([
    200,
    { keyId: keys.again.id, status: "revoked" },
  ]);
  expect(shown.receipt).toMatchObject({ keyId: keys.again.id, status: "revoked" });
  expect(await use(keys.again.key)).toEqual([401, "api_key_revoked"]);
});

test("reconcile finds what the guards have forgotten, puts it in force, and then nothing differs", async () => {
  // Those that others than the organisation have cut may have been put to the guard again by now.
  const expected = [
    { keyId: keys.cut.id, difference: "differs_from_guard" },
    { keyId: keys.narrowed.id, difference: "differs_from_guard" },
    { keyId: keys.disabled.id, difference: "differs_from_guard" },
    { keyId: later.id, difference: "missing_at_guard" },
    { keyId: keys.exchanged.id, difference: "differs_from_guard" },
  ];
  const found = await reconcile(false);
  expect(found.map(({ keyId, difference }) => ({ keyId, difference }))).toEqual(
    expect.arrayContaining(expected),
  );

  const settled = await reconcile(true);
  expect(settled.filter((difference) => !difference.settled)).toEqual([]);
  for (const key of [keys.cut, keys.holder, keys.operator]) {
    expect(await use(key.key)).toEqual([401, "api_key_revoked"]);
  }
  expect(await use(keys.narrowed.key, "vault_2")).toEqual([404, "not_found"]);
  expect(await use(keys.narrowed.key)).toEqual([200, null]);
  expect(await use(keys.disabled.key)).toEqual([401, "api_key_disabled"]);
  expect(await use(later.key)).toEqual([200, null]);
  for (const killed of [token, lateToken]) expect(await use(killed)).toEqual([401, "access_token_invalid"]);
  expect(await use(keys.exchanged.key)).toEqual([200, null]);
  expect(await use(keys.untouched.key)).toEqual([200, null]);
  expect(await reconcile(false)).toEqual([]);
});

test("keys of an erased organisation that a restored guard lets in again are found by its name among the erased, and die", async () => {
  const list = await operate("GET", "/-/ops/organizations?erased=true");
  expect(await list.json()).toMatchObject({ data: [{ id: "org_elsewhere" }] });
  for (const { key } of left) expect(await use(key)).toEqual([200, null]);
  const found = left.map(({ id }) => ({ keyId: id, difference: "unknown_key" }));
  for (const fix of [false, true]) {
    const differences = await reconcile(fix, "org_elsewhere");
    expect(differences.toSorted(byKey)).toMatchObject(
      found.map((each) => ({ ...each, settled: fix })).toSorted(byKey),
    );
  }
  for (const { key } of left) expect(await use(key)).toEqual([401, "api_key_revoked"]);
  expect(await reconcile(false, "org_elsewhere")).toEqual([]);
});

function byKey(a: { readonly keyId: string }, b: { readonly keyId: string }): number {
  return a.keyId < b.keyId ? -1 : 1;
}
