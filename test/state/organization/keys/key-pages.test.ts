import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import type { KeyPosition, KeyQuery, ManagedKey } from "../../../../src/core/organization/managed-key.ts";
import { EVERY_KEY, makeActor, makeKey } from "../../../support/records.ts";

const KEYS = 7;

const ACTIVE_KEYS = { ...EVERY_KEY, status: "active", ownerId: null } as const;

const alice = makeActor("org_pages");

/** A moment has many milliseconds' worth of keys in a clock that stands still while an object computes. */
test.each([1, 2, 3, 10])("keys that were made at one moment are each on one page of %i", async (limit) => {
  const organization = env.ORGANIZATION.getByName(`org_pages_${limit}`);
  await organization.bootstrap(alice);
  const created = new Set<string>();
  for (let i = 0; i < KEYS; i++) {
    created.add((await makeKey(organization, alice)).key.id);
  }
  await runInDurableObject(organization, (_, state) => {
    state.storage.sql.exec(`UPDATE keys SET created_at = 1000`);
  });

  const seen: string[] = [];
  let after: KeyPosition | null = null;
  do {
    const query: KeyQuery = { ...ACTIVE_KEYS, limit, after };
    const page = (await organization.listKeys(alice, query)) as ManagedKey[];
    const shown = page.slice(0, limit);
    seen.push(...shown.map(({ id }) => id));
    const last = shown.at(-1);
    after = page.length > limit && last !== undefined ? { value: last.createdAt, id: last.id } : null;
  } while (after !== null);
  expect(seen).toHaveLength(KEYS);
  expect(new Set(seen)).toEqual(created);
});
