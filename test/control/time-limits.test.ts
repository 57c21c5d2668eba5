import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Control } from "../../src/control/context.ts";
import { timeLimitOf } from "../../src/control/endpoint.ts";
import { GuardWalk } from "../../src/control/ops/guard-walk.ts";
import { importInto } from "../../src/control/ops/imports.ts";
import { refusalOf } from "../../src/control/thrown.ts";
import { Late } from "../../src/core/concurrency.ts";
import { registeredGuardPage } from "../../src/state/guard-registry.ts";
import { eraseOrganization } from "../../src/state/erase-organization.ts";
import { ImportedKeys } from "../../src/state/imported-keys.ts";
import { makeActor } from "../support/records.ts";

const SRC = join(import.meta.dirname, "../../src");
const HOUR_MS = 3_600_000;
const ACTOR = makeActor("org_a");

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const silence = (): Promise<never> => new Promise(() => {});

/** Something of which some calls are answered, and all others never. */
function silent<T extends object>(answers: object = {}): T {
  const get = (_: object, name: string | symbol): unknown =>
    // A promise is resolved by what has no `then`.
    Reflect.get(answers, name) ?? (name === "then" ? undefined : silence);
  return new Proxy({}, { get }) as T;
}

/** Objects and KV that answer some calls. */
function environment(organization: object, deployment: object, kv: object = {}): Control["env"] {
  return {
    ORGANIZATION: { getByName: () => silent(organization) },
    DEPLOYMENT: { getByName: () => silent(deployment) },
    KEY_RECORDS: silent(kv),
  } as unknown as Control["env"];
}

function controlOf(env: Control["env"]): Control {
  const imports = new ImportedKeys(env.KEY_RECORDS, null);
  return { env, imports, config: { leaseMs: 200, leaseMaxMs: 1000 } } as unknown as Control;
}

/** What becomes of work of which nothing is heard, at the latest an hour later. */
async function fate(work: Promise<unknown>): Promise<unknown> {
  const settled = work.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  await vi.advanceTimersByTimeAsync(HOUR_MS);
  return Promise.race([settled, Promise.resolve("nothing")]);
}

const LATE = { error: expect.any(Late) };
const has = (value: unknown) => () => Promise.resolve(value);
const page = (guards: readonly string[]) => has({ guards, next: null });

describe("a walk through guards ends when nobody answers", () => {
  const known = { hasRecord: has(true), countGuards: has(1) };
  const erased = { hasRecord: has(true), countGuards: has(0), guardPage: page([]) };
  test.each<[call: string, organization: object, deployment?: object, kv?: object]>([
    ["hasRecord", {}],
    ["findErasure", { hasRecord: has(false) }],
    ["countGuards", { hasRecord: has(true) }],
    ["guardPage", known],
    ["announce", { ...known, guardPage: page(["key_aaaaaaaaaaaa"]) }],
    ["reconcile", { ...known, guardPage: page(["aaaaa"]) }, {}, { put: has(undefined) }],
    ["erasedGuards", erased],
    ["servingGuards", erased, { erasedGuards: has(["aaaaa"]) }],
    ["findRestored", { ...erased, servingGuards: has([]) }, { erasedGuards: has(["aaaaa"]) }],
  ])("%s", async (_, organization, deployment = {}, kv = {}) => {
    const control = controlOf(environment(organization, deployment, kv));
    const walk = new GuardWalk(control, ACTOR, { orgId: "org_a", fix: true, limit: null });
    const whole = async () => {
      await walk.begin(null);
      for await (const difference of walk.differences()) expect(difference).toBeUndefined();
    };
    expect(await fate(whole())).toEqual(LATE);
  });
});

describe("an erasure ends when nobody answers, and leaves its place", () => {
  const organization = {
    close: has(["aaaaa"]),
    eraseAtGuards: has({ receipts: [], failed: 0 }),
    peopleIds: has([]),
  };
  const records = { claimErasure: has(true), noteErased: has(undefined), forgetPeople: has(undefined) };
  test.each<[call: string, organization: object, records: object]>([
    ["claimErasure", organization, {}],
    ["close", {}, records],
    ["eraseAtGuards", { close: organization.close }, records],
    ["noteErased", organization, { claimErasure: has(true) }],
    ["peopleIds", { ...organization, peopleIds: undefined }, records],
    ["forgetPeople", organization, { ...records, forgetPeople: undefined }],
    ["erase", organization, records],
    ["finishErasure", { ...organization, erase: has(undefined) }, records],
  ])("%s", async (_, answers, kept) => {
    const { ORGANIZATION, DEPLOYMENT } = environment(answers, kept);
    const deployment = DEPLOYMENT.getByName("deployment");
    const erasure = { orgId: "org_a", isEmptied: false };
    expect(await fate(eraseOrganization(ORGANIZATION, deployment, erasure))).toEqual(LATE);
  });
});

test("that keys are imported is announced in time or not at all", async () => {
  const { imports } = controlOf(environment({}, {}));
  expect(await fate(imports.announce())).toEqual(LATE);
  expect(imports.peek(Date.now()), "and is said again").toBe(null);
});

test("lines of an organisation that does not answer are refused, to be imported again", async () => {
  const lines = [{ orgId: "org_a", key: {} }] as unknown as Parameters<typeof importInto>[1];
  expect(await fate(importInto("org_a", lines, ACTOR, controlOf(environment({}, {}))))).toEqual({
    value: [
      expect.objectContaining({ status: "refused", error: expect.stringContaining("import the line again") }),
    ],
  });
});

test("a page of the registry comes in time or not at all", async () => {
  expect(await fate(registeredGuardPage(silent<KVNamespace>(), "org_a", ""))).toEqual(LATE);
});

test("what was not heard of in time is 503, to be asked again", () => {
  expect(refusalOf(new Late("No answer within 5 ms"))).toMatchObject({
    code: "admission_unavailable",
    retryAfter: 1,
  });
});

test("an endpoint that reads has ten seconds, one that changes something a minute", () => {
  expect([timeLimitOf({ method: "get" }), timeLimitOf({ method: "post", safe: true })]).toEqual([
    10_000, 10_000,
  ]);
  expect(["post", "put", "patch", "delete"].map((method) => timeLimitOf({ method }))).toEqual(
    Array(4).fill(60_000),
  );
});

/** Calls to other objects, to KV, and to the outside. */
const CALL =
  /\.getByName\(|\bdeploymentOf\(|\b(?:KEY_RECORDS|#kv|kv|#records)\.(?:get|put|delete|list)\(|\bawait fetch\(/;
/** What bounds a call: a time limit of its own, or that of the endpoint that makes it. */
const BOUND = /\bwithin\(|\bDeadline\(|AbortSignal\.timeout\(|\baddEndpoint\(/;
/** Files whose callers bound what they ask. `storage.kv` is an object's own. */
const BOUND_BY_CALLERS: Readonly<Record<string, string>> = {
  "admission/guard/guard-storage.ts": "its own storage",
  "admission/guard/migrate-guard.ts": "its own storage",
  "admission/key-guards.ts": "every caller has a limit",
  "console/parts/first-call.tsx": "code that it shows",
  "state/deployment/deployment-object.ts": "only names the object",
  "state/deployment/deployment-schema.ts": "its own storage",
  "state/deployment/deployment.ts": "its own storage",
  "state/deployment/erasures.ts": "its own storage",
  "worker.ts": "Assertions",
};

test("every file that calls an object, KV or the outside bounds its waits, or is bounded by its callers", () => {
  const files = readdirSync(SRC, { recursive: true, encoding: "utf8" }).filter(
    (file) =>
      /^(?:worker|(?:admission|state|control|console|gateway)\/).*\.tsx?$/.test(file) &&
      !/simulation|client\//.test(file),
  );
  const calling = files.filter((file) => CALL.test(readFileSync(join(SRC, file), "utf8")));
  const unbound = calling.filter((file) => !BOUND.test(readFileSync(join(SRC, file), "utf8")));
  expect(calling.length).toBeGreaterThan(30);
  expect(unbound.toSorted()).toEqual(Object.keys(BOUND_BY_CALLERS).toSorted());
});
