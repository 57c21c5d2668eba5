import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { makeActor, makeKey } from "../../../support/records.ts";

const SCIM = { id: "scim", name: "SCIM", address: "", requestId: "" };
const TOKEN = "a".repeat(64);

interface Missed {
  readonly name: string;
  readonly email: string;
  /** The address and the user as the older version has left them; the user is inactive, or deleted. */
  readonly emailKey: string;
  readonly userName: string;
  readonly emails: readonly string[];
  readonly deletedAt: number | null;
}

const MISSED: readonly Missed[] = [
  {
    name: "addresses were not compared",
    email: "alice@example.com",
    emailKey: "alice@example.com",
    userName: "a",
    emails: ["Alice@example.com"],
    deletedAt: null,
  },
  ...[null, 1].map((deletedAt) => ({
    name: `a sigma at a word's end was another letter (deleted: ${deletedAt !== null})`,
    email: "νικος.παπας@example.com",
    emailKey: "νικος.παπας@example.com",
    userName: "νικοσ.παπας@example.com",
    emails: [],
    deletedAt,
  })),
];

test.each(MISSED)(
  "people whom older rules have missed are judged anew by the rules of now: $name",
  async ({ email, emailKey, userName, emails, deletedAt }) => {
    const orgId = `org_rules_${crypto.randomUUID()}`;
    const organization = env.ORGANIZATION.getByName(orgId);
    const alice = { ...makeActor(orgId), email };
    await organization.bootstrap(alice);
    await organization.setScimToken(alice, TOKEN);
    const { id } = (await makeKey(organization, alice)).key;

    const resource = { userName, active: false, emails: emails.map((value) => ({ value })) };
    await runInDurableObject(organization, (_, { storage }) => {
      storage.sql.exec(`DELETE FROM settings WHERE name = 'peopleRules'`);
      storage.sql.exec(`UPDATE users SET email_key = ?`, emailKey);
      storage.sql.exec(
        `INSERT INTO scim_users (id, user_name_key, active, resource, created_at, modified_at, deleted_at)
         VALUES ('s', ?, 0, ?, 1, 1, ?)`,
        userName,
        JSON.stringify(resource),
        deletedAt,
      );
    });
    await evictDurableObject(organization);

    await organization.scim(SCIM, TOKEN, { kind: "get", type: "User", id: "s" });
    await runInDurableObject(organization, (_, { storage }) => {
      const [key] = storage.sql.exec(`SELECT revoked_by FROM keys WHERE id = ?`, id).toArray();
      expect(key).toEqual({ revoked_by: "portcullis" });
    });
  },
);
