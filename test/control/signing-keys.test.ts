import { decodeProtectedHeader } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { adminClaims } from "../support/issuer.ts";
import { freshAddress, startPortcullis, type CreatedKey, type Portcullis } from "../support/portcullis.ts";
import { exchange, postForm } from "../support/tokens.ts";

let portcullis: Portcullis;

beforeAll(async () => {
  portcullis = await startPortcullis();
});
afterAll(() => portcullis.stop());

const PATH = "/v1/vaults/vault_1";

async function publishedKids(orgId: string): Promise<string[]> {
  const answer = await portcullis.call("GET", `/-/organizations/${orgId}/jwks.json`);
  const { keys } = await answer.json<{ keys: { kid: string; d?: string }[] }>();
  expect(keys.filter((key) => "d" in key)).toEqual([]);
  return keys.map(({ kid }) => kid);
}

describe("an admin who rotates the signing key", () => {
  test("publishes the next one; tokens of the present one go on, and are signed by it for a while", async () => {
    const key = await portcullis.createKey();
    const before = await exchange(portcullis, key);
    const [present] = await publishedKids("org_test");
    const answer = await portcullis.manage("POST", "/-/organization/signing-key/rotate");
    expect(answer.status).toBe(201);
    const next = await answer.json<{ kid: string; activeFrom: string }>();
    expect(Date.parse(next.activeFrom)).toBeGreaterThan(Date.now());
    expect(await publishedKids("org_test")).toEqual([present, next.kid]);
    const after = await exchange(portcullis, key);
    expect(decodeProtectedHeader(after.access_token).kid).toBe(present);
    for (const { access_token: as } of [before, after]) {
      expect((await portcullis.call("GET", PATH, { as })).status).toBe(200);
    }
  });

  test("leaves it in the audit, once: while that one waits, there is nothing more to publish", async () => {
    const before = await publishedKids("org_test");
    const again = await portcullis.manage("POST", "/-/organization/signing-key/rotate");
    expect((await again.json<{ kid: string }>()).kid).toBe(before.at(-1));
    expect(await publishedKids("org_test")).toEqual(before);
    const audit = await portcullis.manage("GET", "/-/audit-events?action=signing_key.rotated");
    expect((await audit.json<{ data: object[] }>()).data).toHaveLength(1);
  });

  test("needs an organisation that was set up", async () => {
    const as = await portcullis.issuer.token(adminClaims({ org_id: "org_new" }));
    const answer = await portcullis.call("POST", "/-/organization/signing-key/rotate", { as });
    expect(answer.status).toBe(409);
  });
});

test.each(["org_nobody", "no such thing", "..%2f"])("%s has no published keys", async (orgId) => {
  const path = `/-/organizations/${encodeURIComponent(orgId)}/jwks.json`;
  expect((await portcullis.call("GET", path)).status).toBe(404);
});

describe("while the organisation does not answer", () => {
  const outage = (method: string, body?: string) =>
    portcullis.miniflare
      .getWorker("faults")
      .then((worker) => worker.fetch("http://faults/org_test", { method, ...(body && { body }) }));
  let key: CreatedKey;
  let known: string;
  let unknown: string;
  /** What edge 1 is asked from: its objects can be cut off. */
  const call = (as: string) => portcullis.call("GET", PATH, { as, edge: 1, from: freshAddress() });

  beforeAll(async () => {
    await portcullis.stop();
    const vars = { PUBLIC_ORIGIN: "https://gateway.test" };
    portcullis = await startPortcullis({
      edges: [{}, { organization: "FlakyOrganization" }, { organization: "FlakyOrganization" }],
      vars,
    });
    key = await portcullis.createKey();
    known = (await exchange(portcullis, key)).access_token;
    unknown = (await exchange(portcullis, key)).access_token;
    expect((await call(known)).status).toBe(200);
    await outage("PUT", "organization throws");
  });
  afterAll(() => outage("DELETE"));

  test("tokens whose key is known here go on, new ones included", async () => {
    expect((await call(known)).status).toBe(200);
    expect((await call(unknown)).status).toBe(200);
  });

  test("a token whose key is not known here is refused as unconfirmed, not as invalid", async () => {
    const answer = await portcullis.call("GET", PATH, { as: known, edge: 2, from: freshAddress() });
    const { error } = await answer.json<{ error: { code: string } }>();
    expect([answer.status, error.code, answer.headers.get("Retry-After")]).toEqual([
      503,
      "admission_unavailable",
      "1",
    ]);
  });

  test("no token is issued, and its key is not to blame", async () => {
    const answer = await postForm(
      { edges: [portcullis.edges[1] as string] },
      "token",
      { grant_type: "client_credentials" },
      { client: key, from: freshAddress() },
    );
    expect([answer.status, answer.headers.get("Retry-After"), await answer.json()]).toMatchObject([
      503,
      "1",
      { error: "temporarily_unavailable" },
    ]);
  });

  test("a token and a key are killed all the same", async () => {
    const edge = { edges: [portcullis.edges[1] as string] };
    const from = freshAddress();
    expect((await postForm(edge, "revoke", { token: unknown }, { from })).status).toBe(200);
    expect((await call(unknown)).status).toBe(401);
    expect((await call(known)).status).toBe(200);
    expect((await postForm(edge, "revoke", { token: key.key }, { from })).status).toBe(200);
    expect((await call(known)).status).toBe(401);
  });
});
