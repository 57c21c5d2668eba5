import { afterAll, beforeAll, expect, test } from "vitest";
import { developerOn, startControl, type Control, type Organization } from "../support/control.ts";
import { PATCH_OP, scimClient, tryToCreateKey, use, type ScimClient } from "../support/scim.ts";

/**
 * The requests that OneLogin's provisioning makes, in the order of its "Example API Flow" (OneLogin Developers, "Step 2.
 * Implement RESTful SCIM APIs for Your App"): it looks for a user who cannot be there, creates one, updates by PATCH or by
 * PUT, pushes groups, and suspends by `active`.
 */

const CORE = "urn:ietf:params:scim:schemas:core:2.0:User";
const ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
/** OneLogin sends plain JSON. */
const JSON_TYPE = { "Content-Type": "application/json" };

let control: Control;
let organization: Organization;
let onelogin: ScimClient;

beforeAll(async () => {
  control = await startControl();
  organization = await control.newOrganization();
  onelogin = await scimClient(control, organization);
});
afterAll(() => control.stop());

const send = (method: string, path: string, body: object) => onelogin.call(method, path, body, JSON_TYPE);
const byName = (name: string) => `/Users?filter=${encodeURIComponent(`userName eq "${name}"`)}`;

test("a user's life, and what their key does at every step", async () => {
  const none = await onelogin.call("GET", byName("invalid@onelogin.com"));
  expect(none).toMatchObject({ status: 200, body: { totalResults: 0, Resources: [] } });

  // The token of OneLogin's OpenID Connect has a number for a subject, and the address.
  const claims = { sub: "83476201", email: "jane.doe@onelogin.com", email_verified: true };
  const jane = organization.member("83476201", { ...claims, ...developerOn("vault_1") });
  const key = await jane.createKey();

  const user = {
    schemas: [CORE, ENTERPRISE],
    userName: "jane.doe",
    externalId: "",
    active: true,
    name: { givenName: "Jane", familyName: "Doe", formatted: "Jane Doe" },
    emails: [{ value: "Jane.Doe@onelogin.com", type: "work", primary: true }],
    [ENTERPRISE]: { department: "Sales", manager: { value: "", displayName: "" } },
  };
  const created = await send("POST", "/Users", user);
  expect(created).toMatchObject({ status: 201, body: { userName: "jane.doe", active: true } });
  const { id } = created.body;
  expect((await onelogin.call("GET", byName("jane.doe"))).body).toMatchObject({
    totalResults: 1,
    Resources: [{ id }],
  });
  expect(await use(control, key)).toEqual([200]);

  const groups = await onelogin.call("GET", "/Groups?startIndex=1&count=100");
  expect(groups).toMatchObject({ status: 200, body: { totalResults: 0 } });
  const group = await send("POST", "/Groups", {
    schemas: ["urn:ietf:params:scim:schemas:core:2.0:Group"],
    displayName: "admin",
    members: [],
  });
  const join = { op: "add", path: "members", value: [{ value: id, $ref: `../Users/${id}` }] };
  const leave = { op: "remove", path: `members[value eq "${id}"]` };
  const patchGroup = (operation: object) =>
    send("PATCH", `/Groups/${group.body.id}`, { schemas: [PATCH_OP], Operations: [operation] });
  expect((await patchGroup(join)).status).toBe(204);
  expect((await jane.call("GET", "/-/people")).status).toBe(200);
  expect((await patchGroup(leave)).status).toBe(204);
  expect((await jane.call("GET", "/-/people")).status).toBe(403);

  const updated = await send("PATCH", `/Users/${id}`, {
    schemas: [PATCH_OP],
    Operations: [{ op: "replace", value: { name: { familyName: "Roe" }, [ENTERPRISE]: { department: "" } } }],
  });
  expect(updated).toMatchObject({ status: 200, body: { name: { familyName: "Roe" } } });
  expect(await use(control, key)).toEqual([200]);

  const suspended = await send("PUT", `/Users/${id}`, { ...user, id, active: false });
  expect(suspended).toMatchObject({ status: 200, body: { id, active: false } });
  expect(await use(control, key)).toEqual([401, "api_key_revoked"]);
  expect(await tryToCreateKey(jane)).toEqual([403, "role_required"]);
  expect((await onelogin.call("DELETE", `/Users/${id}`)).status).toBe(204);
  expect(await tryToCreateKey(jane)).toEqual([403, "role_required"]);
});
