import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { adminClaims } from "../support/issuer.ts";
import { leftStates } from "../support/left-state.ts";
import { freshAddress, startPortcullis, type CreatedKey, type Portcullis } from "../support/portcullis.ts";

/** The version before, which a rollback has run on what this one has written. */
const LAST = gunzipSync(readFileSync(join(import.meta.dirname, "../fixtures/last-version.js.gz"))).toString();
const VARS = { PUBLIC_ORIGIN: "https://gateway.example.com" };

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "portcullis-rollback-"));
});
afterAll(() => rmSync(directory, { recursive: true }));

async function running<T>(
  worker: string | undefined,
  act: (portcullis: Portcullis) => Promise<T>,
): Promise<T> {
  const edges = [worker === undefined ? {} : { worker }];
  const portcullis = await startPortcullis({ edges, vars: VARS, stateDir: join(directory, "state") });
  try {
    return await act(portcullis);
  } finally {
    await portcullis.stop();
  }
}

async function codesOf(portcullis: Portcullis, keys: readonly CreatedKey[]): Promise<(string | number)[]> {
  const codes: (string | number)[] = [];
  for (const { key } of keys) {
    const answer = await portcullis.call("GET", "/v1/vaults/vault_1", { as: key, from: freshAddress() });
    const { error } = await answer.json<{ error?: { code: string } }>();
    codes.push(error?.code ?? answer.status);
  }
  return codes;
}

async function manage(portcullis: Portcullis, method: string, path: string, body?: object): Promise<void> {
  const as = await portcullis.issuer.token(adminClaims());
  const answer = await portcullis.call(method, path, { as, body });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
}

test("the version before is the newest that has left a state", () => {
  expect(LAST.split("\n", 1)).toEqual([`// ${leftStates().at(-1)}`]);
});

test("forth, back and forth again on one state: what each version has cut, made and changed holds in the next", async () => {
  const dead = "api_key_revoked";
  const first = await running(undefined, async (portcullis) => {
    const keys = await Promise.all([1, 2, 3, 4].map(() => portcullis.createKey()));
    const [cut, disabled, fenced] = keys as [CreatedKey, CreatedKey, CreatedKey, CreatedKey];
    await manage(portcullis, "DELETE", `/-/api-keys/${cut.id}`);
    await manage(portcullis, "PATCH", `/-/api-keys/${disabled.id}`, { disabled: true });
    await manage(portcullis, "PATCH", `/-/api-keys/${fenced.id}`, { allowedIps: ["192.0.2.1"] });
    return keys;
  });
  const outcomes = [dead, "api_key_disabled", "ip_not_allowed", 200];

  const second = await running(LAST, async (portcullis) => {
    expect(await codesOf(portcullis, first)).toEqual(outcomes);
    const keys = await Promise.all([1, 2].map(() => portcullis.createKey()));
    await manage(portcullis, "DELETE", `/-/api-keys/${keys[0]?.id}`);
    await manage(portcullis, "PATCH", `/-/api-keys/${first[1]?.id}`, { disabled: false });
    await manage(portcullis, "DELETE", `/-/api-keys/${first[3]?.id}`);
    return keys;
  });

  await running(undefined, async (portcullis) => {
    expect(await codesOf(portcullis, first)).toEqual([dead, 200, "ip_not_allowed", dead]);
    expect(await codesOf(portcullis, second)).toEqual([dead, 200]);
    const list = await portcullis.manage("GET", "/-/api-keys?status=all&owner=*");
    const { data } = await list.json<{ data: { id: string }[] }>();
    expect(data.map(({ id }) => id).toSorted()).toEqual([...first, ...second].map(({ id }) => id).toSorted());
  });
}, 120_000);
