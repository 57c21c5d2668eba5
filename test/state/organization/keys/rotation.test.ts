import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { CreatedKey } from "../../../../src/core/organization/managed-key.ts";
import type { Refusal } from "../../../../src/core/refusal.ts";
import { makeActor, makeKey, taken } from "../../../support/records.ts";

const HOUR_MS = 3_600_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
});
afterEach(() => {
  vi.useRealTimers();
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
