import { Hono } from "hono";
import { expect, test } from "vitest";
import type { ConsoleContext, ConsoleEnv } from "../../src/console/context.ts";
import { CookieKeyRing, CookieKeysUnavailable } from "../../src/console/session/cookie-key-ring.ts";
import { SealedCookies } from "../../src/console/session/sealed-cookies.ts";
import type { Env } from "../../src/env.ts";
import type { CookieKey } from "../../src/state/deployment/cookie-keys.ts";

/** A deployment with these cookie keys, which counts how often it is asked for them. */
function deployment(keys: readonly CookieKey[]) {
  const state = { keys, asked: 0, isDown: false };
  const cookieKeys = async () => {
    state.asked++;
    if (state.isDown) throw new Error("down");
    return state.keys;
  };
  const env = { DEPLOYMENT: { getByName: () => ({ cookieKeys }) } } as unknown as Env;
  const ring = () => new CookieKeyRing(env);
  return { state, ring, isolate: () => new SealedCookies(ring()) };
}

const key = (id: string): CookieKey => ({ id, secret: crypto.getRandomValues(new Uint8Array(32)) });

/** Does something within a request with these cookies. */
async function within<T>(
  act: (c: ConsoleContext) => Promise<T>,
  cookie = "",
  origin = "https://console.test",
): Promise<{ result: T | undefined; set: string[] }> {
  let result: T | undefined;
  const app = new Hono<ConsoleEnv>().get("/", async (c) => {
    result = await act(c);
    return c.body(null);
  });
  const answer = await app.request(`${origin}/`, { headers: { Cookie: cookie } });
  return { result, set: answer.headers.getSetCookie() };
}

/** The cookie as a browser sends it back. */
async function seal(cookies: SealedCookies, name: string, value: string): Promise<string> {
  const { set } = await within((c) => cookies.write(c, name, { value }));
  return set.map((each) => each.split(";")[0]).join("; ");
}

async function read(cookies: SealedCookies, name: string, cookie: string): Promise<unknown> {
  return (await within((c) => cookies.read(c, name), cookie)).result?.["value"];
}

test("with TLS, a cookie can be set by its own host alone", async () => {
  const { isolate } = deployment([key("one")]);
  const { set } = await within((c) => isolate().write(c, "session", {}));
  expect(set[0]).toMatch(/^__Host-session=[^;]+; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
});

test("what one isolate has sealed another opens", async () => {
  const { isolate } = deployment([key("one")]);
  expect(await read(isolate(), "session", await seal(isolate(), "session", "a"))).toBe("a");
});

test("what was sealed under one name does not open under another", async () => {
  const { isolate } = deployment([key("one")]);
  const cookie = await seal(isolate(), "sign-in", "a");
  expect(await read(isolate(), "session", cookie.replace("sign-in", "session"))).toBeUndefined();
});

test("a newer key seals, and the older one goes on opening", async () => {
  const [older, newer] = [key("older"), key("newer")];
  const { state, isolate } = deployment([older]);
  const cookie = await seal(isolate(), "session", "a");
  state.keys = [newer, older];
  expect(await read(isolate(), "session", cookie)).toBe("a");
  const [header = ""] = (await seal(isolate(), "session", "b")).split("=")[1]?.split(".") ?? [];
  expect(JSON.parse(atob(header))).toMatchObject({ kid: "newer" });
  state.keys = [newer];
  expect(await read(isolate(), "session", cookie)).toBeUndefined();
});

test("cookies with keys that nobody has do not make an isolate ask for each", async () => {
  const { state, isolate } = deployment([key("one")]);
  const cookie = await seal(deployment([key("made-up")]).isolate(), "session", "a");
  const cookies = isolate();
  for (let i = 0; i < 20; i++) expect(await read(cookies, "session", cookie)).toBeUndefined();
  expect(state.asked).toBe(1);
});

test("while the deployment does not answer the known keys go on, and it is asked once a minute", async () => {
  const { state, ring } = deployment([key("one")]);
  const keys = ring();
  await keys.newest(0);
  state.isDown = true;
  const hour = 3_600_000;
  for (let second = 0; second < 120; second++) {
    expect((await keys.newest(hour + second * 1000)).id).toBe("one");
  }
  expect(state.asked).toBe(3);
  expect((await keys.find("one", 2 * hour))?.id).toBe("one");
  await expect(keys.find("other", 2 * hour), "nobody can say").rejects.toThrow(CookieKeysUnavailable);
  await expect(ring().newest(0)).rejects.toThrow(CookieKeysUnavailable);
  Object.assign(state, { isDown: false, keys: [key("two"), key("one")] });
  expect((await keys.newest(2 * hour)).id).toBe("two");
});

test("a key of the same name is not the same key", async () => {
  const cookie = await seal(deployment([key("one")]).isolate(), "session", "a");
  expect(await read(deployment([key("one")]).isolate(), "session", cookie)).toBeUndefined();
});

test("one that is to last for a time ends after it", async () => {
  const { isolate } = deployment([key("one")]);
  const { set } = await within((c) => isolate().write(c, "sign-in", { value: "a" }, -1));
  expect(await read(isolate(), "sign-in", set[0]?.split(";")[0] ?? "")).toBeUndefined();
});
