import { describe, expect, test } from "vitest";
import { newScimToken, scimClient, scimPerTest } from "../support/scim.ts";

const ERROR = "urn:ietf:params:scim:api:messages:2.0:Error";

const scim = scimPerTest();

const DISCOVERY = ["/ServiceProviderConfig", "/ResourceTypes", "/Schemas"];

describe("the token", () => {
  test("is made by admins only", async () => {
    const answer = await scim.organization.member("bob").call("POST", "/-/organization/scim-token");
    expect(answer.status).toBe(403);
  });

  test("ends the one before", async () => {
    expect((await scim.client.call("GET", "/Users")).status).toBe(200);
    const successor = await scimClient(scim.control, scim.organization);
    expect((await scim.client.call("GET", "/Users")).status).toBe(401);
    expect((await successor.call("GET", "/Users")).status).toBe(200);
  });

  test("is shown once and kept nowhere in the clear", async () => {
    const audit = await scim.organization.admin.call("GET", "/-/audit-events");
    const text = await audit.text();
    expect(text).toContain("scim_token.created");
    expect(text).not.toContain(scim.client.token);
    expect(text).not.toContain(scim.client.token.split(".")[1]);
  });

  test.each<[name: string, header: (token: string) => string]>([
    ["none", () => ""],
    ["another scheme", (token) => `Basic ${token}`],
    ["a wrong secret", (token) => `Bearer ${token.slice(0, -4)}AAAA`],
    ["a secret cut short", (token) => `Bearer ${token.slice(0, -1)}`],
    ["an organisation that does not exist", (token) => `Bearer scim_bm9uZQ.${token.split(".")[1]}`],
    ["no organisation", (token) => `Bearer scim_.${token.split(".")[1]}`],
    ["two at once", (token) => `Bearer ${token}, Bearer ${token}`],
  ])("is needed everywhere: %s is refused", async (_, header) => {
    for (const path of [...DISCOVERY, "/Users", "/Groups", "/Users/1", "/nothing"]) {
      const answer = await scim.client.call("GET", path, undefined, {
        Authorization: header(scim.client.token),
      });
      expect([path, answer.status]).toEqual([path, 401]);
      expect(answer.headers.get("WWW-Authenticate")).toMatch(/^Bearer /);
      expect(answer.body).toMatchObject({ schemas: [ERROR], status: "401" });
    }
  });

  test("of an identity provider's person is none", async () => {
    const token = await scim.control.issuer.token({ org_id: scim.organization.id });
    const answer = await scim.client.call("GET", "/Users", undefined, { Authorization: `Bearer ${token}` });
    expect(answer.status).toBe(401);
  });

  test("reaches its own organisation alone", async () => {
    const stranger = await scimClient(scim.control, await scim.control.newOrganization());
    const id = await scim.client.create("/Users", { userName: "ann" });
    const group = await scim.client.create("/Groups", { displayName: "staff", members: [{ value: id }] });
    expect((await stranger.call("GET", "/Users")).body.totalResults).toBe(0);
    expect((await stranger.call("GET", "/Groups")).body.totalResults).toBe(0);
    for (const path of [`/Users/${id}`, `/Groups/${group}`]) {
      expect((await stranger.call("GET", path)).status).toBe(404);
      expect((await stranger.call("DELETE", path)).status).toBe(404);
      expect((await stranger.patch(path, { op: "replace", value: { active: false } })).status).toBe(404);
    }
    const taken = await stranger.call("POST", "/Groups", { displayName: "x", members: [{ value: id }] });
    expect(taken.body).toMatchObject({ status: "400", scimType: "invalidValue" });
    // The organisation's part of a token does not make another one's secret good.
    const mixed = `${(await newScimToken(scim.organization)).split(".")[0]}.${stranger.token.split(".")[1]}`;
    expect(
      (await (await scimClient(scim.control, scim.organization, mixed)).call("GET", "/Users")).status,
    ).toBe(401);
  });
});

describe("the service describes itself", () => {
  test("in its configuration", async () => {
    expect((await scim.client.call("GET", "/ServiceProviderConfig")).body).toMatchObject({
      schemas: ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
      patch: { supported: true },
      bulk: { supported: false },
      filter: { supported: true, maxResults: 200 },
      changePassword: { supported: false },
      sort: { supported: true },
      etag: { supported: true },
      authenticationSchemes: [{ type: "oauthbearertoken" }],
    });
  });

  test.each([
    ["/ResourceTypes", ["User", "Group"]],
    [
      "/Schemas",
      [
        "urn:ietf:params:scim:schemas:core:2.0:User",
        "urn:ietf:params:scim:schemas:core:2.0:Group",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
        "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig",
        "urn:ietf:params:scim:schemas:core:2.0:ResourceType",
        "urn:ietf:params:scim:schemas:core:2.0:Schema",
      ],
    ],
  ])("in %s, each also by its id and where it says it is", async (path, ids) => {
    const { body } = await scim.client.call("GET", path);
    expect(body.Resources.map(({ id }) => id)).toEqual(ids);
    expect(body.totalResults).toBe(ids.length);
    for (const each of body.Resources) {
      const one = await scim.client.call("GET", `${path}/${each.id}`);
      expect(one).toMatchObject({ status: 200, body: each });
      expect(each.meta["location"]).toBe(`${scim.control.edges[0]}/-/scim/v2${path}/${each.id}`);
    }
    expect((await scim.client.call("GET", `${path}/nothing`)).body).toMatchObject({ status: "404" });
  });
});

interface Refused {
  readonly name: string;
  readonly send: (id: string) => Promise<{ status: number; headers: Headers; body: object }>;
  readonly status: number;
  readonly scimType?: string;
}

const user = { userName: "ann" };
const REFUSED: readonly Refused[] = [
  { name: "an unknown endpoint", send: () => scim.client.call("GET", "/Devices"), status: 404 },
  { name: "an unknown user", send: () => scim.client.call("GET", "/Users/none"), status: 404 },
  { name: "an unknown user deleted", send: () => scim.client.call("DELETE", "/Users/none"), status: 404 },
  { name: "a method that is not served", send: () => scim.client.call("PUT", "/Users", user), status: 405 },
  {
    name: "a body of another type",
    send: () => scim.client.call("POST", "/Users", "userName=ann", { "Content-Type": "text/plain" }),
    status: 415,
  },
  {
    name: "a body that is no JSON",
    send: () => scim.client.call("POST", "/Users", "{"),
    status: 400,
    scimType: "invalidSyntax",
  },
  {
    name: "a body that is no object",
    send: () => scim.client.call("POST", "/Users", []),
    status: 400,
    scimType: "invalidSyntax",
  },
  { name: "no body", send: () => scim.client.call("POST", "/Users"), status: 400, scimType: "invalidSyntax" },
  {
    name: "a PATCH without operations",
    send: (id) => scim.client.call("PATCH", `/Users/${id}`, {}),
    status: 400,
    scimType: "invalidSyntax",
  },
  {
    name: "a user without a userName",
    send: () => scim.client.call("POST", "/Users", { displayName: "Ann" }),
    status: 400,
    scimType: "invalidValue",
  },
  {
    name: "a PUT without a userName",
    send: (id) => scim.client.call("PUT", `/Users/${id}`, { displayName: "Ann" }),
    status: 400,
    scimType: "invalidValue",
  },
  {
    name: "a group without a displayName",
    send: () => scim.client.call("POST", "/Groups", {}),
    status: 400,
    scimType: "invalidValue",
  },
  {
    name: "active that is no boolean",
    send: () => scim.client.call("POST", "/Users", { userName: "x", active: "perhaps" }),
    status: 400,
    scimType: "invalidValue",
  },
  {
    name: "a userName that is taken, letter case aside",
    send: () => scim.client.call("POST", "/Users", { userName: "ANN" }),
    status: 409,
    scimType: "uniqueness",
  },
  {
    name: "a displayName that another group has, letter case and spaces aside",
    send: async () => {
      await scim.client.create("/Groups", { displayName: "Staff" });
      return scim.client.call("POST", "/Groups", { displayName: " STAFF " });
    },
    status: 409,
    scimType: "uniqueness",
  },
  {
    name: "a displayName that another group has, written with other letters for the same",
    send: async () => {
      await scim.client.create("/Groups", { displayName: "vault_1:developer" });
      return scim.client.call("POST", "/Groups", { displayName: "ｖault_1:ＤＥＶＥＬＯＰＥＲ" });
    },
    status: 409,
    scimType: "uniqueness",
  },
  {
    name: "a name that cannot be seen",
    send: () => scim.client.call("POST", "/Users", { userName: "\u200b" }),
    status: 400,
    scimType: "invalidValue",
  },
  {
    name: "a name with half of a letter",
    send: async () => {
      const id = await scim.client.create("/Users", { userName: "halved" });
      return scim.client.patch(`/Users/${id}`, { op: "replace", path: "userName", value: "halved\ud800" });
    },
    status: 400,
    scimType: "invalidValue",
  },
  {
    name: "a rename to a displayName that is taken",
    send: async () => {
      await scim.client.create("/Groups", { displayName: "staff" });
      const other = await scim.client.create("/Groups", { displayName: "other" });
      return scim.client.patch(`/Groups/${other}`, { op: "replace", value: { displayName: "Staff" } });
    },
    status: 409,
    scimType: "uniqueness",
  },
  {
    name: "a member who is none",
    send: () => scim.client.call("POST", "/Groups", { displayName: "staff", members: [{ display: "Ann" }] }),
    status: 400,
    scimType: "invalidValue",
  },
  {
    name: "a member who is unknown",
    send: () =>
      scim.client.call("POST", "/Groups", { displayName: "staff", members: [{ $ref: "/v2/Users/x" }] }),
    status: 400,
    scimType: "invalidValue",
  },
  {
    name: "a number where text is due",
    send: () => scim.client.call("POST", "/Users", { userName: "x", title: 7 }),
    status: 400,
    scimType: "invalidValue",
  },
  {
    name: "a description of the service that is to be filtered",
    send: () => scim.client.call("GET", '/Schemas?filter=id eq "x"'),
    status: 403,
  },
  {
    name: "a search that is no query",
    send: () => scim.client.call("POST", "/.search", { filter: { a: 1 } }),
    status: 400,
    scimType: "invalidValue",
  },
  {
    name: "a search by a filter that is none",
    send: () => scim.client.call("POST", "/Users/.search", { filter: "x" }),
    status: 400,
    scimType: "invalidFilter",
  },
  { name: "a search that is not posted", send: () => scim.client.call("GET", "/Users/.search"), status: 405 },
  {
    name: "an order by what is no attribute",
    send: () => scim.client.call("GET", "/Users?sortBy=a%20b"),
    status: 400,
    scimType: "invalidPath",
  },
  ...["/Me", "/me/", "/Me/emails", "/Bulk"].map((path) => ({
    name: `${path}, which the service does without,`,
    send: () => (path === "/Me" ? scim.client.call("GET", path) : scim.client.call("POST", path, user)),
    status: 501,
  })),
  { name: "a path with an empty part", send: () => scim.client.call("GET", "//Users"), status: 404 },
  { name: "a path that goes on", send: (id) => scim.client.call("GET", `/Users/${id}/emails`), status: 404 },
  {
    name: "a rename to a userName that is taken",
    send: async () => {
      const other = await scim.client.create("/Users", { userName: "other" });
      return scim.client.patch(`/Users/${other}`, { op: "replace", path: "userName", value: "Ann" });
    },
    status: 409,
    scimType: "uniqueness",
  },
  {
    name: "the server's own attribute changed",
    send: (id) => scim.client.patch(`/Users/${id}`, { op: "replace", path: "id", value: "1" }),
    status: 400,
    scimType: "mutability",
  },
  {
    name: "a path that is none",
    send: (id) => scim.client.patch(`/Users/${id}`, { op: "replace", path: "a b", value: "1" }),
    status: 400,
    scimType: "invalidPath",
  },
  {
    name: "a filter that is none",
    send: () => scim.client.call("GET", "/Users?filter=userName%20is%20ann"),
    status: 400,
    scimType: "invalidFilter",
  },
  {
    name: "a page that is no number",
    send: () => scim.client.call("GET", "/Users?startIndex=first"),
    status: 400,
    scimType: "invalidValue",
  },
  {
    name: "a version that is no longer current",
    send: (id) => scim.client.call("PUT", `/Users/${id}`, user, { "If-Match": 'W/"7"' }),
    status: 412,
  },
  {
    name: "a version that is none",
    send: (id) => scim.client.call("DELETE", `/Users/${id}`, undefined, { "If-Match": "seven" }),
    status: 412,
  },
];

test.each(REFUSED)("$name is refused in SCIM's own form", async ({ send, status, scimType }) => {
  const id = await scim.client.create("/Users", user);
  const answer = await send(id);
  expect(answer.status).toBe(status);
  expect(answer.headers.get("Content-Type")).toBe("application/scim+json");
  expect(answer.body).toEqual({
    schemas: [ERROR],
    status: `${status}`,
    ...(scimType !== undefined && { scimType }),
    detail: expect.stringMatching(/./),
  });
  expect((await scim.client.call("GET", `/Users/${id}`)).body).toMatchObject({
    ...user,
    meta: { version: 'W/"1"' },
  });
});

test("405 names the methods that are served", async () => {
  const answer = await scim.client.call("PUT", "/Users", user);
  expect(answer.headers.get("Allow")).toBe("GET, HEAD, POST");
});

test.each(["/Users/", "/users", "/USERS/"])(
  "%s is the place of users, as it is written elsewhere",
  async (path) => {
    const created = await scim.client.call("POST", path, user);
    expect(created.status).toBe(201);
    expect((await scim.client.call("GET", path)).body.totalResults).toBe(1);
    const one = `${path.replace(/\/$/, "")}/${created.body.id}/`;
    expect((await scim.client.call("GET", one)).body).toEqual(created.body);
    expect((await scim.client.call("PUT", one, { ...user, title: "Dr" })).body).toMatchObject({
      title: "Dr",
    });
    expect((await scim.client.call("DELETE", one)).status).toBe(204);
    for (const each of ["/schemas/", "/RESOURCETYPES", "/serviceproviderconfig/", "/resourceTypes/user"]) {
      expect([each, (await scim.client.call("GET", each)).status]).toEqual([each, 200]);
    }
  },
);

test("a client that has a resource gets no body (RFC 7644 section 3.14)", async () => {
  const id = await scim.client.create("/Users", user);
  const known = (version: string) =>
    scim.client.call("GET", `/Users/${id}`, undefined, { "If-None-Match": version });
  for (const version of ['W/"1"', '"1"', 'W/"7", W/"1"', "*"]) {
    const answer = await known(version);
    expect(answer).toMatchObject({ status: 304, body: {} });
    expect(answer.headers.get("ETag")).toBe('W/"1"');
  }
  for (const version of ['W/"2"', '""', "1"]) expect((await known(version)).status).toBe(200);
});

test("a list may be asked for by POST, of one type or of all (RFC 7644 section 3.4.3)", async () => {
  const SEARCH = ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"];
  const ids = [];
  for (const userName of ["ann", "bob", "cid"]) ids.push(await scim.client.create("/Users", { userName }));
  const group = await scim.client.create("/Groups", { displayName: "bob" });
  const search = async (path: string, query: object) => {
    const { status, body } = await scim.client.call("POST", path, { schemas: SEARCH, ...query });
    expect(status).toBe(200);
    return [body.totalResults, body.Resources.map((each) => each.id)];
  };
  expect(await search("/Users/.search", { filter: 'userName eq "bob"' })).toEqual([1, [ids[1]]]);
  expect(await search("/Groups/.search", {})).toEqual([1, [group]]);
  const either = 'userName eq "bob" or displayName eq "bob"';
  expect(await search("/.search", { filter: either })).toEqual([2, [ids[1], group]]);
  expect(await search("/.search", { filter: 'meta.resourceType eq "Group"' })).toEqual([1, [group]]);
  const page = { startIndex: 2, count: 2, sortBy: "userName", sortOrder: "descending" };
  expect(await search("/Users/.search", page)).toEqual([3, [ids[1], ids[0]]]);
  expect(await search("/Users/.search", { Filter: 'userName eq "bob"', COUNT: 1 })).toEqual([1, [ids[1]]]);
  const inUrl = await scim.client.call("GET", `/Users?Filter=${encodeURIComponent('userName eq "bob"')}`);
  expect(inUrl.body.Resources.map((each) => each.id)).toEqual([ids[1]]);
  const shown = await scim.client.call("POST", "/Users/.search", { attributes: ["userName"], count: 1 });
  expect(Object.keys(shown.body.Resources[0] ?? {}).toSorted()).toEqual(["id", "schemas", "userName"]);
  const audit = await scim.organization.admin.call("GET", "/-/audit-events?actor=scim");
  expect(await audit.text()).not.toContain("earch");
});

test("a list is in the order that is asked for (RFC 7644 section 3.4.2.3)", async () => {
  const people = [
    { userName: "u1", displayName: "cid", emails: [{ value: "z@x" }, { value: "a@x", primary: true }] },
    { userName: "u2", displayName: "Ann", emails: [{ value: "c@x" }] },
    { userName: "u3", displayName: "bob", emails: [{ value: "b@x" }] },
    { userName: "u4" },
  ];
  for (const person of people) await scim.client.create("/Users", person);
  const order = async (query: string) =>
    (await scim.client.call("GET", `/Users?${query}`)).body.Resources.map((each) => each["userName"]);
  expect(await order("sortBy=displayName")).toEqual(["u2", "u3", "u1", "u4"]);
  expect(await order("sortBy=displayName&sortOrder=descending")).toEqual(["u4", "u1", "u3", "u2"]);
  expect(await order("sortBy=emails.value")).toEqual(["u1", "u3", "u2", "u4"]);
  expect(await order("sortBy=emails&count=2&startIndex=2")).toEqual(["u3", "u2"]);
  expect(await order("sortBy=")).toHaveLength(4);
});

test.each([
  "count=2147483647",
  "count=99999999999999999999",
  "filter=",
  "filter=%20",
  "startIndex=-5",
  "attributes=",
])("a list asked for with %s is the whole list", async (query) => {
  await scim.client.create("/Users", user);
  expect(await scim.client.call("GET", `/Users?${query}`)).toMatchObject({
    status: 200,
    body: { totalResults: 1, itemsPerPage: 1, startIndex: 1 },
  });
});

test("a group without members says so", async () => {
  const group = await scim.client.create("/Groups", { displayName: "staff" });
  expect((await scim.client.call("GET", `/Groups/${group}`)).body["members"]).toEqual([]);
  expect((await scim.client.call("GET", "/Groups")).body.Resources[0]?.["members"]).toEqual([]);
});

test("groups that had one name before they had to differ can be changed, and renamed apart", async () => {
  const first = await scim.client.create("/Groups", { displayName: "staff" });
  const id = await scim.client.create("/Users", user);
  const add = { op: "add", path: "members", value: [{ value: id }] };
  expect((await scim.client.patch(`/Groups/${first}`, add)).status).toBe(204);
  expect((await scim.client.call("PUT", `/Groups/${first}`, { displayName: "staff" })).status).toBe(200);
  expect(
    (await scim.client.patch(`/Groups/${first}`, { op: "replace", value: { displayName: "STAFF" } })).status,
  ).toBe(204);
});

test("plain JSON is taken for SCIM's media type", async () => {
  const json = { "Content-Type": "application/json; charset=utf-8" };
  expect((await scim.client.call("POST", "/Users", user, json)).status).toBe(201);
});

test("the version of a change may be asked for, and grows only with a change", async () => {
  const id = await scim.client.create("/Users", user);
  const put = (body: object, version: string) =>
    scim.client.call("PUT", `/Users/${id}`, body, { "If-Match": version });
  expect((await put({ ...user, title: "Dr" }, 'W/"1"')).headers.get("ETag")).toBe('W/"2"');
  expect((await put({ ...user, title: "Dr" }, 'W/"1", W/"2"')).headers.get("ETag")).toBe('W/"2"');
  expect((await put({ ...user, title: "Dr" }, "*")).headers.get("ETag")).toBe('W/"2"');
  expect((await put(user, 'W/"1"')).status).toBe(412);
  expect((await scim.client.call("GET", `/Users/${id}`)).body).toMatchObject({ title: "Dr" });
});

test("what a PUT leaves out is gone, but for who the user is and whether they are active", async () => {
  const id = await scim.client.create("/Users", { ...user, title: "Dr", externalId: "e1", active: false });
  const { body } = await scim.client.call("PUT", `/Users/${id}`, user);
  expect(body).toMatchObject({ userName: "ann", externalId: "e1", active: false });
  expect(body).not.toHaveProperty("title");
});

test("pages start at 1, hold what is asked for, and tell how many there are in all", async () => {
  const names = Array.from({ length: 5 }, (_, i) => `user${i}`);
  for (const userName of names) await scim.client.create("/Users", { userName });
  const page = async (query: string) => {
    const { body } = await scim.client.call("GET", `/Users?${query}`);
    expect(body.totalResults).toBe(5);
    return [body["startIndex"], body["itemsPerPage"], body.Resources.map((each) => each["userName"])];
  };
  const filter = `filter=${encodeURIComponent("userName pr")}`;
  for (const also of ["", `&${filter}`]) {
    expect(await page(`startIndex=2&count=2${also}`)).toEqual([2, 2, expect.any(Array)]);
    expect(await page(`count=0${also}`)).toEqual([1, 0, []]);
    expect(await page(`startIndex=6${also}`)).toEqual([6, 0, []]);
    expect(await page(`startIndex=0&count=-1${also}`)).toEqual([1, 0, []]);
    const whole = await page(`count=1000${also}`);
    const [, , first] = await page(`count=3${also}`);
    const [, , rest] = await page(`startIndex=4&count=3${also}`);
    expect([...(first as string[]), ...(rest as string[])]).toEqual(whole[2]);
    expect((whole[2] as string[]).toSorted()).toEqual(names);
  }
});

test.each([
  ['userName eq "ANN"', 1],
  ['externalId eq "e1"', 1],
  ['externalId eq "E1"', 0],
  ['externalId eq "e1" and active eq false', 0],
  ['groups.display eq "staff"', 1],
  ['meta.resourceType eq "User"', 2],
  ['nickName eq "x"', 0],
  ['constructor eq "x"', 0],
])("the filter %s finds %i users of two", async (filter, found) => {
  const id = await scim.client.create("/Users", { ...user, externalId: "e1" });
  await scim.client.create("/Users", { userName: "other", externalId: "e2" });
  await scim.client.create("/Groups", { displayName: "staff", members: [{ value: id }] });
  const answer = await scim.client.call("GET", `/Users?filter=${encodeURIComponent(filter)}`);
  expect(answer).toMatchObject({ status: 200, body: { totalResults: found } });
});

test("the filter of a group may name its members", async () => {
  const id = await scim.client.create("/Users", user);
  const group = await scim.client.create("/Groups", { displayName: "staff", members: [{ value: id }] });
  await scim.client.create("/Groups", { displayName: "others" });
  for (const filter of [`members[value eq "${id}"]`, `members.value eq "${id}"`, `members eq "${id}"`]) {
    const { body } = await scim.client.call("GET", `/Groups?filter=${encodeURIComponent(filter)}`);
    expect(body.Resources.map((each) => each.id)).toEqual([group]);
  }
});

test("a list shows the attributes that are asked for", async () => {
  const id = await scim.client.create("/Users", { ...user, title: "Dr", emails: [{ value: "a@x" }] });
  const shown = async (query: string) => (await scim.client.call("GET", `/Users?${query}`)).body.Resources[0];
  const schemas = ["urn:ietf:params:scim:schemas:core:2.0:User"];
  expect(await shown("attributes=userName")).toEqual({ schemas, id, userName: "ann" });
  expect(await shown("excludedAttributes=emails,meta")).toEqual({
    schemas,
    id,
    userName: "ann",
    title: "Dr",
    active: true,
  });
});

test("unknown attributes and extensions are kept, and a password is not", async () => {
  const extension = "urn:example:params:scim:schemas:extension:pets:2.0:User";
  const sent = { ...user, shoeSize: 42, password: "hunter2-secret", [extension]: { pet: "cat" } };
  const { body } = await scim.client.call("POST", "/Users", sent);
  expect(body).toMatchObject({ shoeSize: 42, [extension]: { pet: "cat" } });
  expect(body["schemas"]).toContain(extension);
  expect(body).not.toHaveProperty("password");
  const audit = await scim.organization.admin.call("GET", "/-/audit-events");
  expect(await audit.text()).not.toContain("hunter2-secret");
});

test("what says that somebody is out is kept of somebody who is, and may be put back as it was read", async () => {
  const id = await scim.client.create("/Users", user);
  const set = (path: string, value: unknown) =>
    scim.client.patch(`/Users/${id}`, { op: "replace", path, value });
  expect((await set("status", "inactive")).status).toBe(400);
  await set("active", false);
  expect((await set("status", "inactive")).body).toMatchObject({ active: false, status: "inactive" });
  await set("active", true);
  const { body } = await scim.client.call("GET", `/Users/${id}`);
  const put = (more: object) => scim.client.call("PUT", `/Users/${id}`, { ...body, ...more });
  expect(await put({})).toMatchObject({ status: 200, body });
  expect(await put({ title: "Dr" })).toMatchObject({
    status: 200,
    body: { title: "Dr", status: "inactive" },
  });
  expect(await put({ status: "disabled" })).toMatchObject({ status: 400, body: { scimType: "invalidPath" } });
});

test("every change is on record as made by SCIM, and what changes nothing is not", async () => {
  const id = await scim.client.create("/Users", user);
  const group = await scim.client.create("/Groups", { displayName: "staff" });
  await scim.client.patch(`/Groups/${group}`, { op: "add", path: "members", value: [{ value: id }] });
  await scim.client.patch(`/Groups/${group}`, { op: "add", path: "members", value: [{ value: id }] });
  await scim.client.patch(`/Users/${id}`, { op: "replace", value: { title: "Dr" } });
  await scim.client.patch(`/Users/${id}`, { op: "replace", value: { title: "Dr" } });
  await scim.client.call("DELETE", `/Users/${id}`);
  await scim.client.call("DELETE", `/Groups/${group}`);
  const audit = await scim.organization.admin.call("GET", "/-/audit-events?actor=scim");
  const { data } = await audit.json<{ data: { action: string; target: string; after: unknown }[] }>();
  expect(data.map(({ action, target }) => [action, target]).toReversed()).toEqual([
    ["scim_user.created", id],
    ["scim_group.created", group],
    ["scim_group.updated", group],
    ["scim_user.updated", id],
    ["scim_user.deleted", id],
    ["scim_group.deleted", group],
  ]);
  expect(data.at(-3)?.after).toEqual({ displayName: "staff", members: [id] });
});

test("a refused attempt at a change is on record, too", async () => {
  const id = await scim.client.create("/Users", user);
  await scim.client.call("POST", "/Users", user);
  await scim.client.patch(`/Users/${id}`, { op: "replace", path: "active", value: "perhaps" });
  await scim.client.call("DELETE", "/Groups/none");
  await scim.client.call("GET", "/Users/none");
  await expect
    .poll(async () => {
      const audit = await scim.organization.admin.call("GET", "/-/audit-events?actor=scim");
      const { data } = await audit.json<{
        data: { action: string; target: string; code: string | null }[];
      }>();
      return data.flatMap(({ action, target, code }) => (code ? [[action, target, code]] : []));
    })
    .toEqual([
      ["deleteScimGroup", "none", "not_found"],
      ["updateScimUser", id, "invalid_value"],
      ["createScimUser", scim.organization.id, "already_exists"],
    ]);
});

describe("more than is kept of a resource", () => {
  const LARGE = "x".repeat(3_000_000);

  test.each<[string, string, object]>([
    ["a user", "/Users", { userName: "large", nickName: LARGE }],
    ["a group", "/Groups", { displayName: "large", note: LARGE }],
  ])("is refused: %s", async (_, path, sent) => {
    const answer = await scim.client.call("POST", path, sent);
    expect([answer.status, answer.body.schemas]).toEqual([413, [ERROR]]);
  });

  test("is refused where a change comes to it", async () => {
    const id = await scim.client.create("/Users", { userName: "ann", nickName: "x".repeat(400_000) });
    const operation = { op: "add", path: "profileUrl", value: "x".repeat(400_000) };
    expect((await scim.client.patch(`/Users/${id}`, operation)).status).toBe(413);
    expect((await scim.client.call("GET", `/Users/${id}`)).body.profileUrl).toBeUndefined();
  });

  test.each<[string, (path: string) => Promise<{ status: number }>]>([
    ["PUT", (path) => scim.client.call("PUT", path, { userName: "ann", active: false, nickName: LARGE })],
    [
      "PATCH",
      (path) => scim.client.patch(path, { op: "replace", value: { active: false, nickName: LARGE } }),
    ],
  ])("is left out of a deactivation: %s", async (_, deactivate) => {
    const id = await scim.client.create("/Users", { userName: "ann", nickName: "Ann" });
    expect((await deactivate(`/Users/${id}`)).status).toBe(200);
    const { body } = await scim.client.call("GET", `/Users/${id}`);
    expect(body).toMatchObject({ userName: "ann", active: false, nickName: "Ann" });
  });
});
