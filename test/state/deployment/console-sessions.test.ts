import { env } from "cloudflare:workers";
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import type { Env } from "../../../src/env.ts";
import { ConsoleSessions } from "../../../src/state/deployment/console-sessions.ts";

const namespace = (env as unknown as Env).DEPLOYMENT;
const mark = (id: string, renewals = 0) => ({ id, renewals, until: Date.now() + 3_600_000 });

test("a session that was ended stays so, and no other does", async () => {
  const deployment = namespace.getByName("console-sessions-ended");
  await deployment.endConsoleSession(mark("one"));
  await deployment.endConsoleSession(mark("one"));
  await evictDurableObject(deployment);
  expect(await deployment.isConsoleSessionEnded("one")).toBe(true);
  expect(await deployment.isConsoleSessionEnded("other")).toBe(false);
});

test("each renewal is one caller's, and the next one's cookie claims the next", async () => {
  const deployment = namespace.getByName("console-sessions-renewed");
  const claim = (renewals: number) => deployment.claimConsoleSessionRenewal(mark("one", renewals));
  expect(await Promise.all([claim(0), claim(0), claim(0)])).toEqual([true, false, false]);
  expect(await claim(1)).toBe(true);
  expect([await claim(0), await claim(1)]).toEqual([false, false]);
  expect(await deployment.isConsoleSessionEnded("one")).toBe(false);
});

test("a session that was ended is not renewed, and one that was renewed can be ended", async () => {
  const deployment = namespace.getByName("console-sessions-both");
  await deployment.claimConsoleSessionRenewal(mark("one"));
  await deployment.endConsoleSession(mark("one"));
  expect(await deployment.isConsoleSessionEnded("one")).toBe(true);
  expect(await deployment.claimConsoleSessionRenewal(mark("one", 5))).toBe(false);
});

test("nothing is kept of sessions of which no cookie counts any more", async () => {
  await runInDurableObject(namespace.getByName("console-sessions-kept"), (_, state) => {
    const sessions = new ConsoleSessions(state.storage.sql);
    for (const id of ["one", "two", "three"]) sessions.end({ id, renewals: 0, until: 1000 }, 1);
    sessions.end({ id: "four", renewals: 0, until: 2000 }, 999);
    expect(sessions.isEnded("one")).toBe(true);
    sessions.claimRenewal({ id: "five", renewals: 0, until: 3000 }, 1000);
    const ids = [...state.storage.sql.exec(`SELECT id FROM console_sessions ORDER BY id`)];
    expect(ids).toEqual([{ id: "five" }, { id: "four" }]);
  });
});

const content = (id: string, owner: string, renewals = 0) => ({
  ...mark(id, renewals),
  owner,
  sealed: `${id}.${renewals}`,
});

test("what a session holds is kept until it ends, and older tokens never replace newer ones", async () => {
  const deployment = namespace.getByName("console-sessions-content");
  expect(await deployment.saveConsoleSession(content("one", "alice"))).toBe(true);
  expect(await deployment.saveConsoleSession(content("one", "alice", 2))).toBe(true);
  expect(await deployment.saveConsoleSession(content("one", "alice", 1))).toBe(true);
  await evictDurableObject(deployment);
  expect(await deployment.readConsoleSession("one")).toBe("one.2");
  expect(await deployment.readConsoleSession("other")).toBeNull();
});

test("a session that was ended holds nothing, and takes nothing any more", async () => {
  const deployment = namespace.getByName("console-sessions-ended-content");
  await deployment.saveConsoleSession(content("one", "alice"));
  await deployment.endConsoleSession(mark("one"));
  expect(await deployment.readConsoleSession("one")).toBeNull();
  expect(await deployment.saveConsoleSession(content("one", "alice", 1))).toBe(false);
  expect(await deployment.readConsoleSession("one")).toBeNull();
});

test("nothing is read or kept of a session past its end", async () => {
  await runInDurableObject(namespace.getByName("console-sessions-past"), (_, state) => {
    const sessions = new ConsoleSessions(state.storage.sql);
    sessions.save({ id: "one", owner: "alice", renewals: 0, sealed: "a", until: 1000 }, 1);
    expect([sessions.read("one", 999), sessions.read("one", 1000)]).toEqual(["a", null]);
    sessions.save({ id: "two", owner: "bob", renewals: 0, sealed: "b", until: 2000 }, 1000);
    const ids = [...state.storage.sql.exec(`SELECT id FROM console_session_contents`)];
    expect(ids).toEqual([{ id: "two" }]);
  });
});

test("a person has twenty sessions at most, the newest, and takes nobody else's", async () => {
  await runInDurableObject(namespace.getByName("console-sessions-many"), (_, state) => {
    const sessions = new ConsoleSessions(state.storage.sql);
    const save = (id: string, owner: string, now: number) =>
      sessions.save({ id, owner, renewals: 0, sealed: id, until: 10_000 }, now);
    save("bob", "bob", 0);
    for (let i = 1; i <= 25; i++) save(`alice.${i}`, "alice", i);
    const held = (id: string): boolean => sessions.read(id, 100) !== null;
    expect([5, 6, 25].map((i) => held(`alice.${i}`))).toEqual([false, true, true]);
    expect(held("bob")).toBe(true);
  });
});

test.each([
  ["with a person's other sessions", (sessions: ConsoleSessions) => sessions.endOf(["alice"])],
  [
    "for newer ones",
    (sessions: ConsoleSessions) => {
      for (let i = 1; i <= 20; i++) sessions.save({ ...content(`new.${i}`, "alice"), until: 10_000 }, i);
    },
  ],
] as const)("a session that was ended %s does not come back by a renewal under way", async (name, end) => {
  await runInDurableObject(namespace.getByName(`console-sessions-${name}`), (_, state) => {
    const sessions = new ConsoleSessions(state.storage.sql);
    const one = { ...content("one", "alice"), until: 10_000 };
    sessions.save(one, 0);
    expect(sessions.claimRenewal(one, 1)).toBe(true);
    end(sessions);
    expect([sessions.save({ ...one, renewals: 1 }, 50), sessions.read("one", 50)]).toEqual([false, null]);
  });
});

test("the sessions of very many people are ended at once", async () => {
  await runInDurableObject(namespace.getByName("console-sessions-all"), (_, state) => {
    const sessions = new ConsoleSessions(state.storage.sql);
    sessions.save({ ...content("one", "alice"), until: 10_000 }, 0);
    sessions.endOf([...Array.from({ length: 10_000 }, (__, i) => `${i}`.padStart(250, "x")), "alice"]);
    expect(sessions.read("one", 1)).toBeNull();
  });
});
