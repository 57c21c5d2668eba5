import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hashKey } from "../../src/core/key/key-secret.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { NEW_KEY, refusalOf, startControl, type Control, type Organization } from "../support/control.ts";
import { mistyped } from "../support/key-strings.ts";
import { OPERATOR, operatorOf } from "../support/operators.ts";
import { freshAddress } from "../support/portcullis.ts";
import { scimClient } from "../support/scim.ts";

const SECRET_AND_CHECKSUM = 38;

let stateDir: string;
let control: Control;

beforeAll(async () => {
  stateDir = mkdtempSync(join(tmpdir(), "portcullis-"));
  control = await startControl({ stateDir });
});
afterAll(async () => {
  await control.stop();
  rmSync(stateDir, { recursive: true });
});

/** Every byte that is stored: of organisations and their audit log, of guards, of KV. */
function storedBytes(): Buffer {
  const files = readdirSync(stateDir, { recursive: true, withFileTypes: true }).filter((file) =>
    file.isFile(),
  );
  return Buffer.concat(files.map((file) => readFileSync(join(file.parentPath, file.name))));
}

test("a key's secret is in the answer to its creation and nowhere else, its hash in no answer", async () => {
  const organization = await control.newOrganization();
  const answers: string[] = [];
  const call = async (method: string, path: string, body?: unknown): Promise<void> => {
    answers.push(await (await organization.admin.call(method, path, body)).text());
  };
  const { key, id } = await organization.admin.createKey({ name: "Reporting" });
  const secret = key.slice(-SECRET_AND_CHECKSUM);
  const hash = Buffer.from(hashKey(key)).toString("hex");
  const from = freshAddress();

  await call("GET", `/-/api-keys/${id}`);
  await call("GET", "/-/api-keys");
  await call("PATCH", `/-/api-keys/${id}`, { name: "Reports" });
  // Presented where it belongs and where it does not.
  expect((await control.call("GET", "/v1/vaults", { as: key, from })).status).toBe(200);
  for (const path of [`/v1/vaults/${key}`, `/v1/vaults?api_key=${key}`, `/-/api-keys/${key}`]) {
    const refused = await control.call("GET", path, { as: key, from });
    if (refused.status >= 400) answers.push(await refused.text());
  }
  const mistakes = [
    { name: key },
    { description: `It is ${key}.` },
    { vaults: [key] },
    { allowedIps: [key] },
    { [key]: 1 },
  ];
  for (const mistake of mistakes) {
    await call("POST", "/-/api-keys", { ...NEW_KEY, ...mistake });
    await call("PATCH", `/-/api-keys/${id}`, mistake);
  }
  await call("PATCH", `/-/api-keys/${key}`, { name: "Reports" });
  await call("DELETE", `/-/api-keys/${key}`);
  await call("DELETE", `/-/api-keys/${id}`);
  await call("GET", `/-/api-keys/${id}`);
  await call("GET", "/-/api-keys?status=all&owner=*");
  await call("GET", "/-/audit-events");

  for (const answer of [...answers, ...control.logs]) {
    expect(answer).not.toContain(secret);
    expect(answer).not.toContain(hash);
  }
  const stored = storedBytes();
  expect(stored.includes(id)).toBe(true);
  expect(stored.includes(hash)).toBe(true);
  expect(stored.includes(secret)).toBe(false);
});

function createServiceUser(organization: Organization, body: object): Promise<Response> {
  return organization.admin.call("POST", "/-/service-users", { name: "Reporter", ...body });
}

test("a body that holds a whole key is refused, whatever it is about, and names the field", async () => {
  const organization = await control.newOrganization();
  const { key, id } = await organization.admin.createKey();
  const operator = operatorOf(control);
  const targets = [{ keyId: id }];
  const refused: [Promise<Response>, string][] = [
    [createServiceUser(organization, { name: key }), "name"],
    [createServiceUser(organization, { description: `It is x${key}.` }), "description"],
    [createServiceUser(organization, { vaultRoles: { [key]: ["developer"] } }), "vaultRoles"],
    [operator.call("POST", { targets, reason: `Found ${key}` }), "reason"],
    [operator.call("POST", { targets: [{ keyId: key }], reason: "Leaked" }), "targets"],
  ];
  for (const [answer, field] of refused) {
    expect(await refusalOf(await answer)).toEqual([422, "invalid_value", field]);
  }
  // What is wrong with its form, too, goes before.
  for (const [answer, field] of [
    [createServiceUser(organization, { name: key, more: 1 }), "name"],
    [createServiceUser(organization, { more: key }), "more"],
    [operator.call("POST", { targets: [{ key: [key] }], reason: "Leaked" }), "targets"],
  ] as const) {
    expect(await refusalOf(await answer)).toEqual([400, "invalid_request", field]);
  }
  const scim = await scimClient(control, organization);
  for (const [path, body] of [
    ["/Users", { userName: "ann", displayName: key }],
    ["/Users", { userName: key }],
    ["/Groups", { displayName: key }],
  ] as const) {
    const answer = await scim.call("POST", path, body);
    expect([answer.status, answer.body["scimType"]]).toEqual([400, "invalidValue"]);
  }
  const user = await scim.create("/Users", { userName: "ann" });
  const patched = await scim.patch(`/Users/${user}`, { op: "replace", path: "displayName", value: key });
  expect([patched.status, patched.body["scimType"]]).toEqual([400, "invalidValue"]);

  expect(storedBytes().includes(key.slice(-SECRET_AND_CHECKSUM))).toBe(false);
  expect(await (await organization.admin.call("GET", `/-/api-keys/${id}`)).json()).toMatchObject({
    status: "active",
  });
});

test("a leaked key is kept nowhere, whatever of its report holds it, and no webhook leads to it", async () => {
  const organization = await control.newOrganization();
  const { key, id } = await organization.admin.createKey();
  const leaks = [{ token: key, source: `In ${key}`, url: `https://example.com/${key}`, type: key }];
  const reported = await control.call("POST", "/-/ops/leaks", {
    as: await control.issuer.token(OPERATOR),
    body: { leaks },
  });
  expect(reported.status).toBe(200);
  const url = `https://hooks.example.com/?key=${key}`;
  const refused = await organization.admin.call("PUT", "/-/organization/webhook", { url });
  expect(await refusalOf(refused)).toEqual([422, "invalid_value", "url"]);
  const stored = storedBytes();
  expect(stored.includes(id)).toBe(true);
  expect(stored.includes(key.slice(-SECRET_AND_CHECKSUM))).toBe(false);
  expect(control.logs.join("\n")).not.toContain(key.slice(-SECRET_AND_CHECKSUM));
});

test("a key that is not quite right is cut short where it goes on record", async () => {
  const organization = await control.newOrganization();
  const { key, id } = await organization.admin.createKey();
  const wrong = mistyped(key);
  const answers = [
    await operatorOf(control).call("POST", { targets: [{ keyId: id }], reason: `Found ${wrong}` }),
    await organization.admin.call("GET", `/-/api-keys/${id}`),
    await operatorOf(control).call("GET", undefined, undefined, "?status=confirmed"),
  ];
  expect((await createServiceUser(organization, { name: wrong })).status).toBe(201);
  answers.push(await organization.admin.call("GET", "/-/audit-events"));
  for (const answer of answers) {
    expect(answer.status).toBe(200);
    expect(await answer.text()).not.toContain(wrong.slice(-SECRET_AND_CHECKSUM));
  }
});
