import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { foreignKey, importKeys, importLine } from "../support/imports.ts";
import { swapSecret } from "../support/key-strings.ts";
import { eventually, OPERATOR, registeredOrganizations } from "../support/operators.ts";
import { freshAddress, startPortcullis, type CreatedKey, type Portcullis } from "../support/portcullis.ts";

/** The second edge has the setting that the runbook says to set where keys have been imported. */
const [UNSET, ON] = [0, 1];
const EDGES = [{}, { vars: { IMPORTED_KEYS: "on" } }];

let directory: string;
let portcullis: Portcullis;
let live: CreatedKey;
let revoked: CreatedKey;
const foreign = foreignKey();

/** Keys are made, one is revoked and one imported; then another KV namespace, with nothing in it, takes the place of the one before. */
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "portcullis-kv-"));
  const stateDir = join(directory, "state");
  portcullis = await startPortcullis({ edges: EDGES, stateDir });
  [live, revoked] = [await portcullis.createKey(), await portcullis.createKey()];
  await portcullis.manage("DELETE", `/-/api-keys/${revoked.id}`);
  await importKeys(portcullis, [importLine(foreign)]);
  await eventually(async () => (await registeredOrganizations(portcullis)).length > 0);
  await portcullis.stop();
  for (const name of readdirSync(stateDir).filter((each) => each.includes("kv"))) {
    rmSync(join(stateDir, name), { recursive: true });
  }
  portcullis = await startPortcullis({ edges: EDGES, stateDir });
});
afterAll(async () => {
  await portcullis.stop();
  rmSync(directory, { recursive: true });
});

async function use(credential: string, edge = UNSET): Promise<string | number> {
  const answer = await portcullis.call("GET", "/v1/networks", { as: credential, edge, from: freshAddress() });
  const { error } = await answer.json<{ error?: { code: string } }>();
  return error?.code ?? answer.status;
}

test("what was allowed is allowed, what was revoked is dead, and new keys are made", async () => {
  expect(await registeredOrganizations(portcullis)).toEqual([]);
  expect(await use(live.key)).toBe(200);
  expect(await use(revoked.key)).toBe("api_key_revoked");
  expect(await use(swapSecret(live.key, revoked.key))).toBe("api_key_invalid");
  expect(await use((await portcullis.createKey()).key)).toBe(200);
});

test("imported keys need the setting, until a reconcile has noted them and registered the guards anew", async () => {
  expect([await use(foreign), await use(foreign, ON)]).toEqual(["credential_malformed", 200]);
  const answer = await portcullis.call("POST", "/-/ops/reconciliations", {
    as: await portcullis.issuer.token(OPERATOR),
    body: { orgId: "org_test", fix: true },
  });
  const { differences } = await answer.json<{
    differences: { keyId: string; difference: string; settled: boolean }[];
  }>();
  const of = differences.filter(({ keyId }) => [live.id, revoked.id].includes(keyId));
  expect(of.map(({ difference, settled }) => [difference, settled])).toEqual([
    ["differs_from_kv", true],
    ["differs_from_kv", true],
  ]);
  await eventually(async () => (await use(foreign)) === 200);
  await eventually(async () => (await registeredOrganizations(portcullis)).includes("org_test"));
});
