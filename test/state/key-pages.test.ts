import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { generateKey } from "../../src/core/key-secret.ts";
import type { Actor, KeyPosition, ManagedKey } from "../../src/core/organization.ts";

const KEYS = 7;

const alice: Actor = {
  orgId: "org_pages",
  id: "alice",
  name: "Alice",
  email: null,
  roles: ["admin"],
  vaultRoles: { "*": ["developer"] },
  claimsAt: Date.now(),
  freshMfa: true,
  requestId: "",
  address: "",
};

/** A moment has many milliseconds' worth of keys in a clock that stands still while an object computes. */
test.each([1, 2, 3, 10])("keys that were made at one moment are each on one page of %i", async (limit) => {
  const organization = env.ORGANIZATION.getByName(`org_pages_${limit}`);
  await organization.bootstrap(alice);
  const created = new Set<string>();
  for (let i = 0; i < KEYS; i++) {
    const { key: _, ...material } = generateKey("fkc");
    created.add(material.id);
    await organization.createKey(alice, {
      ...material,
      name: "Test",
      description: null,
      ownerId: null,
      scopes: [{ action: "read", resource: "vault" }],
      vaults: "*",
      allowedIps: [],
      rateLimit: null,
      expiresAt: null,
      disabled: false,
    });
  }
  await runInDurableObject(organization, (_, state) => {
    state.storage.sql.exec(`UPDATE keys SET created_at = 1000`);
  });

  const seen: string[] = [];
  let after: KeyPosition | null = null;
  do {
    const query = { status: "active" as const, q: null, ownerId: "alice", limit, after };
    const page = (await organization.listKeys(alice, query)) as ManagedKey[];
    const shown = page.slice(0, limit);
    seen.push(...shown.map(({ id }) => id));
    const last = shown.at(-1);
    after = page.length > limit && last !== undefined ? { createdAt: last.createdAt, id: last.id } : null;
  } while (after !== null);
  expect(seen).toHaveLength(KEYS);
  expect(new Set(seen)).toEqual(created);
});
