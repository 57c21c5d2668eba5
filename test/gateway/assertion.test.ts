import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from "jose";
import { describe, expect, test } from "vitest";
import { adminClaims } from "../support/issuer.ts";
import { freshAddress, startPortcullis } from "../support/portcullis.ts";
import { usePortcullis } from "../support/started.ts";

const PATH = "/v1/vaults/vault_1";
const AUDIENCE = "https://custody.test";

const portcullis = await usePortcullis({ edges: 2, vars: { ORIGIN_AUDIENCE: AUDIENCE } });
const key = await portcullis.createKey({ vaults: ["vault_1", "vault_2"] });

/** The assertion that the origin gets with a request, and the request's other headers. */
async function asserted(as: string, options: object = {}) {
  const received = portcullis.origin.next();
  await portcullis.call("GET", PATH, { as, from: freshAddress(), ...options });
  const request = await received;
  const assertions = request.values("X-Portcullis-Assertion");
  expect(assertions).toHaveLength(1);
  return { assertion: assertions[0] as string, request };
}

function verify(assertion: string) {
  const keys = createRemoteJWKSet(new URL(`${portcullis.edges[0]}/-/jwks.json`));
  return jwtVerify(assertion, keys, {
    audience: AUDIENCE,
    algorithms: ["ES256"],
    typ: "portcullis-assertion+jwt",
    requiredClaims: ["exp", "iat", "sub"],
  });
}

test("an origin verifies who calls by the published keys, and finds what the headers say", async () => {
  const { assertion, request } = await asserted(key.key);
  const { payload } = await verify(assertion);
  expect(payload).toMatchObject({
    sub: request.values("X-Portcullis-Key-Id")[0],
    org_id: request.values("X-Portcullis-Org-Id")[0],
    owner_id: request.values("X-Portcullis-Owner-Id")[0],
    scope: request.values("X-Portcullis-Scopes")[0],
    vaults: request.values("X-Portcullis-Vaults")[0]?.split(" "),
  });
  const { iat = 0, exp = 0 } = payload;
  expect(exp - iat).toBeLessThanOrEqual(60);
});

test("every edge signs with the deployment's one key, and each assertion serves many requests", async () => {
  const first = await asserted(key.key);
  const again = await asserted(key.key);
  const elsewhere = await asserted(key.key, { edge: 1 });
  expect(again.assertion).toBe(first.assertion);
  expect(decodeProtectedHeader(elsewhere.assertion).kid).toBe(decodeProtectedHeader(first.assertion).kid);
  expect((await verify(elsewhere.assertion)).payload.sub).toBe(key.id);
});

test("an edited key is asserted as it is from the edit on", async () => {
  const own = await portcullis.createKey({ vaults: ["vault_1", "vault_2"] });
  const before = await verify((await asserted(own.key)).assertion);
  await portcullis.manage("PATCH", `/-/api-keys/${own.id}`, { vaults: ["vault_1"] });
  const after = await verify((await asserted(own.key)).assertion);
  expect([before.payload["vaults"], after.payload["vaults"]]).toEqual([["vault_1", "vault_2"], ["vault_1"]]);
});

test.each(["X-Portcullis-Assertion", "X_Portcullis_Assertion", "x-portcullis.assertion"])(
  "a client's own %s does not reach the origin",
  async (name) => {
    const { assertion, request } = await asserted(key.key, { headers: { [name]: "forged" } });
    expect((await verify(assertion)).payload.sub).toBe(key.id);
    expect(request.headers.filter(([, value]) => value.includes("forged"))).toEqual([]);
  },
);

test("a client cannot have it taken off by naming it in Connection", async () => {
  const { assertion } = await asserted(key.key, { headers: { Connection: "x-portcullis-assertion" } });
  expect((await verify(assertion)).payload.sub).toBe(key.id);
});

describe("operators", () => {
  test("publish the next key, which takes over later, while the present one goes on", async () => {
    const { kid } = decodeProtectedHeader((await asserted(key.key)).assertion);
    const as = await portcullis.issuer.token(adminClaims({ scope: "portcullis:ops" }));
    const rotated = await portcullis.call("POST", "/-/ops/signing-key/rotate", { as });
    expect(rotated.status).toBe(201);
    const next = await rotated.json<{ kid: string; activeFrom: string }>();
    expect(Date.parse(next.activeFrom)).toBeGreaterThan(Date.now());
    const jwks = await portcullis.call("GET", "/-/jwks.json");
    const { keys } = await jwks.json<{ keys: Record<string, string>[] }>();
    expect(keys.map((each) => each["kid"])).toEqual([kid, next.kid]);
    expect(keys.flatMap((each) => Object.keys(each)).filter((name) => name === "d")).toEqual([]);
    expect(decodeProtectedHeader((await asserted(key.key)).assertion).kid).toBe(kid);

    const again = await portcullis.call("POST", "/-/ops/signing-key/rotate", { as });
    expect(await again.json()).toEqual(next);
    const audit = await portcullis.call("GET", "/-/audit-events?action=assertion_key.rotated", { as });
    const { data } = await audit.json<{ data: object[] }>();
    expect(data, "a repeat changes nothing").toMatchObject([{ after: { kid: next.kid } }]);
  });
});

test("without the deployment's key nothing is forwarded", async () => {
  const broken = await startPortcullis({ edges: [{}, { deployment: "BrokenDeployment" }] });
  try {
    const own = await broken.createKey();
    const forwarded = broken.origin.requests.length;
    const answer = await broken.call("GET", PATH, { as: own.key, edge: 1 });
    const { error } = await answer.json<{ error: { code: string } }>();
    expect([answer.status, error.code]).toEqual([503, "admission_unavailable"]);
    expect(answer.headers.get("Retry-After")).toMatch(/^[1-9]\d*$/);
    expect(broken.origin.requests.length).toBe(forwarded);
    const jwks = await broken.call("GET", "/-/jwks.json", { edge: 1 });
    expect([jwks.status, jwks.headers.get("Retry-After")]).toEqual([503, "1"]);
  } finally {
    await broken.stop();
  }
});

test("an origin that wants none gets none", async () => {
  const off = await startPortcullis({ vars: { ORIGIN_ASSERTION: "off" } });
  try {
    const own = await off.createKey();
    const received = off.origin.next();
    expect((await off.call("GET", PATH, { as: own.key })).status).toBe(200);
    expect((await received).values("X-Portcullis-Assertion")).toEqual([]);
  } finally {
    await off.stop();
  }
});
