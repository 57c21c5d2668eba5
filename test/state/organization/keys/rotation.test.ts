import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { CreatedKey } from "../../../../src/core/organization/managed-key.ts";
import { isRefusal, type Refusal } from "../../../../src/core/refusal.ts";
import { KeyGuard } from "../../../../src/admission/guard/key-guard.ts";
import { KeyGuards } from "../../../../src/admission/key-guards.ts";
import { standingRefusal } from "../../../../src/core/key/key-standing.ts";
import { makeActor, makeKey, taken } from "../../../support/records.ts";

const HOUR_MS = 3_600_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

test("a rotated key goes on record as revoked when its time has come, without anybody calling", async () => {
  const organization = env.ORGANIZATION.getByName("org_rotation");
  const actor = makeActor("org_rotation");
  await organization.bootstrap(actor);
  const { id } = (await makeKey(organization, actor)).key;
  const end = Date.now() + HOUR_MS;
  taken((await organization.rotateKey(actor, id, HOUR_MS)) as CreatedKey | Refusal);
  const storage = <T>(read: (storage: DurableObjectStorage) => T) =>
    runInDurableObject(organization, (_, context) => read(context.storage));
  const revokedAt = () =>
    storage(({ sql }) => sql.exec(`SELECT revoked_at FROM keys WHERE id = ?`, id).one()["revoked_at"]);

  for (;;) {
    const alarm = await storage((each) => each.getAlarm());
    if (alarm === null || alarm > end) break;
    expect(await revokedAt()).toBeNull();
    vi.setSystemTime(Math.max(alarm, Date.now()));
    await runDurableObjectAlarm(organization);
  }
  expect(await revokedAt()).toBe(end);
});

test.each([
  ["is dead by every clock, though its revocation has not arrived", 3, "api_key_disabled"],
  ["goes on if its guard does not hear that it retires", 2, null],
])("a key rotated at once %s", async (_, failing, expected) => {
  const orgId = `org_rotation_${failing}`;
  const organization = env.ORGANIZATION.getByName(orgId);
  const actor = makeActor(orgId);
  await organization.bootstrap(actor);
  const { id } = (await makeKey(organization, actor)).key;
  // The successor is put, then the end of the key, then its revocation.
  const put = Reflect.get(KeyGuard.prototype, "put") as KeyGuard["put"];
  let puts = 0;
  vi.spyOn(KeyGuard.prototype, "put").mockImplementation(function (this: KeyGuard, ...values) {
    return ++puts === failing ? Promise.reject(new Error("not now")) : put.apply(this, values);
  });
  const answer = await organization.rotateKey(actor, id, 0);
  const stored = await new KeyGuards(env.KEY_GUARD).look({ keyId: id });
  expect(isRefusal(answer)).toBe(expected === null);
  expect((stored && standingRefusal(stored.record, Date.now() - HOUR_MS))?.code ?? null).toBe(expected);
});

test("a rotation whose end only the alarm hears of is not undone", async () => {
  const organization = env.ORGANIZATION.getByName("org_rotation_heard");
  const actor = makeActor("org_rotation_heard");
  await organization.bootstrap(actor);
  const { id } = (await makeKey(organization, actor)).key;
  const answer = { isHeld: false, isLost: false };
  const put = Reflect.get(KeyGuard.prototype, "put") as KeyGuard["put"];
  vi.spyOn(KeyGuard.prototype, "put").mockImplementation(async function (this: KeyGuard, orgId, records) {
    const confirmations = await put.call(this, orgId, records);
    if (answer.isHeld || !records.some((record) => record.id === id && record.retiresAt !== null)) {
      return confirmations;
    }
    answer.isHeld = true;
    while (!answer.isLost) await scheduler.wait(5);
    throw new Error("The answer is lost");
  });
  const rotating = organization.rotateKey(actor, id, 0);
  await expect.poll(() => answer.isHeld).toBe(true);
  vi.setSystemTime(Date.now() + 60_000);
  await runInDurableObject(organization, async (object) => {
    // The first run hears that the key has retired, the second revokes it.
    await object.alarm();
    await object.alarm();
  });
  answer.isLost = true;
  const { key } = taken((await rotating) as CreatedKey | Refusal);
  const revokedAt = async (keyId: string) => taken(await organization.getKey(actor, keyId)).revokedAt;
  expect([await revokedAt(id), await revokedAt(key.id)]).toEqual([expect.any(Number), null]);
});
