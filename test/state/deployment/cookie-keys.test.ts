import { env } from "cloudflare:workers";
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import type { Env } from "../../../src/env.ts";
import { CookieKeys } from "../../../src/state/deployment/cookie-keys.ts";

const DAY_MS = 86_400_000;
const namespace = (env as unknown as Env).DEPLOYMENT;

test("the deployment makes its cookie key at first use and keeps it", async () => {
  const deployment = namespace.getByName("cookie-keys-kept");
  const [key] = await deployment.cookieKeys();
  expect(key?.secret).toHaveLength(32);
  await evictDurableObject(deployment);
  expect(await deployment.cookieKeys()).toEqual([key]);
});

test("another deployment has another", async () => {
  const [one] = await namespace.getByName("cookie-keys-one").cookieKeys();
  const [other] = await namespace.getByName("cookie-keys-other").cookieKeys();
  expect(other?.secret).not.toEqual(one?.secret);
});

test("a newer key seals after a month, and the older one opens for three", async () => {
  await runInDurableObject(namespace.getByName("cookie-keys-aging"), (_, state) => {
    const keys = new CookieKeys(state.storage.sql);
    const idsAt = (day: number) => keys.current(day * DAY_MS).map(({ id }) => id);
    const [first] = idsAt(1000);
    expect(idsAt(1029)).toEqual([first]);
    const [second, ...older] = idsAt(1030);
    expect(second).not.toBe(first);
    expect(older).toEqual([first]);
    expect(idsAt(1089)).toContain(first);
    expect(idsAt(1090)).not.toContain(first);
  });
});
