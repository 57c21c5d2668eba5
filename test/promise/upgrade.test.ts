import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeJwt, SignJWT } from "jose";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasCanonicalSignature } from "../../src/core/token/access-token.ts";
import { adminClaims } from "../support/issuer.ts";
import {
  LEFT_ADMINS,
  LEFT_VARS,
  leftStates,
  unpackState,
  type UnpackedState,
} from "../support/left-state.ts";
import { eventually, operatorOf } from "../support/operators.ts";
import { stealSigningKey } from "../support/organization-key.ts";
import { freshAddress, startPortcullis, type CreatedKey, type Portcullis } from "../support/portcullis.ts";
import { killRuntimes } from "../support/runtime.ts";
import { usageTotals } from "../support/usage.ts";

const PATH = "/v1/vaults/vault_1";
const PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
/** So many milliseconds after the first requests everything is killed, of one version after the other. */
const KILLED_AFTER_MS = [0, 20, 5, 60, 10];
const TIMEOUT_MS = 60_000;

type Row = Readonly<Record<string, unknown>>;
type List = { readonly data?: readonly Row[]; readonly Resources?: readonly Row[] };

const VERSIONS = leftStates().map((name, i) => ({
  name,
  delay: KILLED_AFTER_MS[i % KILLED_AFTER_MS.length] ?? 0,
}));

describe.each(VERSIONS)("the state that version $name left", { timeout: TIMEOUT_MS }, ({ name, delay }) => {
  let directory: string;
  let left: UnpackedState;
  let portcullis: Portcullis;
  let tokens: { readonly live: string; readonly dead: string } | null = null;
  let opened: number | null;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "portcullis-left-"));
    left = unpackState(name, directory);
    opened = await openAndKill(left, delay);
    if (left.tokens !== null) tokens = await renewed(left, left.tokens);
    portcullis = await startPortcullis({ vars: LEFT_VARS, stateDir: left.stateDir });
  }, TIMEOUT_MS);
  afterAll(async () => {
    await portcullis.stop();
    rmSync(directory, { recursive: true });
  });

  async function ask(orgId: string, method: string, path: string, body?: object): Promise<Response> {
    if (path.includes("/scim/")) {
      const headers = { "Content-Type": "application/scim+json" };
      return portcullis.call(method, path, { as: left.scimToken ?? "", body, headers });
    }
    return portcullis.call(method, path, {
      as: await portcullis.issuer.token(adminClaims(LEFT_ADMINS[orgId])),
      body,
    });
  }

  async function outcome(credential: string, path = PATH, from = freshAddress()) {
    const answer = await portcullis.call("GET", path, { as: credential, from });
    const { error } = await answer.json<{ error?: { code: string } }>();
    return { status: answer.status, code: error?.code ?? null };
  }

  function keyOf(key: string): CreatedKey {
    const found = left.keys[key];
    if (found === undefined) throw new Error(`No key ${key}`);
    return { ...found, version: 1 };
  }

  test("lists keys, people, audit events and settings whole", async () => {
    for (const [orgId, answers] of Object.entries(left.answers)) {
      for (const [path, before] of Object.entries(answers)) {
        const answer = await ask(orgId, "GET", path);
        expect(answer.status, path).toBe(200);
        expectWhole(
          path,
          before as List,
          await answer.json<List>(),
          left.unconfirmed.map((each) => keyOf(each).id),
        );
      }
    }
  });

  test("has its usage counted as it was", async () => {
    if (left.usage === null) return;
    const answer = await ask("org_left", "GET", "/-/usage?window=7d");
    const { totals } = await answer.json<{ totals: Record<string, number> }>();
    expect(usageTotals(totals)).toEqual(left.usage);
  });

  test("has its windows where they were, and every key gets the same answers", async () => {
    const { key } = keyOf("limited");
    const answer = await portcullis.call("GET", PATH, { as: key, from: freshAddress() });
    // What was answered before the kill counts; of a request that the kill cut off nobody knows whether it was admitted.
    // With the killed isolate a unit may be lost that it had for a request to come: of so small a limit one at most.
    const most = (opened ?? left.remaining) - 1;
    const least = (opened ?? left.remaining - 1) - 2;
    const remaining = Number(answer.headers.get("X-RateLimit-Remaining"));
    expect(remaining).toBeLessThanOrEqual(most);
    expect(remaining).toBeGreaterThanOrEqual(least);
    for (const { key: each, path, from, status, code } of left.outcomes) {
      expect({ each, path, from, ...(await outcome(keyOf(each).key, path, from)) }).toEqual({
        each,
        path,
        from,
        status,
        code,
      });
    }
  });

  test("has in force by now what no guard had confirmed", async () => {
    for (const key of left.unconfirmed) {
      await eventually(async () => (await outcome(keyOf(key).key)).code === "api_key_revoked");
    }
    await eventually(async () => (await operatorOf(portcullis).list("unconfirmed")).length === 0);
    if (left.unconfirmed.length > 1) {
      expect(await operatorOf(portcullis).list("confirmed", keyOf("unconfirmedCut").id)).toHaveLength(1);
    }
  });

  test("keeps a revoked token revoked, and others alive", async () => {
    if (tokens === null) return;
    expect(await outcome(tokens.live), portcullis.logs.at(-1)).toEqual({ status: 200, code: null });
    expect(await outcome(tokens.dead)).toEqual({ status: 401, code: "access_token_invalid" });
  });

  test("is managed as any other: edits, rotation, leavers and revocations are in force when answered", async () => {
    const manage = async (method: string, key: string, path = "", body?: object) =>
      ask("org_left", method, `/-/api-keys/${keyOf(key).id}${path}`, body);
    expect((await manage("PATCH", "active", "", { allowedIps: ["192.0.2.1"] })).status).toBe(200);
    expect(await outcome(keyOf("active").key)).toEqual({ status: 403, code: "ip_not_allowed" });
    expect((await manage("PATCH", "disabled", "", { disabled: false })).status).toBe(200);
    expect(await outcome(keyOf("disabled").key)).toEqual({ status: 200, code: null });
    const rotation = await manage("POST", "lasting", "/rotate", { overlap: 0 });
    const successor = await rotation.json<CreatedKey>();
    expect([rotation.status, (await outcome(successor.key)).status]).toEqual([201, 200]);
    expect(await outcome(keyOf("lasting").key)).toEqual({ status: 401, code: "api_key_revoked" });
    const revoked = await ask("org_beside", "DELETE", `/-/api-keys/${keyOf("beside").id}`);
    expect(await revoked.json()).toMatchObject({ keyId: keyOf("beside").id, status: "revoked" });
    expect(await outcome(keyOf("beside").key)).toEqual({ status: 401, code: "api_key_revoked" });
  });

  test("lets nobody stay who leaves by SCIM", async () => {
    if (left.scimToken === null) return;
    const users = await (await ask("org_left", "GET", "/-/scim/v2/Users")).json<List>();
    const dana = users.Resources?.find(({ userName }) => userName === "dana");
    const leave = { schemas: [PATCH_OP], Operations: [{ op: "replace", path: "active", value: false }] };
    expect((await ask("org_left", "PATCH", `/-/scim/v2/Users/${String(dana?.["id"])}`, leave)).status).toBe(
      200,
    );
    expect(await outcome(keyOf("of_dana").key)).toEqual({ status: 401, code: "api_key_revoked" });
  });
});

/** Opens the state for the first time, and kills everything while requests open its objects. */
async function openAndKill({ stateDir, keys }: UnpackedState, delay: number): Promise<number | null> {
  const portcullis = await startPortcullis({ vars: LEFT_VARS, stateDir });
  const requests = Object.entries(keys).map(async ([name, { key }]) => {
    const answer = await portcullis.call("GET", PATH, { as: key, from: freshAddress() }).catch(() => null);
    return { name, remaining: answer?.headers.get("X-RateLimit-Remaining") ?? null };
  });
  await sleep(delay);
  killRuntimes();
  const limited = (await Promise.all(requests)).find(({ name }) => name === "limited");
  await portcullis.stop();
  return limited?.remaining == null ? null : Number(limited.remaining);
}

/** The tokens as they were, but for their expiry: they are not to die of old age in the meantime. */
async function renewed(
  { stateDir }: UnpackedState,
  tokens: { readonly live: string; readonly dead: string },
) {
  const { kid, key } = await stealSigningKey(stateDir, "org_left");
  const renew = async (token: string): Promise<string> => {
    const now = Math.floor(Date.now() / 1000);
    const signed = await new SignJWT({ ...decodeJwt(token), iat: now, exp: now + 600 })
      .setProtectedHeader({ alg: "ES256", typ: "at+jwt", kid })
      .sign(key);
    // Of the two spellings of a signature the gateway takes one.
    return hasCanonicalSignature(signed) ? signed : renew(token);
  };
  return { live: await renew(tokens.live), dead: await renew(tokens.dead) };
}

/** Everything that was told before is still told, but of the keys that have `changed` since. */
function expectWhole(path: string, before: List, now: List, changed: readonly string[]): void {
  const [rows, rowsNow] = [before.data ?? before.Resources, now.data ?? now.Resources];
  if (rows === undefined) return expect(now, path).toMatchObject(before);
  for (const row of rows) {
    if (changed.includes(String(row["id"]))) continue;
    const same = rowsNow?.find(({ id }) => id === row["id"]);
    expect(same, `${path} ${String(row["id"])}`).toMatchObject(
      path.includes("audit") ? audited(row) : told(row),
    );
  }
}

/** What an audit event says, without the details of the change, whose words may have become others. */
function audited({ id, time, action, actor }: Row): Row {
  return { id, time, action, actor: { id: (actor as Row)["id"] } };
}

/** Without when somebody was last here, and how many keys they have still. */
function told({ lastSignInAt, keys, ...row }: Row): Row {
  return row;
}
