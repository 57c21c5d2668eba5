import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { adminClaims } from "../support/issuer.ts";
import { NEW_KEY, refusalOf, startControl, type Control, type Organization } from "../support/control.ts";
import { startGithub, type TestGithub } from "../support/github.ts";
import { OPERATOR } from "../support/operators.ts";
import { PATCH_OP, scimClient, type ScimClient } from "../support/scim.ts";

let control: Control;
let organization: Organization;
let github: TestGithub;
let scim: ScimClient;

beforeAll(async () => {
  github = await startGithub();
  control = await startControl({ vars: { GITHUB_SECRET_SCANNING_KEYS_URL: github.keysUrl } });
  organization = await control.newOrganization();
  scim = await scimClient(control, organization);
});
afterAll(async () => {
  await control.stop();
  await github.stop();
});

const arrays = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
const objects = (depth: number) => '{"a":'.repeat(depth) + "1" + "}".repeat(depth);
/** JSON with a value in place of the `$`, as no serializer would write it. */
const around = (body: object) => (value: string) => JSON.stringify(body).replace('"$"', value);

interface Place {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly write: (value: string) => string;
}

const alone = (value: string) => value;
const PLACES: readonly Place[] = [
  { name: "a body alone", method: "POST", path: "/-/api-keys", write: alone },
  {
    name: "a field of a key",
    method: "POST",
    path: "/-/api-keys",
    write: around({ ...NEW_KEY, vaults: ["$"] }),
  },
  {
    name: "an unknown field",
    method: "PATCH",
    path: "/-/api-keys/key_000000000000",
    write: around({ nothing: "$" }),
  },
  {
    name: "the roles of a service user",
    method: "POST",
    path: "/-/service-users",
    write: around({ name: "Robot", vaultRoles: "$" }),
  },
  { name: "a webhook", method: "PUT", path: "/-/organization/webhook", write: around({ url: "$" }) },
  {
    name: "a target of a revocation",
    method: "POST",
    path: "/-/ops/revocations",
    write: around({ targets: ["$"], reason: "Test" }),
  },
  {
    name: "a leak report",
    method: "POST",
    path: "/-/ops/leaks",
    write: around({ leaks: [{ token: "x", url: "$" }] }),
  },
];

describe("JSON that nests too deep is a request that is not well-formed", () => {
  describe.each(PLACES)("in $name", ({ method, path, write }) => {
    test.each([
      { name: "200,000 arrays", value: arrays(200_000) },
      { name: "200,000 objects", value: objects(200_000) },
      { name: "arrays that are never closed", value: "[".repeat(1_000_000) },
      { name: "66 arrays", value: arrays(66) },
    ])("as $name", async ({ value }) => {
      const answer = await fetch(`${control.edges[0]}${path}`, {
        method,
        headers: {
          Authorization: `Bearer ${await control.issuer.token(adminClaims({ org_id: organization.id, scope: OPERATOR.scope }))}`,
          "Content-Type": "application/json",
        },
        body: write(value),
      });
      expect(await refusalOf(answer)).toEqual([400, "invalid_request"]);
    });
  });

  test.each([
    { name: "a person", method: "POST", path: "/Users", write: around({ userName: "$" }) },
    {
      name: "an operation",
      method: "PATCH",
      path: "/Users/x",
      write: around({ schemas: [PATCH_OP], Operations: [{ op: "replace", value: "$" }] }),
    },
    {
      name: "a group",
      method: "PUT",
      path: "/Groups/x",
      write: around({ displayName: "admin", members: "$" }),
    },
  ])("in $name of SCIM", async ({ method, path, write }) => {
    for (const value of [arrays(200_000), objects(200_000), arrays(66)]) {
      const { status, body } = await scim.call(method, path, write(value));
      expect([status, body["scimType"]]).toEqual([400, "invalidSyntax"]);
    }
  });

  test("in a report that GitHub has signed", async () => {
    const body = `[{"token":${arrays(200_000)}}]`;
    const answer = await fetch(`${control.edges[0]}/-/ops/leaks/github`, {
      method: "POST",
      headers: { "Content-Type": "application/json", ...github.sign(body) },
      body,
    });
    expect(await refusalOf(answer)).toEqual([400, "invalid_request"]);
  });

  test.each([
    ["the header", { typ: "$" }, {}],
    ["a claim", {}, { aud: "$" }],
  ])("in %s of an identity token, which is then none", async (_, header, claims) => {
    const part = (value: object) =>
      Buffer.from(around({ alg: "ES256", iss: control.issuer.url, ...value })(arrays(8000))).toString(
        "base64url",
      );
    const answer = await control.call("GET", "/-/api-keys", {
      as: `${part(header)}.${part(claims)}.AAAA`,
    });
    expect(await refusalOf(answer)).toEqual([401, "identity_token_invalid"]);
  });

  test("in a cursor", async () => {
    const cursor = Buffer.from(arrays(3000)).toString("base64url");
    const answer = await organization.admin.call("GET", `/-/api-keys?nextCursor=${cursor}`);
    expect(await refusalOf(answer)).toEqual([400, "invalid_request", "nextCursor"]);
  });
});

describe("what stands twice in one object, which readers would take for one or the other, is refused", () => {
  test.each<[string, string, string, string]>([
    [
      "POST",
      "/-/api-keys",
      '{"name":"A","scopes":["vault:read"],"scopes":["vault:write"],"vaults":"*"}',
      "scopes",
    ],
    [
      "POST",
      "/-/api-keys",
      '{"name":"A","scopes":[{"action":"read","resource":"x","resource":"*"}]}',
      "resource",
    ],
    ["PATCH", "/-/api-keys/key_000000000000", '{"disabled":false,"disabled":true}', "disabled"],
    ["POST", "/-/service-users", String.raw`{"name":"A","active":true,"\u0061ctive":false}`, "active"],
    ["POST", "/-/ops/revocations", '{"targets":[{"keyId":"key_1","keyId":"key_2"}],"reason":"x"}', "keyId"],
  ])("%s %s %s", async (method, path, body, field) => {
    const token = await control.issuer.token(adminClaims({ org_id: organization.id, scope: OPERATOR.scope }));
    const answer = await fetch(`${control.edges[0]}${path}`, {
      method,
      headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
      body,
    });
    expect(await refusalOf(answer)).toEqual([400, "invalid_request", field]);
  });

  test.each([
    ["POST", "/Users", '{"userName":"twice","userName":"thrice"}'],
    ["POST", "/Users", '{"userName":"twice","roles":[],"Roles":["admin"]}'],
    ["POST", "/Groups", '{"displayName":"twice","members":[{"value":"a"}],"members":[]}'],
    ["PATCH", "/Users/x", '{"Operations":[{"op":"replace","path":"title","value":"a","value":"b"}]}'],
    ["PATCH", "/Groups/x", '{"Operations":[{"op":"remove","path":"members","value":[],"Value":[]}]}'],
    ["PATCH", "/Groups/x", '{"Operations":[],"Operations":[{"op":"remove","path":"members"}]}'],
  ])("in SCIM: %s %s %s", async (method, path, body) => {
    const answer = await scim.call(method, path, body);
    expect([answer.status, answer.body["scimType"]]).toEqual([400, "invalidSyntax"]);
  });

  test.each([
    ["PUT", '{"userName":"ann","active":false,"active":true}'],
    ["PUT", '{"userName":"ann","active":true,"Active":"False"}'],
    ["PATCH", '{"Operations":[{"op":"replace","value":{"active":true,"active":false,"active":true}}]}'],
    ["PATCH", '{"Operations":[{"op":"replace","path":"active","value":true,"value":false}]}'],
  ])("but in SCIM deactivates whom it deactivates either way: %s %s", async (method, body) => {
    const id = await scim.create("/Users", { userName: `twice-${crypto.randomUUID()}` });
    expect(await scim.call(method, `/Users/${id}`, body)).toMatchObject({
      status: 200,
      body: { active: false },
    });
  });
});

describe("many unknown names are refused in an answer of a size that the caller does not choose,", () => {
  const names = (n: number, length: number) =>
    Array.from({ length: n }, (_, i) => `${i}${"a".repeat(length)}`);
  test.each<{ name: string; ask: () => Promise<Response> }>([
    {
      name: "in a body, by somebody without a role",
      ask: async () =>
        control.call("POST", "/-/api-keys", {
          as: await control.issuer.token({ sub: "nobody", org_id: organization.id }),
          body: Object.fromEntries(names(50_000, 1).map((each) => [each, 1])),
        }),
    },
    {
      name: "in a body, long ones",
      ask: () =>
        organization.admin.call(
          "PATCH",
          "/-/api-keys/key_000000000000",
          Object.fromEntries(names(10, 50_000).map((each) => [each, 1])),
        ),
    },
    {
      name: "inside a field",
      ask: () =>
        organization.admin.call("POST", "/-/api-keys", {
          ...NEW_KEY,
          rateLimit: Object.fromEntries(names(50_000, 1).map((each) => [each, 1])),
        }),
    },
    {
      name: "as roles of a service user",
      ask: () =>
        organization.admin.call("POST", "/-/service-users", {
          name: "Robot",
          vaultRoles: Object.fromEntries(names(30_000, 1).map((each) => [each, ["none"]])),
        }),
    },
    {
      name: "as things of the wrong type",
      ask: () =>
        organization.admin.call("POST", "/-/api-keys", { ...NEW_KEY, vaults: names(30_000, 1).map(Number) }),
    },
    {
      name: "in a query",
      ask: () => organization.admin.call("GET", `/-/api-keys?${names(2000, 1).join("=1&")}`),
    },
  ])("$name", async ({ ask }) => {
    const answer = await ask();
    const text = await answer.text();
    expect(answer.status).toBeOneOf([400, 422]);
    expect(text.length).toBeLessThan(100_000);
  });
});

test("filters and paths of SCIM that nest too deep are refused in SCIM's words", async () => {
  const filter = `${"(".repeat(4000)}userName pr`;
  const { status, body } = await scim.call("GET", `/Users?filter=${encodeURIComponent(filter)}`);
  expect([status, body["scimType"]]).toEqual([400, "invalidFilter"]);
  const path = `emails[${"not (".repeat(800)}`;
  const patched = await scim.patch("/Users/x", { op: "remove", path });
  expect([patched.status, patched.body["scimType"]]).toEqual([400, "invalidPath"]);
});
