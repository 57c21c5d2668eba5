import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { makeActor, makeKey } from "../../../support/records.ts";

const SCIM = { id: "scim", name: "SCIM", address: "", requestId: "" };
const TOKEN = "a".repeat(64);

test("people whom older rules have missed are judged anew when the object starts under the rules of now", async () => {
  const organization = env.ORGANIZATION.getByName("org_rules");
  const alice = { ...makeActor("org_rules"), email: "alice@example.com" };
  await organization.bootstrap(alice);
  await organization.setScimToken(alice, TOKEN);
  const { id } = (await makeKey(organization, alice)).key;

  // As a version that did not compare addresses has left it: the leaver is inactive, and the key lives.
  const resource = { userName: "a", active: false, emails: [{ value: "Alice@example.com" }] };
  await runInDurableObject(organization, (_, { storage }) => {
    storage.sql.exec(`DELETE FROM settings WHERE name = 'peopleRules'`);
    storage.sql.exec(
      `INSERT INTO scim_users (id, user_name_key, active, resource, created_at, modified_at) VALUES ('s', 'a', 0, ?, 1, 1)`,
      JSON.stringify(resource),
    );
  });
  await evictDurableObject(organization);

  await organization.scim(SCIM, TOKEN, { kind: "get", type: "User", id: "s" });
  await runInDurableObject(organization, (_, { storage }) => {
    const [key] = storage.sql.exec(`SELECT revoked_by FROM keys WHERE id = ?`, id).toArray();
    expect(key).toEqual({ revoked_by: "portcullis" });
  });
});
