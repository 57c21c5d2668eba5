import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { adminClaims } from "../support/issuer.ts";
import {
  createKeyElsewhere,
  eventually,
  OPERATOR,
  operatorOf,
  registeredOrganizations,
} from "../support/operators.ts";
import { freshAddress, startPortcullis, type CreatedKey, type Portcullis } from "../support/portcullis.ts";

const VAULTS = ["vault_1", "vault_2"];
const NAMES = [
  "revoked",
  "cut",
  "narrowed",
  "disabled",
  "ahead",
  "edited",
  "untouched",
  "expiring",
  "fenced",
] as const;

interface Difference {
  readonly keyId: string;
  readonly difference: string;
  readonly fields: readonly string[];
  readonly settled: boolean;
}

let directory: string;
let portcullis: Portcullis;
let keys: Record<(typeof NAMES)[number], CreatedKey>;
let later: CreatedKey;
/** Of an organisation of which the copy knows nothing. */
let elsewhere: CreatedKey;
/** Of an organisation that is erased after the copy. */
let left: CreatedKey;

/**
 * Keys are made, the organisation's database is copied, the keys are changed, and the copy is put back: from here on the
 * organisation knows nothing of what happened since, and the guards do.
 */
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "portcullis-restore-"));
  const [stateDir, copy] = [join(directory, "state"), join(directory, "copy")];
  portcullis = await startPortcullis({ stateDir });
  const made = await Promise.all(NAMES.map(() => portcullis.createKey({ vaults: VAULTS })));
  keys = Object.fromEntries(NAMES.map((name, i) => [name, made[i]])) as typeof keys;
  await asLeft("POST", "/-/organization/bootstrap");
  const created = await asLeft("POST", "/-/api-keys", { name: "L", scopes: ["vault:read"], vaults: "*" });
  left = await created.json<CreatedKey>();
  await portcullis.stop();
  const organization = organizationDir(stateDir);
  cpSync(organization, copy, { recursive: true });

  portcullis = await startPortcullis({ stateDir });
  later = await portcullis.createKey();
  elsewhere = await createKeyElsewhere(portcullis);
  await eventually(async () => (await registeredOrganizations(portcullis)).includes("org_elsewhere"));
  await edit(keys.narrowed, { vaults: ["vault_1"] });
  await edit(keys.disabled, { disabled: true });
  for (const name of ["a", "b", "c"]) await edit(keys.ahead, { name, allowedIps: [], expiresIn: "30d" });
  for (const requests of [5, 6, 7]) await edit(keys.edited, { rateLimit: { requests, windowSeconds: 60 } });
  await edit(keys.untouched, { vaults: ["vault_1"] });
  await edit(keys.expiring, { expiresAt: "2020-01-01T00:00:00Z" });
  await edit(keys.fenced, { allowedIps: ["192.0.2.0/24"] });
  await portcullis.manage("DELETE", `/-/api-keys/${keys.cut.id}`);
  const as = await portcullis.issuer.token(OPERATOR);
  const erased = await portcullis.call("DELETE", "/-/organization?orgId=org_left", { as });
  expect(erased.status).toBe(200);
  await portcullis.stop();
  rmSync(organization, { recursive: true });
  cpSync(copy, organization, { recursive: true });

  portcullis = await startPortcullis({ stateDir });
}, 180_000);
afterAll(async () => {
  await portcullis.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** A call as an admin of the organisation that leaves. */
async function asLeft(method: string, path: string, body?: object): Promise<Response> {
  const as = await portcullis.issuer.token(adminClaims({ org_id: "org_left" }));
  return portcullis.call(method, path, { as, body });
}

function organizationDir(stateDir: string): string {
  const found = readdirSync(stateDir, { recursive: true, encoding: "utf8" }).find((name) =>
    name.endsWith("-Organization"),
  );
  if (found === undefined) throw new Error("No organisation was kept");
  return join(stateDir, found);
}

async function edit(key: CreatedKey, change: object): Promise<Record<string, unknown>> {
  const response = await portcullis.manage("PATCH", `/-/api-keys/${key.id}`, change);
  const body = await response.json<Record<string, unknown>>();
  if (response.status !== 200) throw new Error(JSON.stringify(body));
  return body;
}

async function use({ key }: CreatedKey, vault = "vault_1"): Promise<[number, string | null]> {
  const response = await portcullis.call("GET", `/v1/vaults/${vault}`, { as: key, from: freshAddress() });
  const { error } = await response.json<{ error?: { code: string } }>();
  return [response.status, error?.code ?? null];
}

async function read({ id }: CreatedKey): Promise<Record<string, unknown>> {
  return await (await portcullis.manage("GET", `/-/api-keys/${id}`)).json<Record<string, unknown>>();
}

interface Answer {
  readonly differences: readonly Difference[];
  readonly pagination: { readonly nextCursor: string | null };
}

/** Compares a guard at a time: the pages together hold what one answer without a limit would. */
async function reconcile(fix: boolean, orgId = "org_test"): Promise<Difference[]> {
  const differences: Difference[] = [];
  for (let cursor: string | null = ""; cursor !== null;) {
    const response = await portcullis.call("POST", "/-/ops/reconciliations", {
      as: await portcullis.issuer.token(OPERATOR),
      body: { orgId, fix, limit: 1, ...(cursor !== "" && { nextCursor: cursor }) },
    });
    const body = await response.json<Answer>();
    expect(response.status, JSON.stringify(body)).toBe(200);
    differences.push(...body.differences);
    cursor = body.pagination.nextCursor;
  }
  return differences;
}

test("a revocation that is acknowledged is in force, however far the guard is ahead", async () => {
  const answer = await portcullis.manage("DELETE", `/-/api-keys/${keys.ahead.id}`);
  const receipt = await answer.json<{ version: number }>();
  expect([answer.status, receipt]).toMatchObject([200, { status: "revoked" }]);
  expect(receipt.version).toBeGreaterThan(4);
  expect(await use(keys.ahead)).toEqual([401, "api_key_revoked"]);
  expect(await (await portcullis.manage("DELETE", `/-/api-keys/${keys.ahead.id}`)).json()).toEqual(receipt);
});

test("a disabling is in force, however far the guard is ahead, and the answer's version is the guard's", async () => {
  const { version, rateLimit } = await edit(keys.edited, { disabled: true });
  expect(version).toBeGreaterThan(4);
  // What both allow: the restored record had no limit of its own.
  expect(rateLimit).toEqual({ requests: 7, windowSeconds: 60 });
  expect(await use(keys.edited)).toEqual([401, "api_key_disabled"]);
  await edit(keys.edited, { disabled: false });
  expect(await use(keys.edited)).toEqual([200, null]);
});

test("an edit of something else never widens what was narrowed", async () => {
  expect(await edit(keys.narrowed, { name: "Renamed", disabled: false })).toMatchObject({
    name: "Renamed",
    vaults: ["vault_1"],
  });
  expect(await use(keys.narrowed, "vault_1")).toEqual([200, null]);
  expect(await use(keys.narrowed, "vault_2")).toEqual([404, "not_found"]);
  const events = await portcullis.manage("GET", `/-/audit-events?target=${keys.narrowed.id}`);
  expect(await events.text()).toContain("api_key.reconciled");
});

test("an edit does what it names", async () => {
  expect(await use(keys.disabled)).toEqual([401, "api_key_disabled"]);
  expect(await edit(keys.disabled, { disabled: false })).toMatchObject({ disabled: false });
  expect(await use(keys.disabled)).toEqual([200, null]);
});

test("a key that was revoked since is not revived, and the organisation takes that in", async () => {
  expect(await read(keys.cut)).toMatchObject({ status: "active" });
  const edited = await portcullis.manage("PATCH", `/-/api-keys/${keys.cut.id}`, {
    allowedIps: ["192.0.2.1"],
  });
  expect(edited.status).toBe(422);
  expect(await read(keys.cut)).toMatchObject({ status: "revoked" });
  expect(await use(keys.cut)).toEqual([401, "api_key_revoked"]);
});

test("of an organisation that has forgotten its keys an operator cuts those that its guards know", async () => {
  expect(await use(elsewhere)).toEqual([200, null]);
  const answer = await operatorOf(portcullis).revoke([{ orgId: "org_elsewhere" }]);
  expect(answer).toMatchObject({
    summary: { matched: 1, confirmed: 1, unconfirmed: 0, notFound: 0 },
    results: [{ target: 0, keyId: elsewhere.id, status: "revoked" }],
  });
  expect(await use(elsewhere)).toEqual([401, "api_key_revoked"]);
  expect(await operatorOf(portcullis).revoke([{ orgId: "org_elsewhere" }])).toEqual(answer);
});

test("an organisation that comes back by a restore after it was erased has dead keys, and takes that in", async () => {
  expect(await use(left)).toEqual([401, "api_key_revoked"]);
  expect(await reconcile(true, "org_left")).toMatchObject([{ keyId: left.id, settled: true }]);
  const shown = await asLeft("GET", `/-/api-keys/${left.id}`);
  expect(await shown.json()).toMatchObject({ status: "revoked" });
  expect(await reconcile(false, "org_left")).toEqual([]);
});

test("reconcile lists what differs, settles it on the side of less access, and then nothing differs", async () => {
  const found = await reconcile(false);
  const expected = [
    { keyId: later.id, difference: "unknown_key" },
    { keyId: keys.untouched.id, difference: "differs_from_guard" },
    { keyId: keys.expiring.id, difference: "differs_from_guard" },
    { keyId: keys.fenced.id, difference: "differs_from_guard" },
  ];
  for (const difference of expected) {
    expect(found).toContainEqual(expect.objectContaining({ ...difference, settled: false }));
  }
  expect(await use(later)).toEqual([200, null]);

  const settled = await reconcile(true);
  expect(settled.map(({ keyId }) => keyId)).toEqual(
    expect.arrayContaining(expected.map(({ keyId }) => keyId)),
  );
  expect(settled.filter((difference) => !difference.settled)).toEqual([]);
  expect(await use(later)).toEqual([401, "api_key_revoked"]);
  expect(await read(keys.untouched)).toMatchObject({ vaults: ["vault_1"] });
  expect(await use(keys.untouched, "vault_2")).toEqual([404, "not_found"]);
  expect(await read(keys.expiring)).toMatchObject({ expiresAt: "2020-01-01T00:00:00.000Z" });
  expect(await use(keys.expiring)).toEqual([401, "api_key_expired"]);
  expect(await read(keys.fenced)).toMatchObject({ allowedIps: ["192.0.2.0/24"] });
  expect(await use(keys.revoked)).toEqual([200, null]);
  expect(await reconcile(false)).toEqual([]);
});
