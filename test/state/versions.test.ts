import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import type { Question } from "../../src/admission/protocol.ts";
import type { KeyRecord } from "../../src/core/key/key-record.ts";
import { requireReadable } from "../../src/core/schema-version.ts";
import { GuardStorage } from "../../src/admission/guard/guard-storage.ts";
import type { KeyGuard } from "../../src/admission/guard/key-guard.ts";
import { requireAnswer, requireConfirmations } from "../../src/admission/wire.ts";
import { openTables } from "../../src/state/deployment/deployment-schema.ts";
import { migrate } from "../../src/state/organization/migrations.ts";
import { makeActor, makeRecord } from "../support/records.ts";

const REFUSED = /has schema \d+, which code from schema \d+ on can use/;
/** Of the organisation of the version in `test/fixtures/last-version.js.gz`. */
const LAST_RELEASED_SCHEMA = 6;
const LIMIT = { requests: 10, windowSeconds: 60 };

describe("storage that a later version has written", () => {
  test.each([
    [{ version: 7 }, 7, true],
    [{ version: 7 }, 8, true],
    [{ version: 8 }, 7, false],
    [{ version: 9, readableFrom: 7 }, 7, true],
    [{ version: 9, readableFrom: 8 }, 7, false],
  ])("%o is used by code of schema %i: %s", (stored, known, isReadable) => {
    const open = () => requireReadable("guard", stored, known);
    if (isReadable) expect(open).not.toThrow();
    else expect(open).toThrow(REFUSED);
  });

  test.each([
    [{ schemaVersion: "99" }, false],
    [{ schemaVersion: "99", schemaReadableFrom: "98" }, false],
    [{ schemaVersion: "99", schemaReadableFrom: "2" }, true],
  ])("of an organisation, %o, opens: %s", async (settings, isReadable) => {
    const organization = env.ORGANIZATION.getByName(crypto.randomUUID());
    await organization.bootstrap(makeActor("org_later"));
    await runInDurableObject(organization, (_, { storage }) => {
      storage.sql.exec(`DELETE FROM settings WHERE name = 'schemaReadableFrom'`);
      for (const [name, value] of Object.entries(settings)) {
        storage.sql.exec(
          `INSERT INTO settings VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value`,
          name,
          value,
        );
      }
      if (isReadable) expect(() => migrate(storage)).not.toThrow();
      else expect(() => migrate(storage)).toThrow(REFUSED);
      const version = storage.sql.exec(`SELECT value FROM settings WHERE name = 'schemaVersion'`).one();
      expect(version).toEqual({ value: "99" });
    });
  });

  test("of an organisation that this version has written, opens under the version before", async () => {
    const organization = env.ORGANIZATION.getByName(crypto.randomUUID());
    await organization.bootstrap(makeActor("org_now"));
    await runInDurableObject(organization, (_, { storage: { sql } }) => {
      const { value } = sql.exec(`SELECT value FROM settings WHERE name = 'schemaReadableFrom'`).one();
      expect(Number(value)).toBeLessThanOrEqual(LAST_RELEASED_SCHEMA);
    });
  });

  test.each([{ schema: 99 }, { schema: 99, readableFrom: 98 }])(
    "of a guard, %o, is not opened",
    async (later) => {
      const guard = env.KEY_GUARD.getByName(crypto.randomUUID());
      await guard.put("org_later", [makeRecord({ orgId: "org_later" }).record]);
      await runInDurableObject(guard, (_, { storage }) => {
        storage.kv.put("group", { ...storage.kv.get<object>("group"), ...later });
        expect(() => new GuardStorage(storage, LIMIT)).toThrow(REFUSED);
        storage.kv.put("group", { ...storage.kv.get<object>("group"), readableFrom: 2 });
        expect(() => new GuardStorage(storage, LIMIT)).not.toThrow();
      });
    },
  );

  test("of a deployment, is not opened", async () => {
    const deployment = env.DEPLOYMENT.getByName(crypto.randomUUID());
    await deployment.publicKeys();
    await runInDurableObject(deployment, (_, { storage }) => {
      expect(() => openTables(storage)).not.toThrow();
      storage.kv.put("schema", { version: 99, readableFrom: 98 });
      expect(() => openTables(storage)).toThrow(REFUSED);
    });
  });
});

const QUESTION: Question = { have: 0, leaseWanted: 0, final: false, keys: [] };
const KEY = {
  id: "key_a",
  record: true,
  want: 1,
  waiting: 1,
  need: 1,
  spare: false,
  returned: null,
  usage: null,
};

describe("a guard", () => {
  test.each<readonly [string, unknown]>([
    ["nothing", undefined],
    ["a text", "lease"],
    ["no revision", { ...QUESTION, have: undefined }],
    ["another lease", { ...QUESTION, leaseWanted: { ms: 200 } }],
    ["no keys", { ...QUESTION, keys: undefined }],
    ["keys of another form", { ...QUESTION, keys: ["key_a"] }],
    ["wants of another form", { ...QUESTION, keys: [{ ...KEY, want: "1" }] }],
    ["wants that are no number", { ...QUESTION, keys: [{ ...KEY, need: Number.NaN }] }],
    ["usage of another form", { ...QUESTION, keys: [{ ...KEY, usage: 5 }] }],
  ])("refuses a question with %s, and says why", async (_, question) => {
    await runInDurableObject(env.KEY_GUARD.getByName("asked"), (guard) => {
      expect(() => (guard as KeyGuard).ask(question as Question)).toThrow("does not understand the question");
    });
  });

  test("answers a question of a later version, whatever it has added", async () => {
    const later = { ...QUESTION, region: "eu", keys: [{ ...KEY, weight: 3 }] };
    const guard = env.KEY_GUARD.getByName("asked");
    expect(await guard.ask(later)).toMatchObject({ revision: 0, leaseMs: 0 });
  });

  test("takes no record that it does not understand, nor those that come with it", async () => {
    const { record } = makeRecord({ orgId: "org_a" });
    const strange = { ...record, scopes: "all" } as unknown as KeyRecord;
    await runInDurableObject(env.KEY_GUARD.getByName("recorded"), async (guard) => {
      const put = (guard as KeyGuard).put("org_a", [record, strange]);
      await expect(put).rejects.toThrow("does not understand a record");
      expect((guard as KeyGuard).list()).toEqual({ orgId: null, isErased: false, keys: [] });
    });
  });
});

describe("an isolate", () => {
  const { record } = makeRecord({});
  const told = { record, denials: { tokens: {}, issuedUntil: 0 } };
  const answer = { revision: 1, leaseMs: 200, changed: {}, keys: {}, ahead: false };
  const limit = { requests: 10, windowSeconds: 60 };
  const withWindow = (changes: object) => ({
    ...answer,
    keys: { a: { units: 1, window: { number: 1, limit, remaining: 9, resetInMs: 60_000, ...changes } } },
  });

  test("goes by an answer, whatever a later version has added to it", () => {
    expect(() => requireAnswer({ ...answer, changed: { a: told }, region: "eu" })).not.toThrow();
    expect(() => requireAnswer(withWindow({ weight: 3 }))).not.toThrow();
  });

  test.each<readonly [string, unknown]>([
    ["nothing", undefined],
    ["a lease of another form", { ...answer, leaseMs: "200" }],
    ["no lease", { ...answer, leaseMs: undefined }],
    ["no changes", { ...answer, changed: undefined }],
    ["a change without denials", { ...answer, changed: { a: { record } } }],
    [
      "a change whose record is of another form",
      { ...answer, changed: { a: { ...told, record: { ...record, disabled: "no" } } } },
    ],
    ["no units", { ...answer, keys: { a: { window: null } } }],
    ["units that are no number", { ...answer, keys: { a: { units: Number.NaN, window: null } } }],
    ["a window of another form", { ...answer, keys: { a: { units: 1, window: { number: 1 } } } }],
    ["a window without an end", withWindow({ resetInMs: undefined })],
    ["a window whose rest is no number", withWindow({ remaining: Number.NaN })],
    ["a window of a limit of another form", withWindow({ limit: { requests: 10 } })],
  ])("does not go by an answer with %s, and says why", (_, strange) => {
    expect(() => requireAnswer(strange)).toThrow("The answer is not understood");
  });
});

test.each<readonly [string, unknown]>([
  ["nothing", undefined],
  ["fewer than it was asked for", []],
  ["one that does not say whether it is in force", [{ record: null, effectiveAt: 1, version: 1 }]],
  ["one with a record of another form", [{ record: {}, confirmed: true, effectiveAt: 1, version: 1 }]],
])("an organisation takes no confirmation that is %s", (_, strange) => {
  expect(() => requireConfirmations(strange, 1)).toThrow("The confirmation is not understood");
});
