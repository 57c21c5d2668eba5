import { describe, expect, test } from "vitest";
import { mistyped, swapSecret, unknownKey } from "../support/key-strings.ts";
import { freshAddress, type CreatedKey } from "../support/portcullis.ts";
import { exchange, postForm } from "../support/tokens.ts";
import { usePortcullis } from "../support/started.ts";

const PATH = "/v1/vaults/vault_1";
const ALLOWED = 60;
const PERIOD_MS = 60_000;
const NO_GUARD = 1;
const NO_LIMITER = 2;
const BLOCKED = { status: 429, code: "too_many_failures" };

const portcullis = await usePortcullis({
  edges: [{}, { guard: "BrokenGuard" }, { failures: "BrokenFailures" }],
});

interface Caller {
  readonly as?: string;
  readonly from: string;
  readonly edge?: number;
}

async function send(caller: Caller, path = PATH) {
  const response = await portcullis.call("GET", path, caller);
  const { error } = await response.json<{ error?: { code: string } }>();
  return { response, outcome: { status: response.status, ...(error && { code: error.code }) } };
}

/** Sends as many failures as are allowed, all at once, and tells how they ended. */
async function fail(caller: Caller, times = ALLOWED): Promise<Set<string | undefined>> {
  const sent = await Promise.all(Array.from({ length: times }, () => send(caller)));
  return new Set(sent.map(({ outcome }) => outcome.code));
}

/** Has an address turned away: by sixty failures and one more. */
async function turnAway(caller: Caller): Promise<void> {
  await fail(caller);
  expect((await send(caller)).outcome).toEqual(BLOCKED);
}

/** Failures are counted by the minute: what a minute's end has come between is done again. */
async function withinOneMinute(act: () => Promise<void>): Promise<void> {
  for (;;) {
    const minute = Math.floor(Date.now() / PERIOD_MS);
    try {
      return await act();
    } catch (error) {
      if (Math.floor(Date.now() / PERIOD_MS) === minute) throw error;
    }
  }
}

const patch = (changes: object) => (key: CreatedKey) =>
  portcullis.manage("PATCH", `/-/api-keys/${key.id}`, changes);

describe("an address that has failed sixty times in a minute is turned away", () => {
  test.each([
    { name: "no credential", as: () => ({}) },
    { name: "a malformed credential", as: () => ({ as: "x" }) },
    { name: "a mistyped key", as: (key: CreatedKey) => ({ as: mistyped(key.key) }) },
    { name: "an unknown key", as: () => ({ as: unknownKey(1) }) },
    { name: "the wrong secret", as: (key: CreatedKey) => ({ as: swapSecret(key.key, unknownKey(2)) }) },
    {
      name: "the wrong secret of a revoked key",
      as: (key: CreatedKey) => ({ as: swapSecret(key.key, unknownKey(2)) }),
      prepare: (key: CreatedKey) => portcullis.manage("DELETE", `/-/api-keys/${key.id}`),
    },
  ])("by $name", ({ as, prepare }) =>
    withinOneMinute(async () => {
      const key = await portcullis.createKey();
      await prepare?.(key);
      const caller = { from: freshAddress(), ...as(key) };
      expect([...(await fail(caller))]).not.toContain("too_many_failures");
      const { response, outcome } = await send(caller);
      expect(outcome).toEqual(BLOCKED);
      expect(response.headers.get("Retry-After")).toMatch(/^([1-9]|[1-5]\d|60)$/);
      expect(response.headers.has("X-RateLimit-Remaining")).toBe(false);
      expect(response.headers.has("WWW-Authenticate")).toBe(false);
    }),
  );
});

const NOBODY = "192.0.2.1";

describe("a caller with the right secret guesses nothing, however often it is refused", () => {
  test.each([
    {
      name: "a disabled key",
      code: "api_key_disabled",
      change: patch({ disabled: true }),
      undo: patch({ disabled: false }),
    },
    {
      name: "an expired key",
      code: "api_key_expired",
      change: patch({ expiresAt: "2020-01-01T00:00:00Z" }),
      undo: patch({ expiresIn: "1d" }),
    },
    {
      name: "a key of another address",
      code: "ip_not_allowed",
      change: patch({ allowedIps: [NOBODY] }),
      undo: patch({ allowedIps: [] }),
    },
  ])("$name, which works as soon as it is widened", async ({ code, change, undo }) => {
    const key = await portcullis.createKey();
    await change(key);
    const caller = { from: freshAddress(), as: key.key };
    expect(await fail(caller, ALLOWED + 10)).toEqual(new Set([code]));
    expect((await undo(key)).status).toBe(200);
    expect((await send(caller)).outcome).toEqual({ status: 200 });
  });

  test("a revoked key", async () => {
    const [dead, live] = await Promise.all([portcullis.createKey(), portcullis.createKey()]);
    await portcullis.manage("DELETE", `/-/api-keys/${dead.id}`);
    const from = freshAddress();
    expect(await fail({ from, as: dead.key }, ALLOWED + 10)).toEqual(new Set(["api_key_revoked"]));
    expect((await send({ from, as: live.key })).outcome).toEqual({ status: 200 });
  });

  test("a token that was revoked", async () => {
    const key = await portcullis.createKey();
    const { access_token: token } = await exchange(portcullis, key);
    await postForm(portcullis, "revoke", { token });
    const from = freshAddress();
    expect(await fail({ from, as: token }, ALLOWED + 10)).toEqual(new Set(["access_token_invalid"]));
    expect((await send({ from, as: key.key })).outcome).toEqual({ status: 200 });
  });
});

describe("a client is counted by what one subscriber has", () => {
  test.each([
    {
      name: "IPv6 by its /64",
      of: (i: number) => `2001:db8:1:2:${i.toString(16)}::${(i * 997).toString(16)}`,
      other: "2001:db8:1:3::1",
    },
    { name: "IPv4 written as IPv6", of: () => "::ffff:198.51.100.1", other: "::ffff:198.51.100.2" },
  ])("$name", ({ of, other }) =>
    withinOneMinute(async () => {
      const sent = Array.from({ length: ALLOWED }, (_, i) => send({ from: of(i) }));
      expect((await Promise.all(sent)).map(({ outcome }) => outcome.code)).not.toContain("too_many_failures");
      expect((await send({ from: of(ALLOWED + 1) })).outcome).toEqual(BLOCKED);
      expect((await send({ from: other })).outcome.status).toBe(401);
    }),
  );

  test("IPv4 written as IPv6 is the IPv4 address", () =>
    withinOneMinute(async () => {
      await turnAway({ from: "198.51.100.9" });
      expect((await send({ from: "::ffff:198.51.100.9" })).outcome).toEqual(BLOCKED);
    }));
});

describe("what is refused after a caller has been identified is no failure", () => {
  test.each([
    { name: "no such vault", path: "/v1/vaults/vault_2", status: 404 },
    { name: "no such operation", path: "/v2", status: 404 },
    { name: "an ambiguous path", path: "/v1//vaults", status: 400 },
    { name: "a missing scope", created: { scopes: ["vault:write"] }, status: 403 },
    { name: "a used-up limit", created: { rateLimit: { requests: 1, windowSeconds: 900 } }, status: 429 },
  ])("$name", async ({ path, created, status }) => {
    const key = await portcullis.createKey({ vaults: ["vault_1"], ...created });
    const caller = { as: key.key, from: freshAddress() };
    const sent = await Promise.all(Array.from({ length: ALLOWED + 5 }, () => send(caller, path)));
    expect(sent.filter(({ outcome }) => outcome.code === "too_many_failures")).toEqual([]);
    expect((await send(caller, path)).outcome.status).toBe(status);
  });
});

describe("an address that is turned away", () => {
  test("has nothing looked up for it, while others have", () =>
    withinOneMinute(async () => {
      const from = freshAddress();
      await turnAway({ from, edge: NO_GUARD });
      // Looking up a key would find the guard broken.
      const as = unknownKey(3);
      expect((await send({ as, from: freshAddress(), edge: NO_GUARD })).outcome.status).toBe(503);
      expect((await send({ as, from, edge: NO_GUARD })).outcome).toEqual(BLOCKED);
    }));

  test("may go on with keys that the edge knows to be good, and with no others", () =>
    withinOneMinute(async () => {
      const [known, fresh] = await Promise.all([portcullis.createKey(), portcullis.createKey()]);
      const from = freshAddress();
      expect((await send({ as: known.key, from })).outcome).toEqual({ status: 200 });
      await turnAway({ from });

      expect((await send({ as: known.key, from })).outcome).toEqual({ status: 200 });
      expect((await send({ as: swapSecret(known.key, fresh.key), from })).outcome).toEqual(BLOCKED);
      expect((await send({ as: fresh.key, from })).outcome).toEqual(BLOCKED);
      // Another address makes the key known.
      expect((await send({ as: fresh.key, from: freshAddress() })).outcome).toEqual({ status: 200 });
      expect((await send({ as: fresh.key, from })).outcome).toEqual({ status: 200 });
    }));

  test("gets no further with a key that was revoked meanwhile", () =>
    withinOneMinute(async () => {
      const key = await portcullis.createKey();
      const from = freshAddress();
      await send({ as: key.key, from });
      await turnAway({ from });
      await portcullis.manage("DELETE", `/-/api-keys/${key.id}`);
      expect([401, 429]).toContain((await send({ as: key.key, from })).outcome.status);
      expect((await send({ as: key.key, from })).outcome).toEqual(BLOCKED);
    }));

  test("spends no key's budget, and no other address's", () =>
    withinOneMinute(async () => {
      const key = await portcullis.createKey({ rateLimit: { requests: 5, windowSeconds: 900 } });
      const from = freshAddress();
      await turnAway({ from });
      for (let i = 0; i < 10; i++) expect((await send({ as: key.key, from })).outcome).toEqual(BLOCKED);
      const { response } = await send({ as: key.key, from: freshAddress() });
      expect(response.status).toBe(200);
      expect(response.headers.get("X-RateLimit-Remaining")).toBe("4");
    }));
});

test("a limiter that does not answer changes nothing about refusals, nor about what is let through", async () => {
  const caller = { from: freshAddress(), edge: NO_LIMITER };
  expect(await fail(caller, ALLOWED + 10)).toEqual(new Set(["credential_missing"]));
  const key = await portcullis.createKey();
  expect((await send({ ...caller, as: key.key })).outcome).toEqual({ status: 200 });
});
