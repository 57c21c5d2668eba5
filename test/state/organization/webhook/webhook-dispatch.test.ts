import { runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Actor } from "../../../../src/core/organization/organization.ts";
import type { WebhookDelivery } from "../../../../src/core/organization/webhook.ts";
import { makeActor } from "../../../support/records.ts";

const CONCURRENT = 6;

let organizations = 0;
let actor: Actor;
let organization: ReturnType<typeof env.ORGANIZATION.getByName>;
/** Where messages were sent, in order, and by its number the status that each is answered with: none until it is set. */
let sent: string[];
let answers: number[];

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  sent = [];
  answers = [];
  const [urls, statuses] = [sent, answers];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (url) => {
    const number = urls.push(url as string) - 1;
    // An object is resumed by its own timers alone, so it has to look.
    while (statuses[number] === undefined) await scheduler.wait(5);
    return new Response(null, { status: statuses[number] });
  });
  actor = makeActor(`org_dispatch_${++organizations}`);
  organization = env.ORGANIZATION.getByName(actor.orgId);
  await listen("https://one.example.com/");
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const listen = (url: string) => organization.putWebhook(actor, { url, description: null, disabled: false });

async function sendTests(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await organization.testWebhook(actor);
  await ring();
}

const ring = () => runDurableObjectAlarm(organization);

async function deliveries(): Promise<WebhookDelivery[]> {
  return (await organization.listWebhookDeliveries(actor, 500, null)) as WebhookDelivery[];
}

test("a message whose answer takes long holds up none that come later", async () => {
  await sendTests(1);
  await sendTests(1);
  expect(sent).toHaveLength(2);
});

test("six messages are under way at a time, and an answer makes room for the next", async () => {
  await sendTests(CONCURRENT + 2);
  expect(sent).toHaveLength(CONCURRENT);
  answers[0] = 204;
  await expect.poll(() => sent).toHaveLength(CONCURRENT + 1);
});

test("what has been given up with a webhook is not sent to the next one", async () => {
  await sendTests(2 * CONCURRENT);
  await organization.deleteWebhook(actor);
  await listen("https://other.example.com/");
  answers.push(...sent.map(() => 204));
  const delivered = async () => (await deliveries()).filter(({ status }) => status === "delivered");
  await expect.poll(delivered).toHaveLength(CONCURRENT);
  await ring();
  expect(new Set(sent)).toEqual(new Set(["https://one.example.com/"]));
  expect(sent).toHaveLength(CONCURRENT);
  await sendTests(1);
  expect(sent.at(-1)).toBe("https://other.example.com/");
});

test("a place whose message is never heard of again is taken by another in the end", async () => {
  await sendTests(CONCURRENT);
  await sendTests(1);
  expect(sent).toHaveLength(CONCURRENT);
  vi.setSystemTime(Date.now() + 30_000);
  await ring();
  expect(sent).toHaveLength(2 * CONCURRENT);
});

test("a URL that would not be taken any more gets nothing, and that is told", async () => {
  await listen("https://10.0.0.1.nip.io/");
  await sendTests(1);
  const told = async () => (await deliveries()).map(({ status, lastError }) => [status, lastError]);
  await expect.poll(told).toEqual([["pending", "The URL is not allowed: Must lead to a public host"]]);
  expect(sent).toEqual([]);
});

test("however often a webhook is tested, a few messages wait", async () => {
  for (let i = 0; i < 30; i++) await organization.testWebhook(actor);
  const waiting = await deliveries();
  expect(waiting).toHaveLength(20);
  expect(await organization.testWebhook(actor)).toMatchObject({ id: waiting[0]?.id });
});

test("what was settled long ago is forgotten although nothing is sent", async () => {
  await sendTests(1);
  answers[0] = 204;
  await expect.poll(deliveries).toMatchObject([{ status: "delivered" }]);
  vi.setSystemTime(Date.now() + 31 * 86_400_000);
  await organization.putWebhook(actor, {
    url: "https://one.example.com/",
    description: null,
    disabled: true,
  });
  expect(await deliveries()).toEqual([]);
});
