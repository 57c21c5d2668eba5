import { decodeJwt } from "jose";
import { beforeEach, describe, expect, test } from "vitest";
import { refusalOf, type Organization } from "../support/control.ts";
import { eventually, OPERATOR } from "../support/operators.ts";
import { exchange } from "../support/tokens.ts";
import { startReceiver, verify, type WebhookReceiver } from "../support/webhook-receiver.ts";
import { useControl } from "../support/started.ts";

const PATH = "/-/organization/webhook";
const DAY_MS = 86_400_000;
let receiver: WebhookReceiver;
let organization: Organization;
let secret: string;

const control = await useControl();
beforeEach(async () => {
  receiver = await startReceiver();
  organization = await control.newOrganization();
  const answer = await organization.admin.call("PUT", PATH, { url: receiver.url });
  ({ secret } = await answer.json<{ secret: string }>());
  return () => receiver.stop();
});

interface Delivery {
  readonly id: string;
  readonly type: string;
  readonly status: string;
  readonly attempts: number;
  readonly lastStatus: number | null;
  readonly lastError: string | null;
  readonly nextAttemptAt: string | null;
}

async function deliveries(): Promise<Delivery[]> {
  const answer = await organization.admin.call("GET", `${PATH}/deliveries`);
  return (await answer.json<{ data: Delivery[] }>()).data;
}

const arrived = (type: string, keyId?: string): Promise<void> =>
  eventually(async () => receiver.events(secret, type, keyId).length > 0);

const sendTest = async (): Promise<Delivery> =>
  await (await organization.admin.call("POST", `${PATH}/test`)).json<Delivery>();

/** Waits until the newest delivery has been attempted, and tells of it. */
async function attempted(): Promise<Delivery> {
  const newest = async () => (await deliveries())[0] as Delivery;
  await eventually(async () => {
    const { lastStatus, lastError } = await newest();
    return lastStatus !== null || lastError !== null;
  });
  return newest();
}

describe("an organisation is told", () => {
  test("that a key was created, with the key as the API shows it, and no secret", async () => {
    const { key, id } = await organization.admin.createKey({ name: "Reporting" });
    await arrived("api_key.created", id);
    const [event] = receiver.events(secret, "api_key.created", id);
    const list = await organization.admin.call("GET", "/-/api-keys");
    const [shown] = (await list.json<{ data: { createdAt: string }[] }>()).data;
    expect(event?.data).toEqual({ ...shown, orgId: organization.id });
    expect(event?.timestamp).toBe(shown?.createdAt);
    const [message] = receiver.received;
    expect(message?.body).not.toContain(key.slice(-38));
    expect(message?.body).not.toContain("hash");
    expect(message?.headers["content-type"]).toBe("application/json");
  });

  test("that a key was revoked", async () => {
    const { id } = await organization.admin.createKey();
    await organization.admin.call("DELETE", `/-/api-keys/${id}`);
    await arrived("api_key.revoked", id);
    const [event] = receiver.events(secret, "api_key.revoked", id);
    expect(event?.data).toMatchObject({ status: "revoked", revokedBy: "alice" });
  });

  test("that a key has leaked, and where it was found, once however often it is reported", async () => {
    const { key, id } = await organization.admin.createKey();
    const leaks = [{ token: key, source: "Pastebin", url: "https://pastebin.example/1" }];
    const body = { leaks };
    for (let i = 0; i < 2; i++) {
      await control.call("POST", "/-/ops/leaks", { as: await control.issuer.token(OPERATOR), body });
    }
    await arrived("api_key.leaked", id);
    await arrived("api_key.revoked", id);
    const [event] = receiver.events(secret, "api_key.leaked", id);
    expect(event?.data).toMatchObject({
      status: "revoked",
      revocationReason: "Leaked: Pastebin",
      leak: { source: "Pastebin", url: "https://pastebin.example/1", type: null },
    });
    const types = (await deliveries()).map(({ type }) => type);
    expect(types.toSorted()).toEqual(["api_key.created", "api_key.leaked", "api_key.revoked"]);
    for (const { body: text } of receiver.received) expect(text).not.toContain(key.slice(-38));
  });

  test("that an access token of a key has leaked, once however often it is reported", async () => {
    const key = await organization.admin.createKey();
    const { access_token: token } = await exchange(control, key);
    const { jti } = decodeJwt(token);
    const body = { leaks: [{ token, source: "Pastebin" }] };
    for (let i = 0; i < 3; i++) {
      await control.call("POST", "/-/ops/leaks", { as: await control.issuer.token(OPERATOR), body });
    }
    await arrived("api_key.leaked", key.id);
    const [event] = receiver.events(secret, "api_key.leaked", key.id);
    const leak = { source: "Pastebin", url: null, type: null };
    expect(event?.data).toMatchObject({ status: "active", tokenId: jti, leak });
    const types = (await deliveries()).map(({ type }) => type);
    expect(types.toSorted()).toEqual(["api_key.created", "api_key.leaked"]);
    const path = `/-/audit-events?target=${key.id}&action=access_token.revoked`;
    const audit = await (await organization.admin.call("GET", path)).json();
    expect((audit as { data: object[] }).data).toMatchObject([{ after: { tokenId: jti, leak } }]);
  });

  test.each([14, 7, 1])("that a key expires in %i days", async (daysLeft) => {
    const expiresAt = new Date(Date.now() + daysLeft * DAY_MS + 5000).toISOString();
    const { id } = await organization.admin.createKey({ expiresAt });
    await arrived("api_key.expiring", id);
    const [event] = receiver.events(secret, "api_key.expiring", id);
    expect(event?.data).toMatchObject({ daysLeft, expiresAt, status: "active" });
  });

  test("that a key has expired, even if it is disabled", async () => {
    const expiresAt = new Date(Date.now() + 5000).toISOString();
    const [active, disabled] = [
      await organization.admin.createKey({ expiresAt }),
      await organization.admin.createKey({ expiresAt }),
    ];
    await organization.admin.call("PATCH", `/-/api-keys/${disabled.id}`, { disabled: true });
    await arrived("api_key.expired", active.id);
    await arrived("api_key.expired", disabled.id);
    const data = [active, disabled].map(({ id }) => receiver.events(secret, "api_key.expired", id)[0]?.data);
    expect(data).toMatchObject([{ status: "expired" }, { status: "disabled" }]);
    expect(receiver.events(secret, "api_key.expiring")).toEqual([]);
  });

  test("of a rotation what it does: one key is created, the other revoked", async () => {
    const { id } = await organization.admin.createKey();
    const answer = await organization.admin.call("POST", `/-/api-keys/${id}/rotate`, { overlap: "1s" });
    const successor = await answer.json<{ id: string }>();
    await arrived("api_key.created", successor.id);
    await arrived("api_key.revoked", id);
  });

  test("of nothing while it has disabled its webhook", async () => {
    await organization.admin.call("PUT", PATH, { url: receiver.url, disabled: true });
    await organization.admin.createKey();
    await organization.admin.call("PUT", PATH, { url: receiver.url });
    await sendTest();
    await arrived("webhook.test");
    expect(receiver.received).toHaveLength(1);
  });
});

describe("a message", () => {
  test("that fails is sent again with the same id and a signature of its own", async () => {
    receiver.answer = (response) => void response.writeHead(500).end();
    const { id } = await sendTest();
    expect(await attempted()).toMatchObject({ id, status: "pending", attempts: 1, lastStatus: 500 });
    receiver.answer = (response) => void response.writeHead(200).end("thanks");
    await eventually(async () => (await deliveries())[0]?.status === "delivered");
    const [first, second] = receiver.received;
    if (first === undefined || second === undefined) throw new Error("It was not sent twice");
    expect([first, second].map(({ headers }) => headers["webhook-id"])).toEqual([id, id]);
    expect(first.body).toBe(second.body);
    expect(verify(secret, second)).toEqual(verify(secret, first));
    expect(first.headers["webhook-signature"]).not.toBe(second.headers["webhook-signature"]);
    expect(await deliveries()).toMatchObject([{ attempts: 2, lastStatus: 200, nextAttemptAt: null }]);
    expect(receiver.received).toHaveLength(2);
  });

  test("is never sent where a redirect leads", async () => {
    receiver.answer = (response) => void response.writeHead(307, { Location: "/elsewhere" }).end();
    await sendTest();
    expect(await attempted()).toMatchObject({ status: "pending", lastStatus: 307 });
    expect(receiver.received.map(({ path }) => path)).toEqual(["/hook"]);
  });

  test("to nobody is kept and tried again", async () => {
    await receiver.stop();
    await sendTest();
    expect(await attempted()).toMatchObject({
      status: "pending",
      lastStatus: null,
      lastError: "Could not be reached",
    });
  });

  test("that gets no answer is given 15 seconds, and holds up nothing else", async () => {
    receiver.answer = () => {};
    await sendTest();
    await eventually(async () => receiver.received.length === 1);
    receiver.answer = (response) => void response.writeHead(204).end();
    const { id } = await organization.admin.createKey();
    expect((await organization.admin.call("DELETE", `/-/api-keys/${id}`)).status).toBe(200);
    await arrived("api_key.revoked", id);
    const first = async () => (await deliveries())[2];
    expect(await first()).toMatchObject({ status: "pending", attempts: 1, lastError: null });
    await eventually(async () => (await first())?.lastError !== null);
    expect(await first()).toMatchObject({ lastStatus: null, lastError: "No answer within 15 seconds" });
  });

  test("is not sent again earlier than the endpoint asks", async () => {
    receiver.answer = (response) => void response.writeHead(503, { "Retry-After": "3600" }).end();
    const before = Date.now();
    await sendTest();
    const { nextAttemptAt } = await attempted();
    expect(Date.parse(nextAttemptAt ?? "")).toBeGreaterThanOrEqual(before + 3_600_000);
  });

  test("whose answer has a body without an end is delivered all the same", async () => {
    receiver.answer = (response) => {
      response.writeHead(200);
      response.write("x".repeat(1000));
    };
    await sendTest();
    expect(await attempted()).toMatchObject({ status: "delivered" });
  });
});

test("an endpoint that is gone gets nothing more, and the admins see why", async () => {
  receiver.answer = (response) => void response.writeHead(410).end();
  await sendTest();
  await eventually(async () => (await deliveries())[0]?.status === "failed");
  const shown = await (await organization.admin.call("GET", PATH)).json();
  expect(shown).toMatchObject({ disabled: true, disabledReason: "The endpoint answered 410 Gone" });
  await organization.admin.createKey();
  expect(await deliveries()).toMatchObject([{ status: "failed", lastStatus: 410, nextAttemptAt: null }]);
  const audit = await organization.admin.call("GET", "/-/audit-events?action=webhook.disabled");
  expect(await audit.json()).toMatchObject({ data: [{ actor: { id: "portcullis" } }] });

  receiver.answer = (response) => void response.writeHead(204).end();
  const enabled = await organization.admin.call("PUT", PATH, { url: receiver.url });
  expect(await enabled.json()).toMatchObject({ disabled: false, disabledReason: null });
  await sendTest();
  await eventually(async () => (await deliveries())[0]?.status === "delivered");
});

test("after a new secret messages verify with both, after another one with the latest two", async () => {
  const rotate = async (): Promise<string> => {
    const answer = await organization.admin.call("POST", `${PATH}/rotate-secret`);
    expect(answer.status).toBe(201);
    const body = await answer.json<{ secret: string; previousSecretUntil: string }>();
    expect(Date.parse(body.previousSecretUntil) - Date.now()).toBeGreaterThan(0.99 * DAY_MS);
    return body.secret;
  };
  const second = await rotate();
  await sendTest();
  await eventually(async () => receiver.received.length === 1);
  for (const each of [secret, second]) expect(receiver.events(each, "webhook.test")).toHaveLength(1);

  const third = await rotate();
  await sendTest();
  await eventually(async () => receiver.received.length === 2);
  const latest = receiver.received[1];
  if (latest === undefined) throw new Error("Nothing came");
  for (const each of [second, third]) expect(verify(each, latest).type).toBe("webhook.test");
  expect(() => verify(secret, latest)).toThrow("No matching signature");
});

test("what has not arrived is given up when the webhook is deleted", async () => {
  receiver.answer = (response) => void response.writeHead(500).end();
  await sendTest();
  await attempted();
  await organization.admin.call("DELETE", PATH);
  expect(await deliveries()).toMatchObject([{ status: "failed", lastError: "The webhook was deleted" }]);
  expect(await refusalOf(await organization.admin.call("GET", PATH))).toEqual([404, "not_found"]);
});

describe("an event can be sent once more", () => {
  const resend = (id: string) => organization.admin.call("POST", `${PATH}/deliveries/${id}/resend`);

  test("after it has arrived: the same event under the same id, newly signed", async () => {
    const { id } = await sendTest();
    await eventually(async () => receiver.received.length === 1);
    await eventually(async () => (await deliveries())[0]?.status === "delivered");
    const answer = await resend(id);
    expect(answer.status).toBe(201);
    expect(await answer.json()).toMatchObject({ id, status: "pending", attempts: 0 });
    await eventually(async () => receiver.received.length === 2);
    const [first, second] = receiver.received;
    expect(second?.headers["webhook-id"]).toBe(first?.headers["webhook-id"]);
    expect(second?.body).toBe(first?.body);
    await eventually(async () => (await deliveries())[0]?.status === "delivered");
    expect(await deliveries()).toHaveLength(1);
    const events = await organization.admin.call("GET", "/-/audit-events?action=webhook.resent");
    expect(await events.json()).toMatchObject({ data: [{ target: id, after: { type: "webhook.test" } }] });
  });

  test("while it waits for another attempt: at once", async () => {
    receiver.answer = (response) => void response.writeHead(500).end();
    const { id } = await sendTest();
    expect((await attempted()).status).toBe("pending");
    receiver.answer = (response) => void response.writeHead(204).end();
    expect((await resend(id)).status).toBe(201);
    await eventually(async () => (await deliveries())[0]?.status === "delivered");
  });

  test("not an event that there is not, nor to an endpoint that is disabled or gone", async () => {
    expect(await refusalOf(await resend("msg_none"))).toEqual([404, "not_found"]);
    const { id } = await sendTest();
    await eventually(async () => (await deliveries())[0]?.status === "delivered");
    await organization.admin.call("PUT", PATH, { url: receiver.url, disabled: true });
    expect(await refusalOf(await resend(id))).toEqual([422, "invalid_value", "disabled"]);
    await organization.admin.call("DELETE", PATH);
    expect(await refusalOf(await resend(id))).toEqual([404, "not_found"]);
    const other = await control.newOrganization();
    expect((await other.admin.call("POST", `${PATH}/deliveries/${id}/resend`)).status).toBe(404);
  });
});
