import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, expect, test, vi, type MockInstance } from "vitest";
import { required } from "../../../../src/core/required.ts";
import { isRefusal, type Result } from "../../../../src/core/refusal.ts";
import { EVERY_EVENT, EVERY_KEY, makeActor, makeKey } from "../../../support/records.ts";

/** With ids of the greatest length far more than one value that is bound may hold. */
const PEOPLE = 12_000;

/** Watches what is bound to statements; tells how long the longest text was, and ends the watch. */
let exec: MockInstance<SqlStorage["exec"]> | undefined;
afterEach(() => exec?.mockRestore());
function watchBoundValues(prototype: SqlStorage): () => number {
  const watched = vi.spyOn(prototype, "exec");
  exec = watched;
  return () =>
    Math.max(...watched.mock.calls.flat().map((value) => (typeof value === "string" ? value.length : 0)));
}

function held<T>(result: Result<T>): T {
  if (isRefusal(result)) throw new Error(result.code);
  return result as T;
}

test("a search that fits very many people finds theirs, whatever it looks for", async () => {
  const organization = env.ORGANIZATION.getByName("org_many_people");
  const alice = makeActor("org_many_people");
  await organization.bootstrap(alice);
  const { key } = await makeKey(organization, { ...alice, id: "zoe", name: "Person Zoe" });
  let prototype: SqlStorage | undefined;
  await runInDurableObject(organization, (_, { storage: { sql } }) => {
    prototype = Object.getPrototypeOf(sql) as SqlStorage;
    sql.exec(
      `INSERT INTO users (id, kind, name, roles, vault_roles, active, claims_at, created_at)
       WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${PEOPLE})
       SELECT printf('%0250d', i), 'user', 'Person ' || printf('%06d', i), '["admin"]', '{}', 1, 0, 0 FROM n`,
    );
  });
  const longest = watchBoundValues(required(prototype, "prototype"));
  const people = held(await organization.listPeople(alice, 3, null, "person"));
  expect(people.map(({ name }) => name).slice(0, 2)).toEqual(["Person 000001", "Person 000002"]);
  const last = held(await organization.listPeople(alice, 3, { name: "Person 011999", id: "z" }, "person"));
  expect(last.map(({ name }) => name)).toEqual(["Person 012000", "Person Zoe"]);
  const keys = held(await organization.listKeys(alice, { ...EVERY_KEY, ownerName: "person" }));
  expect(keys.map(({ id }) => id)).toEqual([key.id]);
  const byActor = held(await organization.listAuditEvents(alice, { ...EVERY_EVENT, actor: "person" }));
  expect(byActor.map(({ target }) => target)).toContain(key.id);
  held(await organization.listAuditEvents(alice, { ...EVERY_EVENT, target: "person" }));
  // The platform refuses a value of more than 2 MB; the runtime of tests takes it.
  expect(longest()).toBeGreaterThan(PEOPLE);
  expect(longest()).toBeLessThan(2_000_000);
});
