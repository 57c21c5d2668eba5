import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { adminClaims } from "../support/issuer.ts";
import { OPERATOR, registeredOrganizations } from "../support/operators.ts";
import { freshAddress, startPortcullis, type CreatedKey, type Portcullis } from "../support/portcullis.ts";
import { killRuntimes } from "../support/runtime.ts";

const ORGANIZATIONS = 8;
/** One erasure begins so long after another, so that the kill meets each at a step of its own. */
const APART_MS = 12;

async function erase(portcullis: Portcullis, orgId: string): Promise<number | null> {
  const as = await portcullis.issuer.token(OPERATOR);
  const answer = await portcullis
    .call("DELETE", `/-/organization?orgId=${orgId}`, { as, from: freshAddress() })
    .catch(() => null);
  return answer?.status ?? null;
}

async function organizationWithKey(portcullis: Portcullis, orgId: string): Promise<CreatedKey> {
  const as = await portcullis.issuer.token(adminClaims({ org_id: orgId }));
  await portcullis.call("POST", "/-/organization/bootstrap", { as });
  const body = { name: "Leaves", scopes: ["vault:read"], vaults: "*" };
  return await (await portcullis.call("POST", "/-/api-keys", { as, body })).json<CreatedKey>();
}

test("erasures that are killed at any step are done by repeating them, and no key of theirs lives", async () => {
  const directory = mkdtempSync(join(tmpdir(), "portcullis-erasure-"));
  const stateDir = join(directory, "state");
  const ids = Array.from({ length: ORGANIZATIONS }, (_, i) => `org_leaves_${i}`);
  let portcullis = await startPortcullis({ stateDir });
  const keys = await Promise.all(ids.map((id) => organizationWithKey(portcullis, id)));
  const before = portcullis;
  const erasures = ids.map(async (id, i) => {
    await sleep(i * APART_MS);
    return erase(before, id);
  });
  await sleep(ORGANIZATIONS * APART_MS);
  killRuntimes();
  const statuses = await Promise.all(erasures);
  expect(statuses, "some were under way").toContain(null);
  await portcullis.stop();

  portcullis = await startPortcullis({ stateDir });
  try {
    for (const id of ids) expect(await erase(portcullis, id)).toBe(200);
    for (const { key } of keys) {
      const answer = await portcullis.call("GET", "/v1/networks", { as: key, from: freshAddress() });
      expect(await answer.json()).toMatchObject({ error: { code: "api_key_revoked" } });
    }
    const left = await registeredOrganizations(portcullis);
    expect(left.filter((id) => ids.includes(id))).toEqual([]);
  } finally {
    await portcullis.stop();
    rmSync(directory, { recursive: true });
  }
}, 120_000);
