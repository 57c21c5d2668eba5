import { Buffer } from "node:buffer";
import { decodeJwt, decodeProtectedHeader } from "jose";
import { z } from "zod";
import { isAccepted } from "../refusal.ts";
import { KEY_ID } from "../key/key-secret.ts";
import type { Narrowing } from "../key/narrowing.ts";
import { CLOCK_TOLERANCE_S } from "../token-times.ts";
import { ORG_ID } from "../organization/organization.ts";
import { formatScope, parseScope, type Scope } from "../policy/scope.ts";
import { isCanonicalJwt } from "./jwt-form.ts";
import type { DeniableToken } from "./token-denials.ts";

/** Access tokens (RFC 9068): what they say, and how they are written and read. Nothing here verifies a signature. */

/** The media type of an access token without its prefix (RFC 9068 section 2.1). */
export const ACCESS_TOKEN_TYPE = "at+jwt";
/** The `typ` of an assertion for an origin: no other JWT can be taken for one (RFC 8725 section 3.11). */
export const ASSERTION_TYPE = "portcullis-assertion+jwt";
export const SIGNATURE_ALGORITHM = "ES256";
/** The bounds of a token's life in seconds, and the life of one for which nothing was said. */
export const MIN_TOKEN_LIFE_S = 60;
export const MAX_TOKEN_LIFE_S = 86_400;
export const DEFAULT_TOKEN_LIFE_S = 3600;

/** Longest token of ours, in letters. */
const MAX_TOKEN_LENGTH = 16_384;

/** What an access token says. Times are milliseconds since the epoch. */
export interface AccessToken extends DeniableToken, Narrowing {
  /** The key that it was made from. */
  readonly keyId: string;
  readonly orgId: string;
  /** Scheme and authority of the gateway that it was issued by and is meant for. */
  readonly issuer: string;
}

/** The claims of a token (RFC 9068 section 2.2). The subject is the client itself: no person is involved. */
export function tokenClaims(token: AccessToken): Record<string, unknown> {
  return {
    iss: token.issuer,
    aud: token.issuer,
    sub: token.keyId,
    client_id: token.keyId,
    org_id: token.orgId,
    iat: token.issuedAt / 1000,
    exp: token.expiresAt / 1000,
    jti: token.id,
    scope: token.scopes.map(formatScope).join(" "),
    vaults: token.vaults,
  };
}

/** The id of an organisation's signing key: it names the organisation (RFC 7515 section 4.1.4). */
export function signingKeyId(orgId: string): string {
  return `${orgId}.${crypto.randomUUID()}`;
}

const UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";
const KID = new RegExp(`^(.+)\\.${UUID}$`);

/** The organisation that a `kid` names, or `null`. */
export function organizationOfKid(kid: string): string | null {
  const orgId = KID.exec(kid)?.[1];
  return orgId !== undefined && ORG_ID.test(orgId) ? orgId : null;
}

/** These three and no others: a header that brings keys, addresses of keys or `crit` is not ours. */
const Header = z.strictObject({
  alg: z.literal(SIGNATURE_ALGORITHM),
  typ: z.literal(ACCESS_TOKEN_TYPE),
  kid: z.string().max(256),
});

const Claims = z.strictObject({
  iss: z.string(),
  aud: z.string(),
  sub: z.string(),
  client_id: z.string().regex(KEY_ID),
  org_id: z.string(),
  iat: z.int().positive(),
  exp: z.int().positive(),
  jti: z.string().min(1).max(64),
  scope: z.string(),
  vaults: z.union([z.literal("*"), z.array(z.string())]),
});

/** A token in the form of ours, whose signature by the key `kid` is still to be verified. */
interface UnverifiedToken {
  readonly kid: string;
  readonly claims: AccessToken;
}

/**
 * Reads a token at `now` (milliseconds since the epoch), without trusting it; `null` for what cannot be one of ours in
 * form, header or claims, whatever its signature. It may have expired.
 */
export function readAccessToken(text: string, now: number): UnverifiedToken | null {
  if (text.length > MAX_TOKEN_LENGTH || !isCanonicalJwt(text) || !hasCanonicalSignature(text)) return null;
  const parts = decode(text);
  const header = Header.safeParse(parts?.header);
  const claims = Claims.safeParse(parts?.claims);
  if (!header.success || !claims.success) return null;
  const { kid } = header.data;
  const { iss, aud, sub, client_id: keyId, org_id: orgId, iat, exp, jti, vaults } = claims.data;
  const scopes = readScopes(claims.data.scope);
  if (scopes === null || aud !== iss || sub !== keyId || organizationOfKid(kid) !== orgId) return null;
  if (exp <= iat || exp - iat > MAX_TOKEN_LIFE_S || iat * 1000 > now + CLOCK_TOLERANCE_S * 1000) return null;
  const times = { issuedAt: iat * 1000, expiresAt: exp * 1000 };
  return {
    kid,
    claims: { id: jti, keyId, orgId, issuer: iss, scopes, vaults, ...times },
  };
}

/** Scopes of a space-separated list (RFC 6749 section 3.3), or `null` if one of them is none. */
export function readScopes(list: string): Scope[] | null {
  const scopes = list
    .split(" ")
    .filter((part) => part !== "")
    .map(parseScope);
  return scopes.every(isAccepted) ? scopes : null;
}

function decode(text: string): { header: unknown; claims: unknown } | null {
  try {
    return { header: decodeProtectedHeader(text), claims: decodeJwt(text) };
  } catch {
    return null;
  }
}

/** Half of the order of P-256 (SEC 2 section 2.4.2), rounded down. */
const HALF_ORDER = "7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8";

/**
 * Whether a signature is the one of its two spellings that we issue. With (r, s) anybody can write (r, n - s), which
 * verifies as well; of the two s is the smaller one here.
 */
export function hasCanonicalSignature(text: string): boolean {
  const signature = Buffer.from(text.slice(text.lastIndexOf(".") + 1), "base64url");
  return signature.byteLength === 64 && signature.toString("hex", 32) <= HALF_ORDER;
}
