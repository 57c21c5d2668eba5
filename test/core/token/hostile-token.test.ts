import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readCursor, writeCursor } from "../../../src/control/cursor.ts";
import {
  organizationOfKid,
  readAccessToken,
  readScopes,
  signingKeyId,
} from "../../../src/core/token/access-token.ts";
import { p1363FromDer } from "../../../src/core/token/ecdsa-signature.ts";
import { isCanonicalJwt, isJwt } from "../../../src/core/token/jwt-form.ts";
import { isRefusal } from "../../../src/core/refusal.ts";
import { always, jsonWith, longTexts, textWith } from "../../support/fuzz.ts";

const NOW = Date.UTC(2026, 10, 28);
const encode = (value: unknown) => Buffer.from(JSON.stringify(value) ?? "").toString("base64url");
const CLAIMS = [
  "iss",
  "aud",
  "sub",
  "client_id",
  "org_id",
  "iat",
  "exp",
  "jti",
  "scope",
  "vaults",
  "alg",
  "typ",
  "kid",
];
const JSON_VALUE = jsonWith(CLAIMS, ["ES256", "none", "at+jwt", "key_aaaaaaaaaaaa", "vault:read", "*"]);
const JWT = fc
  .tuple(JSON_VALUE, JSON_VALUE, fc.uint8Array({ minLength: 60, maxLength: 66 }))
  .map(
    ([header, claims, bytes]) =>
      `${encode(header)}.${encode(claims)}.${Buffer.from(bytes).toString("base64url")}`,
  );
const TEXT = fc.oneof(JWT, textWith("eyJ", ".", "e30", "=", "-", "_", "AA", " ", "vault:read"));

describe("access tokens", () => {
  test.each<[string, (text: string) => unknown]>([
    ["readAccessToken", (text) => readAccessToken(text, NOW)],
    ["isCanonicalJwt", isCanonicalJwt],
    ["isJwt", isJwt],
    ["organizationOfKid", organizationOfKid],
    ["readScopes", readScopes],
  ])("%s reads any text, and long ones in time", (_, read) => {
    always(TEXT, read);
    for (const text of longTexts("e", ".", "eyJ.", "AA", "-", "a:read ", " ", "0-")) read(text);
  });

  test("a kid names the organisation it was made for and no other", () => {
    always(fc.stringMatching(/^[\w.-]{1,30}$/), (orgId) => {
      const named = organizationOfKid(signingKeyId(orgId));
      expect([orgId, null]).toContain(named);
    });
  });
});

test("a signature of any bytes is read in its one form, or is none", () => {
  always(fc.uint8Array({ maxLength: 80 }), (der) => {
    expect([undefined, 64]).toContain(p1363FromDer(der)?.length);
  });
  const INTEGER = fc.uint8Array({ minLength: 1, maxLength: 34 });
  always(fc.tuple(INTEGER, INTEGER), ([r, s]) => {
    const body = [2, r.length, ...r, 2, s.length, ...s];
    expect([undefined, 64]).toContain(p1363FromDer(Uint8Array.from([0x30, body.length, ...body]))?.length);
  });
});

describe("cursors", () => {
  const SHAPE = { at: "number", id: ["string", "null"] } as const;

  test("any text is a position of the list's own shape, or refused", () => {
    const TEXTS = fc.oneof(TEXT, jsonWith(["at", "id"], ["x"]).map(encode));
    always(TEXTS, (text) => {
      const position = readCursor<{ at: number; id: string | null }>(text, SHAPE);
      if (isRefusal(position)) return;
      expect(Object.keys(position).toSorted()).toEqual(["at", "id"]);
      expect(typeof position.at).toBe("number");
    });
    for (const text of longTexts("e", "=", "-", "eyJ9", "é")) readCursor(text, SHAPE);
  });

  test("a position is read back as it was written", () => {
    always(fc.record({ at: fc.integer(), id: fc.option(fc.string({ unit: "binary" })) }), (position) => {
      expect(readCursor(writeCursor(position), SHAPE)).toEqual(JSON.parse(JSON.stringify(position)));
    });
  });
});
