import { Buffer } from "node:buffer";
import { describe, expect, test } from "vitest";
import {
  hasCanonicalSignature,
  organizationOfKid,
  readAccessToken,
  signingKeyId,
  tokenClaims,
  type AccessToken,
} from "../../../src/core/token/access-token.ts";

const NOW = 1_790_000_000_000;
const KID = signingKeyId("org_test");
const HEADER = { alg: "ES256", typ: "at+jwt", kid: KID };
const TOKEN: AccessToken = {
  id: "t".repeat(64),
  keyId: "key_0123456789Ab",
  orgId: "org_test",
  issuer: "https://gateway.test",
  scopes: [
    { action: "read", resource: "vault" },
    { action: "*", resource: "asset/a" },
  ],
  vaults: ["vault_1"],
  issuedAt: NOW,
  expiresAt: NOW + 86_400_000,
};
const CLAIMS = tokenClaims(TOKEN);
const HALF_ORDER = "7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8";

const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
const signatureOf = (s: string) => Buffer.from(`${"ab".repeat(32)}${s}`, "hex").toString("base64url");

function read(header: object, claims: object, signature = signatureOf(HALF_ORDER)) {
  const text = `${encoded({ ...HEADER, ...header })}.${encoded({ ...CLAIMS, ...claims })}.${signature}`;
  return readAccessToken(text, NOW);
}

test("a token says what it was made of", () => {
  expect(CLAIMS).toMatchObject({ sub: TOKEN.keyId, client_id: TOKEN.keyId, iat: 1_790_000_000 });
  expect(read({}, {})).toEqual({ kid: KID, claims: TOKEN });
});

describe("a token is read", () => {
  test.each<[string, object, Partial<AccessToken>]>([
    ["of every vault", { vaults: "*" }, { vaults: "*" }],
    ["with an id of one letter", { jti: "t" }, { id: "t" }],
    ["without scopes", { scope: "" }, { scopes: [] }],
    [
      "that was issued by a clock 30 s ahead",
      { iat: NOW / 1000 + 30, exp: NOW / 1000 + 31 },
      { issuedAt: NOW + 30_000, expiresAt: NOW + 31_000 },
    ],
    ["that has expired", { iat: 1, exp: 2 }, { issuedAt: 1000, expiresAt: 2000 }],
  ])("%s", (_, claims, expected) => {
    expect(read({}, claims)).toEqual({ kid: KID, claims: { ...TOKEN, ...expected } });
  });
});

test.each([
  [KID, "org_test"],
  ["org_test", null],
  [KID.replace("org_test", "org test"), null],
  [`${KID}0`, null],
])("the organisation of the kid %s is %s", (kid, orgId) => {
  expect(organizationOfKid(kid)).toBe(orgId);
});

describe("no token of ours", () => {
  test.each<[string, object, object]>([
    ["is of another algorithm", { alg: "ES384" }, {}],
    ["is of another type", { typ: "JWT" }, {}],
    ["has a header more", { jwk: {} }, {}],
    ["has a claim more", {}, { admin: true }],
    ["is signed by another organisation's key", { kid: signingKeyId("org_other") }, {}],
    ["is signed by a key of no name", { kid: "org_test" }, {}],
    ["is for another audience", {}, { aud: "https://other.test" }],
    ["is for another subject", {}, { sub: "key_Ab0123456789" }],
    ["names no key", {}, { sub: "alice", client_id: "alice" }],
    ["has a scope that is none", {}, { scope: "vault:read nothing" }],
    ["ends when it begins", {}, { exp: NOW / 1000 }],
    ["lives longer than a day", {}, { exp: NOW / 1000 + 86_401 }],
    ["was issued in the future", {}, { iat: NOW / 1000 + 31, exp: NOW / 1000 + 32 }],
    ["was issued at no whole second", {}, { iat: NOW / 1000 - 0.5 }],
    ["has no id", {}, { jti: "" }],
    ["has an id of more than 64 letters", {}, { jti: "t".repeat(65) }],
    ["has vaults that are no list", {}, { vaults: "vault_1" }],
  ])("%s", (_, header, claims) => {
    expect(read(header, claims)).toBeNull();
  });

  test.each([
    ["the larger of the two spellings", signatureOf(HALF_ORDER.replace(/8$/, "9"))],
    ["too short", signatureOf(HALF_ORDER.slice(2))],
    ["too long", signatureOf(`${HALF_ORDER}00`)],
    ["absent", ""],
  ])("has a signature that is %s", (_, signature) => {
    expect(hasCanonicalSignature(`a.b.${signature}`)).toBe(false);
    expect(read({}, {}, signature)).toBeNull();
  });

  test("has more than 16,384 letters", () => {
    const lengths = new Set<number>();
    for (const orgId of ["o", "oo", "ooo"]) {
      const header = encoded({ ...HEADER, kid: signingKeyId(orgId) });
      for (let length = 11_850; length < 11_870; length++) {
        const claims = encoded({ ...CLAIMS, org_id: orgId, vaults: ["v".repeat(length)] });
        const text = `${header}.${claims}.${signatureOf(HALF_ORDER)}`;
        lengths.add(text.length);
        expect(readAccessToken(text, NOW) !== null).toBe(text.length <= 16_384);
      }
    }
    expect([16_384, 16_385].every((length) => lengths.has(length))).toBe(true);
  });

  test("was issued a part of a second too far in the future", () => {
    const text = `${encoded(HEADER)}.${encoded({ ...CLAIMS, iat: NOW / 1000 + 31 })}.${signatureOf(HALF_ORDER)}`;
    expect(readAccessToken(text, NOW + 999)).toBeNull();
    expect(readAccessToken(text, NOW + 1000)).not.toBeNull();
  });
});
