import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { hourOf, USAGE_STEPS } from "../../../src/core/usage/usage.ts";
import { END_OF_TIME } from "../../../src/core/iso-time.ts";
import { Settings } from "../../../src/state/organization/settings.ts";
import { makeActor, makeKey } from "../../support/records.ts";

test("asking about an organisation that nobody belongs to leaves nothing in storage", async () => {
  const organization = env.ORGANIZATION.getByName("org_nobody");
  expect(await organization.knowsScimToken("0".repeat(64))).toBe(false);
  expect(await organization.listKeyIds(null, "", 10)).toEqual([]);
  await organization.recordUsage("key_000000000000", {
    sequence: 1,
    hours: {},
    lastUsedAt: 0,
    lastUsedIp: "",
    calls: new Map([["a", 1]]),
  });
  await runInDurableObject(organization, async (_, state) => {
    const tables = state.storage.sql.exec(
      `SELECT name FROM sqlite_master WHERE name NOT LIKE '$_cf$_%' ESCAPE '$'`,
    );
    expect(tables.toArray()).toEqual([]);
    expect(await state.storage.getAlarm()).toBeNull();
  });
});

test("a guard's batch counts once, however often it comes", async () => {
  const organization = env.ORGANIZATION.getByName("org_batches");
  const alice = makeActor("org_batches");
  await organization.bootstrap(alice);
  const { id } = (await makeKey(organization, alice)).key;
  const now = Date.now();
  const hour = hourOf(now);
  const use = { admitted: 2, limited: 0, refused: 0 };
  const batch = { hours: { [hour]: use }, lastUsedAt: now, lastUsedIp: "", calls: new Map([["a", 2]]) };
  for (const sequence of [1, 1, 2, 1]) await organization.recordUsage(id, { ...batch, sequence });
  const stretch = { from: hour, step: USAGE_STEPS[1], length: 1 };
  expect(await organization.usageOfKey(alice, id, stretch)).toMatchObject({ buckets: [{ succeeded: 4 }] });
  expect(await organization.previewUpdate(alice, id, {}, hour)).toMatchObject({
    calls: new Map([["a", 4]]),
  });
});

test("the successor of a key that lives as long as there are times does so, too", async () => {
  const organization = env.ORGANIZATION.getByName("org_endless");
  const alice = makeActor("org_endless");
  await organization.bootstrap(alice);
  const { id } = (await makeKey(organization, alice, { expiresAt: END_OF_TIME })).key;
  const rotated = await organization.rotateKey(alice, id, 0);
  expect(rotated).toMatchObject({ key: { expiresAt: END_OF_TIME } });
});

test("who made a signing key is forgotten with the key", async () => {
  const organization = env.ORGANIZATION.getByName("org_rings");
  await organization.bootstrap(makeActor("org_rings"));
  await runInDurableObject(organization, (_, { storage }) => {
    const settings = new Settings(storage.sql);
    const [key] = settings.signingKeys();
    if (key === undefined) throw new Error("There is no signing key");
    const ring = ["a", "b"].map((kid) => ({ ...key, kid }));
    settings.setSigningKeys(ring);
    for (const { kid } of ring)
      settings.setMade(`signingKey ${kid}`, { at: 1, by: { id: "alice", name: "Alice" } });
    settings.setSigningKeys(ring.slice(1));
    expect(["a", "b"].map((kid) => settings.made(`signingKey ${kid}`)?.at)).toEqual([undefined, 1]);
  });
});
