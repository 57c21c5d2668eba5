import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { adminClaims } from "../support/issuer.ts";
import { eventually, operatorOf } from "../support/operators.ts";
import { freshAddress, startPortcullis, type CreatedKey, type Portcullis } from "../support/portcullis.ts";
import type { Placement } from "../support/runtime.ts";
import { usageTotals } from "../support/usage.ts";

/**
 * A deployment is not a moment: for a while Workers of the version before work with objects of this one, and the reverse,
 * and objects of both with each other. The first edge runs this version, the second the one before.
 */
const LAST = gunzipSync(readFileSync(join(import.meta.dirname, "../fixtures/last-version.js.gz"))).toString();
const [NEW, OLD] = [0, 1];
const EDGES = [NEW, OLD];
const PATH = "/v1/vaults/vault_1";
const USER = "urn:ietf:params:scim:schemas:core:2.0:User";
const PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const REVOKED = { status: 401, code: "api_key_revoked" };
const LIVE = { status: 200, code: null };
/** Calls of each client that are seen before and after a cut. */
const CALLS = 8;

const PLACEMENTS: readonly { readonly name: string; readonly placement: Placement }[] = [
  { name: "objects of this version", placement: {} },
  {
    name: "objects of the version before",
    placement: { KEY_GUARD: OLD, ORGANIZATION: OLD, DEPLOYMENT: OLD },
  },
  { name: "guards of the version before, other objects of this one", placement: { KEY_GUARD: OLD } },
  {
    name: "guards of this version, other objects of the one before",
    placement: { ORGANIZATION: OLD, DEPLOYMENT: OLD },
  },
];

describe.each(PLACEMENTS)("edges of both versions over $name", ({ placement }) => {
  let portcullis: Portcullis;

  beforeAll(async () => {
    const vars = { PUBLIC_ORIGIN: "https://gateway.example.com" };
    portcullis = await startPortcullis({ edges: [{}, { worker: LAST }], placement, vars });
  });
  afterAll(() => portcullis.stop());

  async function ask(
    edge: number,
    method: string,
    path: string,
    body?: object,
    claims?: object,
  ): Promise<Response> {
    const as = await portcullis.issuer.token(adminClaims({ ...claims }));
    return portcullis.call(method, path, { as, body, edge });
  }

  async function made(edge: number, path: string, body: object = {}, claims?: object): Promise<CreatedKey> {
    const answer = await ask(edge, "POST", path, body, claims);
    if (answer.status !== 201) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return await answer.json<CreatedKey>();
  }

  const makeKey = (edge: number, changes: object = {}, claims?: object) =>
    made(edge, "/-/api-keys", { name: "Skewed", scopes: ["vault:read"], vaults: "*", ...changes }, claims);

  async function use(credential: string, edge: number, from = freshAddress()) {
    const answer = await portcullis.call("GET", PATH, { as: credential, edge, from });
    const { error } = await answer.json<{ error?: { code: string } }>();
    return { status: answer.status, code: error?.code ?? null };
  }

  const useEverywhere = (credential: string) => Promise.all(EDGES.map((edge) => use(credential, edge)));

  test.concurrent.each(EDGES)(
    "a cut asked of edge %i is in force on both when it is answered, under load",
    async (edge) => {
      const cuts: readonly { apply: (key: CreatedKey) => Promise<Response>; code: string }[] = [
        { apply: (key) => ask(edge, "DELETE", `/-/api-keys/${key.id}`), code: "api_key_revoked" },
        {
          apply: (key) => ask(edge, "PATCH", `/-/api-keys/${key.id}`, { disabled: true }),
          code: "api_key_disabled",
        },
        {
          apply: (key) => ask(edge, "PATCH", `/-/api-keys/${key.id}`, { allowedIps: ["192.0.2.1"] }),
          code: "ip_not_allowed",
        },
        {
          apply: async (key) => {
            const { summary } = await operatorOf(onEdge(portcullis, edge)).revoke([{ keyId: key.id }]);
            return new Response(null, { status: summary.confirmed === 1 ? 200 : 500 });
          },
          code: "api_key_revoked",
        },
      ];
      await Promise.all(
        cuts.map(async ({ apply, code }) => {
          const key = await makeKey(edge);
          const load = loadOf((on) => use(key.key, on, "198.51.100.9"));
          await load.more();
          expect((await apply(key)).status).toBe(200);
          const answeredAt = performance.now();
          await load.more();
          const calls = await load.stop();
          const after = calls.filter(({ sentAt }) => sentAt >= answeredAt);
          expect(calls.filter(({ sentAt }) => sentAt < answeredAt).some(({ status }) => status === 200)).toBe(
            true,
          );
          expect(after.length).toBeGreaterThan(CALLS);
          expect(after.filter((call) => call.code !== code && call.code !== "too_many_failures")).toEqual([]);
        }),
      );
    },
  );

  test.concurrent.each(EDGES)(
    "keys are made, edited, found and rotated by edge %i, and widened at once",
    async (edge) => {
      const key = await makeKey(edge, { allowedIps: ["192.0.2.1"] });
      expect(await use(key.key, 1 - edge)).toEqual({ status: 403, code: "ip_not_allowed" });
      const edited = await ask(edge, "PATCH", `/-/api-keys/${key.id}`, { allowedIps: [], name: "Widened" });
      expect(await edited.json()).toMatchObject({ name: "Widened", allowedIps: [], version: 2 });
      expect(await useEverywhere(key.key)).toEqual([LIVE, LIVE]);
      for (const on of EDGES) {
        const found = await ask(on, "GET", `/-/api-keys?q=Widened&limit=500`);
        expect((await found.json<{ data: CreatedKey[] }>()).data.map(({ id }) => id)).toContain(key.id);
        expect((await ask(on, "GET", `/-/api-keys/${key.id}`)).status).toBe(200);
        expect((await ask(on, "GET", "/-/audit-events?limit=5")).status).toBe(200);
      }
      const successor = await made(edge, `/-/api-keys/${key.id}/rotate`, { overlap: 0 });
      expect(await useEverywhere(successor.key)).toEqual([LIVE, LIVE]);
      expect(await useEverywhere(key.key)).toEqual([REVOKED, REVOKED]);
    },
  );

  test.concurrent.each(EDGES)(
    "tokens that edge %i issues are taken by both, and die on both",
    async (edge) => {
      const { id, key } = await makeKey(edge);
      const post = (path: string, form: Record<string, string>) =>
        fetch(`${portcullis.edges[edge]}${path}`, {
          method: "POST",
          headers: { Authorization: `Basic ${btoa(`${id}:${key}`)}`, "CF-Connecting-IP": freshAddress() },
          body: new URLSearchParams(form),
        });
      const issued = await post("/-/oauth/token", { grant_type: "client_credentials" });
      const { access_token: token } = await issued.json<{ access_token: string }>();
      expect(await useEverywhere(token)).toEqual([LIVE, LIVE]);
      expect((await post("/-/oauth/revoke", { token })).status).toBe(200);
      const dead = { status: 401, code: "access_token_invalid" };
      expect(await useEverywhere(token)).toEqual([dead, dead]);
    },
  );

  test.concurrent("one budget is kept over both edges, and what was used is counted", async () => {
    const key = await makeKey(NEW, { rateLimit: { requests: 6, windowSeconds: 3600 } });
    const statuses: number[] = [];
    for (let i = 0; i < 10; i++) statuses.push((await use(key.key, i % 2)).status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(6);
    expect(statuses.filter((status) => status === 429)).toHaveLength(4);
    await eventually(async () => {
      const counted = await Promise.all(
        EDGES.map(async (edge) => {
          const usage = await ask(edge, "GET", `/-/api-keys/${key.id}/usage?window=24h`);
          return usageTotals((await usage.json<{ totals: Record<string, number> }>()).totals);
        }),
      );
      return counted.every(({ succeeded, limited }) => succeeded === 6 && limited === 4);
    });
  });

  // One after the other: an organisation has one SCIM token.
  test.each(EDGES)("who leaves by SCIM over edge %i has no key on either", async (edge) => {
    const secret = await ask(edge, "POST", "/-/organization/scim-token");
    const { token } = await secret.json<{ token: string }>();
    const scim = (method: string, path: string, body: object) =>
      portcullis.call(method, `/-/scim/v2${path}`, {
        as: token,
        body,
        edge,
        headers: { "Content-Type": "application/scim+json" },
      });
    const userName = `dana${edge}`;
    const user = await scim("POST", "/Users", {
      schemas: [USER],
      userName,
      externalId: userName,
      active: true,
    });
    const { id } = await user.json<{ id: string }>();
    const key = await makeKey(edge, {}, { sub: userName, name: userName, roles: [] });
    expect(await useEverywhere(key.key)).toEqual([LIVE, LIVE]);
    const leave = { schemas: [PATCH_OP], Operations: [{ op: "replace", path: "active", value: false }] };
    expect((await scim("PATCH", `/Users/${id}`, leave)).status).toBe(200);
    expect(await useEverywhere(key.key)).toEqual([REVOKED, REVOKED]);
  });
});

/** The product as one edge alone serves it. */
function onEdge(portcullis: Portcullis, edge: number): Portcullis {
  return {
    ...portcullis,
    call: (method, path, options) => portcullis.call(method, path, { ...options, edge }),
  };
}

interface Call {
  readonly sentAt: number;
  readonly status: number;
  readonly code: string | null;
}

/** Calls on both edges until it is stopped. */
function loadOf(call: (edge: number) => Promise<{ status: number; code: string | null }>) {
  const calls: Call[] = [];
  const stopped = new AbortController();
  const client = async (edge: number): Promise<void> => {
    while (!stopped.signal.aborted) {
      const sentAt = performance.now();
      calls.push({ sentAt, ...(await call(edge)) });
    }
  };
  const running = Promise.all(EDGES.map(client));
  return {
    more: () => {
      const enough = calls.length + EDGES.length * CALLS;
      return eventually(async () => calls.length >= enough);
    },
    stop: async () => {
      stopped.abort();
      await running;
      return calls;
    },
  };
}
