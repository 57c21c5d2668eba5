import { describe, expect, test } from "vitest";
import {
  activeKey,
  generateSigningKey,
  publicJwk,
  publishedKeys,
  successorDue,
  withSuccessor,
  type RingPolicy,
  type SigningKey,
} from "../../../src/core/token/signing-key.ts";

const T = 1_800_000_000_000;
const POLICY: RingPolicy = { lifetimeMs: 90_000, publishAheadMs: 10_000, keptMs: 5000 };
const key = (kid: string) => ({ kid, privateJwk: { kty: "EC" }, publicJwk: { kty: "EC" } });

const kids = (ring: readonly SigningKey[]): string[] => ring.map(({ kid }) => kid);
const published = (ring: readonly SigningKey[], now: number): string[] =>
  kids(publishedKeys(ring, now, POLICY));

describe("a ring of signing keys", () => {
  const one = withSuccessor([], key("a"), T, POLICY);
  const two = withSuccessor(one, key("b"), T + 80_000, POLICY);

  test("has its first key sign at once", () => {
    expect(successorDue([], T, POLICY)).toBe(true);
    expect(activeKey(one, T)?.kid).toBe("a");
  });

  test("signs with its first key by a clock that is behind", () => {
    expect(activeKey(two, T - 1)?.kid).toBe("a");
    expect(activeKey([], T)).toBeUndefined();
  });

  test("wants a successor in time for it to be known before the key's life ends", () => {
    expect(successorDue(one, T + 79_999, POLICY)).toBe(false);
    expect(successorDue(one, T + 80_000, POLICY)).toBe(true);
    expect(successorDue(two, T + 89_000, POLICY)).toBe(false);
  });

  test("publishes a successor before it signs", () => {
    expect(published(two, T + 80_000)).toEqual(["a", "b"]);
    expect(activeKey(two, T + 89_999)?.kid).toBe("a");
    expect(activeKey(two, T + 90_000)?.kid).toBe("b");
  });

  test("keeps a key published until the last token that it signed has expired", () => {
    expect(published(two, T + 94_999)).toEqual(["a", "b"]);
    expect(published(two, T + 95_000)).toEqual(["b"]);
  });

  test("forgets keys that are not published any more when it gets a new one", () => {
    expect(kids(withSuccessor(two, key("c"), T + 170_000, POLICY))).toEqual(["b", "c"]);
  });
});

describe("a signing key", () => {
  const DATA = new TextEncoder().encode("header.claims");
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

  test("signs what its published half verifies, and publishes nothing else", async () => {
    const made = await generateSigningKey("org.1");
    const shown = publicJwk({ ...made, activeFrom: T });
    const { x, y } = made.publicJwk;
    expect(shown).toEqual({ kty: "EC", crv: "P-256", x, y, kid: "org.1", alg: "ES256", use: "sig" });
    const own = await crypto.subtle.importKey("jwk", made.privateJwk, algorithm, false, ["sign"]);
    const verifier = await crypto.subtle.importKey("jwk", { ...shown }, algorithm, false, ["verify"]);
    const signature = await crypto.subtle.sign(algorithm, own, DATA);
    expect(await crypto.subtle.verify(algorithm, verifier, signature, DATA)).toBe(true);
    expect(made.privateJwk.key_ops).toEqual(["sign"]);
    expect(made.publicJwk.key_ops).toEqual(["verify"]);
  });

  test("is another each time", async () => {
    const [one, other] = await Promise.all([generateSigningKey("a"), generateSigningKey("a")]);
    expect(one.publicJwk.x).not.toBe(other.publicJwk.x);
  });
});
