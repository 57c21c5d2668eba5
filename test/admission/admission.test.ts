import { env } from "cloudflare:workers";
import { afterEach, expect, test, vi } from "vitest";
import { Admission } from "../../src/admission/isolate/admission.ts";
import type { Outcome } from "../../src/admission/isolate/outcome.ts";
import { PresentedKey } from "../../src/admission/isolate/presented.ts";
import { groupOfKey } from "../../src/admission/key-guards.ts";
import { generateKey } from "../../src/core/key/key-secret.ts";
import { makeRecord } from "../support/records.ts";

const ORG = "org_test";
const BACKGROUND = { waitUntil: (work: Promise<unknown>) => void work.catch(() => {}) };

afterEach(() => vi.restoreAllMocks());

/** An isolate that has just used a key of a group, and the guards that it asks. */
async function isolateOf(record = makeRecord().record) {
  await env.KEY_GUARD.getByName(groupOfKey(record.id)).put(ORG, [record]);
  const asked: string[] = [];
  const link = { isDown: false };
  const guards = {
    getByName(name: string) {
      asked.push(name);
      if (link.isDown) throw new Error("down");
      return env.KEY_GUARD.getByName(name);
    },
  } as typeof env.KEY_GUARD;
  const admission = new Admission({
    guards,
    records: env.KEY_RECORDS,
    defaultLimit: { requests: 100, windowSeconds: 60 },
    bounds: { base: 200, max: 1000 },
    slackMs: 20,
  });
  const admit = async (keyId: string, key: string, isImported = false): Promise<Outcome> => {
    const presented = new PresentedKey({ keyId, key }, "192.0.2.1", admission.credentials, isImported);
    return admission.admit(presented, 1, Date.now(), BACKGROUND);
  };
  return { record, asked, admit, link };
}

test("an unknown key of a group in use asks once whether it has a guard of its own", async () => {
  const { record, asked, admit } = await isolateOf();
  const { id, key } = generateKey("fkc", groupOfKey(record.id));
  for (let i = 0; i < 20; i++) {
    expect(await admit(id, key)).toMatchObject({ kind: "refused", refusal: { code: "api_key_invalid" } });
  }
  expect(asked.filter((name) => name === id)).toEqual([id]);
});

test("a guard of its own that comes to be later is found within 10 seconds", async () => {
  const { admit } = await isolateOf();
  const old = makeRecord();
  expect(await admit(old.record.id, old.secret.key)).toMatchObject({ kind: "refused" });
  await env.KEY_GUARD.getByName(old.record.id).put(ORG, [old.record]);
  const now = Date.now() + 10_000;
  vi.spyOn(Date, "now").mockImplementation(() => now);
  expect(await admit(old.record.id, old.secret.key)).toMatchObject({ kind: "admitted" });
});

test("an imported key is admitted as soon as it is there, however often it was refused before", async () => {
  const { admit } = await isolateOf();
  const imported = makeRecord();
  for (let i = 0; i < 3; i++) {
    expect(await admit(imported.record.id, imported.secret.key, true)).toMatchObject({ kind: "refused" });
  }
  await env.KEY_GUARD.getByName(imported.record.id).put(ORG, [imported.record]);
  expect(await admit(imported.record.id, imported.secret.key, true)).toMatchObject({ kind: "admitted" });
});

test("a key that is known to be revoked is refused without its guard", async () => {
  const revoked = makeRecord({ revokedAt: 1 });
  const { asked, admit, link } = await isolateOf(revoked.record);
  const outcomes = [await admit(revoked.record.id, revoked.secret.key)];
  link.isDown = true;
  outcomes.push(await admit(revoked.record.id, revoked.secret.key));
  expect(outcomes).toMatchObject([
    { kind: "refused", source: "guard", refusal: { code: "api_key_revoked" } },
    { kind: "refused", source: "fact", refusal: { code: "api_key_revoked" } },
  ]);
  expect(asked).toHaveLength(1);
});

test.each([
  ["revoked on record refuses", { revokedAt: 1 }, "refused", "refused"],
  ["over by the clock alone refuses nothing", { retiresAt: 1 }, "unavailable", "unavailable"],
  ["live admits nothing", {}, "unavailable", "unavailable"],
])("while a guard is down, a copy of a key that is %s", async (_, changes, first, second) => {
  const { admit, link } = await isolateOf();
  const { record, secret } = makeRecord(changes);
  await env.KEY_RECORDS.put(record.id, JSON.stringify(record));
  link.isDown = true;
  const kinds = [(await admit(record.id, secret.key)).kind, (await admit(record.id, secret.key)).kind];
  expect(kinds).toEqual([first, second]);
});
