import { beforeEach, describe, expect, test } from "vitest";
import { developerOn, type Organization } from "../support/control.ts";
import type { CreatedKey } from "../support/portcullis.ts";
import { PATCH_OP, scimClient, tryToCreateKey, use, type ScimClient } from "../support/scim.ts";
import { readJson } from "../support/json.ts";
import { useControl } from "../support/started.ts";

/** A deactivation is done whatever else its request holds; the rest is done as far as it can be. */

const ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const DEACTIVATE = { op: "Replace", path: "active", value: "False" };
let organization: Organization;
let client: ScimClient;
let key: CreatedKey;
let id: string;

const control = await useControl();
beforeEach(async () => {
  organization = await control.newOrganization();
  client = await scimClient(control, organization);
  key = await organization.member("bob", developerOn("vault_1")).createKey();
  id = await client.create("/Users", { userName: "bob", displayName: "Bob", externalId: "bob" });
});

async function expectCutOff(): Promise<void> {
  expect(await use(control, key)).toEqual([401, "api_key_revoked"]);
  expect(await tryToCreateKey(organization.member("bob", developerOn("vault_1")))).toEqual([
    403,
    "role_required",
  ]);
}

const patch = (...Operations: readonly unknown[]) => ({ schemas: [PATCH_OP], Operations });

interface Change {
  readonly name: string;
  readonly method?: "PUT";
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: string;
  /** What else the user is afterwards. */
  readonly after?: object;
}

const CHANGES: readonly Change[] = [
  {
    name: "with a telephone number that was never set",
    body: patch(DEACTIVATE, { op: "Replace", path: 'phoneNumbers[type eq "work"].value', value: "1" }),
    after: { phoneNumbers: [{ type: "work", value: "1" }] },
  },
  {
    name: "after a telephone number that was never set",
    body: patch({ op: "Replace", path: 'phoneNumbers[type eq "work"].value', value: "1" }, DEACTIVATE),
    after: { phoneNumbers: [{ type: "work", value: "1" }] },
  },
  {
    name: "with an address, a role and a manager that were never set",
    body: patch(
      { op: "Replace", path: 'emails[type eq "work"].value', value: "b@example.com" },
      { op: "Replace", path: 'addresses[type eq "work"].country', value: "AT" },
      { op: "Replace", path: 'roles[primary eq "True"].value', value: "x" },
      { op: "Replace", path: `${ENTERPRISE}:manager`, value: "" },
      DEACTIVATE,
    ),
    after: { emails: [{ type: "work", value: "b@example.com" }], roles: [{ primary: true, value: "x" }] },
  },
  {
    name: "among operations that cannot be read",
    body: patch(
      7,
      null,
      { op: "move", path: "title", value: "x" },
      { op: "replace", path: "emails[", value: "x" },
      { op: "replace", path: "title", value: { a: 1 } },
      { op: "replace", path: "id", value: "x" },
      { op: "remove" },
      { op: "replace", value: { nickName: "Bo" } },
      DEACTIVATE,
    ),
    after: { nickName: "Bo" },
  },
  {
    name: "with a filter that tells of nothing",
    body: patch({ op: "replace", path: 'emails[type co "w"].value', value: "x" }, DEACTIVATE),
  },
  {
    name: "with a name that another has",
    body: patch({ op: "replace", path: "userName", value: "taken" }, DEACTIVATE),
    after: { userName: "bob" },
  },
  {
    name: "with no name left",
    body: patch(
      { op: "remove", path: "userName" },
      { op: "replace", path: "userName", value: "" },
      DEACTIVATE,
    ),
    after: { userName: "bob" },
  },
  {
    name: "and activated again in one request",
    body: patch(DEACTIVATE, { op: "replace", path: "active", value: true }),
  },
  {
    name: "at a version that is no longer current",
    body: patch({ op: "replace", path: "title", value: "Dr" }, DEACTIVATE),
    headers: { "If-Match": 'W/"7"' },
    after: { displayName: "Bob" },
  },
  { name: "at a version that is none", body: patch(DEACTIVATE), headers: { "If-Match": "seven" } },
  { name: "as another type of body", body: patch(DEACTIVATE), headers: { "Content-Type": "text/plain" } },
  {
    name: "by a query that cannot be read",
    body: patch(DEACTIVATE),
    query: "?attributes=a&excludedAttributes=b",
  },
  {
    name: "in letters that are none",
    body: '{"Operations":[{"op":"replace","value":{"active":false,"title":"\\ud800"}}]}',
  },
  { name: "by a body that is the change", body: { active: false } },
  {
    name: "by PUT",
    method: "PUT",
    body: { userName: "bob", displayName: "Robert", active: false },
    after: { displayName: "Robert" },
  },
  {
    name: "by PUT at a version that is no longer current",
    method: "PUT",
    body: { userName: "bob", displayName: "Robert", active: "False" },
    headers: { "If-Match": 'W/"7"' },
    after: { displayName: "Bob" },
  },
  {
    name: "by PUT with what cannot be read",
    method: "PUT",
    body: { userName: 7, displayName: { a: 1 }, title: "Dr", emails: 7, active: false },
    after: { userName: "bob", displayName: "Bob", title: "Dr" },
  },
  {
    name: "by PUT without a name",
    method: "PUT",
    body: { displayName: "Robert", active: false },
    after: { userName: "bob", displayName: "Robert" },
  },
  {
    name: "by PUT with a name that another has",
    method: "PUT",
    body: { userName: "taken", title: "Dr", active: false },
    after: { userName: "bob", title: "Dr" },
  },
  {
    name: "by PUT in the extension alone",
    method: "PUT",
    body: { userName: "bob", title: "Dr", active: true, [ENTERPRISE]: { active: false } },
    after: { userName: "bob", title: "Dr" },
  },
  {
    name: "by PUT of operations",
    method: "PUT",
    body: { userName: "bob", title: "Dr", ...patch(DEACTIVATE) },
    after: { userName: "bob", title: "Dr" },
  },
  {
    name: "by PUT beside what only looks like it",
    method: "PUT",
    body: { userName: "bob", title: "Dr", active: false, isActive: false, role: "viewer" },
    after: { userName: "bob", title: "Dr" },
  },
];

describe("somebody who is deactivated", () => {
  test.each(CHANGES)("$name is out", async ({ method = "PATCH", body, headers, query = "", after }) => {
    await client.create("/Users", { userName: "taken" });
    expect(await use(control, key)).toEqual([200]);
    const answer = await client.call(method, `/Users/${id}${query}`, body, headers);
    expect(answer).toMatchObject({ status: 200, body: { id, active: false } });
    expect((await client.call("GET", `/Users/${id}`)).body).toMatchObject({ active: false, ...after });
    await expectCutOff();
  });

  test("with an API key in a name is out, and the key is kept nowhere", async () => {
    const body = patch({ op: "replace", path: "displayName", value: key.key }, DEACTIVATE);
    const answer = await client.call("PATCH", `/Users/${id}`, body);
    expect(answer).toMatchObject({ status: 200, body: { active: false, displayName: "Bob" } });
    await expectCutOff();
    expect(control.logs.join("\n")).not.toContain(key.key);
  });

  test("has what was left out of the request in the log, and why", async () => {
    await client.patch(`/Users/${id}`, { op: "replace", path: "title", value: 7 }, DEACTIVATE);
    await expect
      .poll(() => control.logs.map((line) => readJson<Record<string, unknown>>(line)))
      .toContainEqual(
        expect.objectContaining({
          operation: "/-/scim/v2/Users/:id",
          method: "PATCH",
          status: 200,
          leftOut: [expect.stringContaining("title")],
        }),
      );
  });
});

test.each<[name: string, method: string, body: unknown]>([
  ["no operations", "PATCH", patch()],
  ["operations that are no list", "PATCH", { Operations: "x" }],
  ["an operation that is none", "PATCH", patch(7)],
  [
    "one of two that cannot be read",
    "PATCH",
    patch({ op: "replace", path: "title", value: "Dr" }, { op: "x" }),
  ],
  ["active that is no boolean", "PATCH", patch({ op: "replace", path: "active", value: "maybe" })],
  ["active taken away", "PATCH", patch({ op: "remove", path: "active" })],
  ["a removal without a path", "PATCH", patch({ op: "remove" })],
  ["a PUT of nothing", "PUT", {}],
  ["a PUT with active that is no boolean", "PUT", { userName: "bob", active: "maybe" }],
  [
    "a PUT that says elsewhere that somebody is out",
    "PUT",
    { userName: "bob", active: true, disabled: true },
  ],
  ["a PUT with a part that is out", "PUT", { userName: "bob", profile: { isActive: "false" } }],
  [
    "another extension that says so",
    "PATCH",
    patch({ op: "replace", path: "urn:x:2.0:User:active", value: false }),
  ],
  ["a PUT of other operations", "PUT", { userName: "bob", ...patch({ op: "remove", path: "roles" }) }],
  ["a role by another name", "PUT", { userName: "bob", role: "viewer" }],
])("any other request that cannot be read is 400 and does nothing: %s", async (_, method, body) => {
  expect((await client.call(method, `/Users/${id}`, body)).status).toBe(400);
  expect((await client.call("GET", `/Users/${id}`)).headers.get("ETag")).toBe('W/"1"');
  expect(await use(control, key)).toEqual([200]);
});
