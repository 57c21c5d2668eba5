import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { parseFilter } from "../../../../src/core/scim/filter-parser.ts";
import type { ListCommand, ScimAnswer } from "../../../../src/state/organization/people/scim-command.ts";
import { makeActor } from "../../../support/records.ts";

const SCIM = { id: "scim", name: "SCIM", address: "", requestId: "" };
const TOKEN = "c".repeat(64);
const USERS = 16;
const LIST: ListCommand = {
  kind: "list",
  types: ["User"],
  filter: null,
  sorting: null,
  offset: 0,
  limit: 200,
};
const nameOf = (i: number) => `u${100 + i}`;
const BY_NAME = { schema: null, name: "userName", where: null, sub: null };

test("resources that are too long for one answer come on several pages, each once, in every kind of list", async () => {
  const organization = env.ORGANIZATION.getByName("org_long_list");
  const alice = makeActor("org_long_list");
  await organization.bootstrap(alice);
  await organization.setScimToken(alice, TOKEN);
  await runInDurableObject(organization, (_, { storage: { sql } }) => {
    for (let i = 0; i < USERS; i++) {
      sql.exec(
        `INSERT INTO scim_users (id, user_name_key, external_id_key, active, resource, created_at, modified_at)
         VALUES (?1, ?1, 'one', 1, ?2, ?3, 0)`,
        nameOf(i),
        // Letters that take two bytes each on their way.
        JSON.stringify({ userName: nameOf(i), externalId: "one", displayName: "é".repeat(499_000) }),
        i,
      );
    }
  });
  const made = Array.from({ length: USERS }, (_, i) => nameOf(i));
  const lists: [Partial<ListCommand>, string[]][] = [
    [{}, made],
    [{ types: ["User", "Group"] }, made],
    [{ filter: parseFilter('externalId eq "one"') }, made],
    [{ filter: parseFilter('userName co "U"') }, made],
    [{ sorting: { path: BY_NAME, descending: true } }, made.toReversed()],
  ];
  for (const [list, expected] of lists) {
    const seen: unknown[] = [];
    while (seen.length < USERS) {
      const command = { ...LIST, ...list, offset: seen.length };
      const answer = (await organization.scim(SCIM, TOKEN, command)) as unknown as ScimAnswer;
      if (!("resources" in answer)) throw new Error(JSON.stringify(answer));
      expect(answer.total).toBe(USERS);
      expect(answer.resources.length).toBeGreaterThan(0);
      expect(answer.resources.length).toBeLessThan(10);
      seen.push(...answer.resources.map(({ id }) => id));
    }
    expect(seen).toEqual(expected);
  }
});
