import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { refusalOf, startControl, type Control, type Organization, type Person } from "../support/control.ts";
import { startReceiver, type WebhookReceiver } from "../support/webhook-receiver.ts";

const PATH = "/-/organization/webhook";
const SECRET = /^whsec_[A-Za-z0-9+/]{43}=$/;
const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

let control: Control;
let receiver: WebhookReceiver;

beforeAll(async () => {
  control = await startControl();
  receiver = await startReceiver();
});
afterAll(async () => {
  await control.stop();
  await receiver.stop();
});

type Json = Record<string, unknown>;

async function json(person: Person, method: string, path: string, body?: object): Promise<Json> {
  return await (await person.call(method, path, body)).json<Json>();
}

async function withWebhook(): Promise<Organization & { readonly secret: string }> {
  const organization = await control.newOrganization();
  const { secret } = await json(organization.admin, "PUT", PATH, { url: receiver.url });
  return { ...organization, secret: secret as string };
}

test("a new webhook tells its secret once, and keeps it when it is changed", async () => {
  const { admin } = await control.newOrganization();
  expect(await refusalOf(await admin.call("GET", PATH))).toEqual([404, "not_found"]);
  const created = await admin.call("PUT", PATH, { url: receiver.url, description: "Chat" });
  expect(created.status).toBe(201);
  const { secret, ...shown } = await created.json<Json>();
  expect(secret).toMatch(SECRET);
  expect(shown).toEqual({
    url: receiver.url,
    description: "Chat",
    disabled: false,
    disabledReason: null,
    previousSecretUntil: null,
    createdAt: TIME,
    updatedAt: TIME,
  });
  expect(await json(admin, "GET", PATH)).toEqual(shown);

  const url = `${receiver.url}/other`;
  const changed = await admin.call("PUT", PATH, { url, disabled: true });
  expect(changed.status).toBe(200);
  expect(await changed.json()).toEqual({ ...shown, url, description: null, disabled: true, updatedAt: TIME });
});

test("an address is kept as it is meant, however it is written", async () => {
  const { admin } = await control.newOrganization();
  const typed = "HTTPS://Hooks.Example.COM:443/a/../b c";
  expect(await json(admin, "PUT", PATH, { url: typed })).toMatchObject({
    url: "https://hooks.example.com/b%20c",
  });
});

test("every change is an audit event that shows the webhook and not its secret", async () => {
  const { admin, secret } = await withWebhook();
  await admin.call("PUT", PATH, { url: receiver.url, description: "Chat" });
  const rotated = await json(admin, "POST", `${PATH}/rotate-secret`);
  await admin.call("POST", `${PATH}/test`);
  expect((await admin.call("DELETE", PATH)).status).toBe(204);
  const { data } = (await json(admin, "GET", "/-/audit-events?target=webhook")) as { data: Json[] };
  expect(data.toReversed().map(({ action }) => action)).toEqual([
    "webhook.created",
    "webhook.updated",
    "webhook.secret_rotated",
    "webhook.tested",
    "webhook.deleted",
  ]);
  expect(data[3]).toMatchObject({ before: { description: null }, after: { description: "Chat" } });
  for (const each of [secret, rotated["secret"]]) expect(JSON.stringify(data)).not.toContain(each);
});

test("what is not there can be neither deleted, nor tested, nor given a secret", async () => {
  const { admin } = await control.newOrganization();
  for (const [method, path] of [
    ["DELETE", PATH],
    ["POST", `${PATH}/test`],
    ["POST", `${PATH}/rotate-secret`],
  ] as const) {
    expect(await refusalOf(await admin.call(method, path))).toEqual([404, "not_found"]);
  }
  expect(await json(admin, "GET", `${PATH}/deliveries`)).toMatchObject({ data: [] });
});

describe("an address is refused", () => {
  test.each([
    "no URL",
    "http://hooks.example.com/",
    "ftp://hooks.example.com/",
    "https://user:password@hooks.example.com/",
    "https://hooks.example.com/#part",
    "https://127.0.0.1/",
    "https://localhost/",
    "https://metadata.google.internal/",
    "https://intranet/",
    "https://10.1.2.3/",
    "https://0x0a010203/",
    "https://169.254.169.254/latest/meta-data/",
    "https://[::1]/",
    "https://[fe80::1]/",
    "https://[fd00::1]/",
    "https://[::ffff:10.1.2.3]/",
    "https://[64:ff9b::a01:203]/",
    "https://[::127.0.0.1]/",
    "https://[::a9fe:a9fe]/",
    "https://[::2]/",
    "https://[4000::1]/",
    "https://printer.home.arpa/",
    "https://kubernetes.default.svc/",
    "https://hooks.docker./",
    "https://web.service.consul/",
    "https://printer.localdomain/",
    "https://localhost6.localdomain6/",
    "https://printer.ip6-localhost/",
    "https://fritz.box/",
    "https://nas.fritz.box/",
    "https://nas.workgroup/",
    "https://printer.private/",
    "https://printer.test/",
    "https://printer.onion/",
    "https://printer.onion./",
    "https://10.0.0.1.nip.io/",
    "https://app.10-0-0-1.sslip.io/",
    "https://localtest.me/",
    "https://metadata.google.internal/",
    "https://hooks.example.com/a\r\nb",
    "https://hooks.example\t.com/",
    "http://10.1.2.3/",
    "http://localhost.example.com/",
  ])("%s", async (url) => {
    const { admin } = await control.newOrganization();
    expect(await refusalOf(await admin.call("PUT", PATH, { url }))).toEqual([422, "invalid_value", "url"]);
  });

  test("that leads to this machine where the identity provider is elsewhere", async () => {
    const { webhookUrlProblem } = await import("../../src/core/organization/webhook.ts");
    const problemOf = (url: string) => webhookUrlProblem(url, { allowLoopback: false, own: [] });
    expect(problemOf("http://127.0.0.1:8080/")).not.toBeNull();
    expect(problemOf("https://hooks.example.com/a?b=c")).toBeNull();
    expect(problemOf("https://8.8.8.8/")).toBeNull();
    expect(problemOf("https://[2606:4700::1111]/")).toBeNull();
  });

  const OWN = ["https://gateway.example.com", "https://control.example.com", "https://origin.example.net/v2"];
  test.each([
    "https://gateway.example.com/-/api-keys",
    "https://GATEWAY.example.com./",
    "https://gateway.example.com:8443/",
    "https://control.example.com/",
    "https://origin.example.net/other",
  ])("that leads to what is ours: %s", async (url) => {
    const { webhookUrlProblem } = await import("../../src/core/organization/webhook.ts");
    expect(webhookUrlProblem(url, { allowLoopback: false, own: OWN })).toMatch(/gateway/);
    expect(
      webhookUrlProblem("https://hooks.gateway.example.com/", { allowLoopback: false, own: OWN }),
    ).toBeNull();
  });

  test("that leads to this very gateway, or to the API behind it", async () => {
    const { admin } = await control.newOrganization();
    const { port } = new URL(control.edges[0] ?? "");
    for (const url of [
      ...["localhost", "LOCALHOST", "127.1", "127.9.9.9", "0x7f000001", "[::1]", "[::ffff:127.0.0.1]"].map(
        (host) => `http://${host}:${port}/`,
      ),
      `${control.edges[0]}/v1/vaults`,
      `${control.edges[0]}/-/api-keys`,
      control.origin.url,
    ]) {
      expect(await refusalOf(await admin.call("PUT", PATH, { url }))).toEqual([422, "invalid_value", "url"]);
    }
  });
});

test("deliveries are listed page by page, the newest first", async () => {
  const { admin } = await withWebhook();
  const ids: unknown[] = [];
  for (let i = 0; i < 3; i++) ids.unshift((await json(admin, "POST", `${PATH}/test`))["id"]);
  const first = (await json(admin, "GET", `${PATH}/deliveries?limit=2`)) as {
    data: Json[];
    pagination: { nextCursor: string };
  };
  const next = `${PATH}/deliveries?limit=2&nextCursor=${first.pagination.nextCursor}`;
  const second = (await json(admin, "GET", next)) as typeof first;
  expect([...first.data, ...second.data].map(({ id }) => id)).toEqual(ids);
  expect(second.pagination.nextCursor).toBeNull();
  expect(first.data[0]).toMatchObject({ type: "webhook.test", keyId: null, createdAt: TIME });
  const bad = await admin.call("GET", `${PATH}/deliveries?nextCursor=abc`);
  expect(await refusalOf(bad)).toEqual([400, "invalid_request", "nextCursor"]);
});

test("a webhook that is disabled cannot be tested", async () => {
  const { admin } = await withWebhook();
  await admin.call("PUT", PATH, { url: receiver.url, disabled: true });
  expect(await refusalOf(await admin.call("POST", `${PATH}/test`))).toEqual([
    422,
    "invalid_value",
    "disabled",
  ]);
});
