import { decodeJwt, decodeProtectedHeader, type ProtectedHeaderParameters } from "jose";
import { nestsTooDeep } from "../../core/http/json-depth.ts";
import { SIGNATURE_ALGORITHMS } from "../../core/token/verify-signature.ts";
import { isCanonicalJwt } from "../../core/token/jwt-form.ts";
import type { Payload } from "./claims.ts";
import { valuesIn } from "./claims.ts";
import { TokenFault } from "./token-fault.ts";

/** Types of an access token; an absent one is common among providers (RFC 9068 section 2.1 names `at+jwt`). */
const TOKEN_TYPES = [undefined, "jwt", "at+jwt"];

/** A token as it says itself, before anything of it is verified. */
export interface DecodedToken {
  readonly header: ProtectedHeaderParameters;
  readonly payload: Payload;
}

/** Reads a token; what cannot be a signed JWT of an allowed algorithm and type is refused without any fetch. */
export function decodeToken(token: string): DecodedToken | TokenFault {
  const parts = token.split(".").length;
  if (parts === 5) return new TokenFault("opaque token", "encrypted for somebody else (JWE)");
  if (parts !== 3) return new TokenFault("opaque token", "not a JWT");
  if (!isCanonicalJwt(token))
    return new TokenFault("malformed token", "not in the one spelling of base64url");
  const decoded = decode(token);
  if (decoded === null) return new TokenFault("malformed token", "header or payload is no JSON object");
  const { alg, typ, kid, crit } = decoded.header;
  if (typeof alg !== "string" || !SIGNATURE_ALGORITHMS.includes(alg))
    return new TokenFault("algorithm not allowed", alg);
  if (kid !== undefined && typeof kid !== "string")
    return new TokenFault("malformed token", "kid is no text");
  if (crit !== undefined) return new TokenFault("malformed token", "crit: no extension is understood here");
  // The prefix may be left out (RFC 7515 section 4.1.9).
  const type = typeof typ === "string" ? typ.toLowerCase().replace(/^application\//, "") : typ;
  return TOKEN_TYPES.includes(type)
    ? decoded
    : new TokenFault("not an access token", `of type ${asType(typ)}`);
}

function decode(token: string): DecodedToken | null {
  const parts = token.split(".").map((part) => Buffer.from(part, "base64url"));
  if (parts.slice(0, 2).some(nestsTooDeep)) return null;
  try {
    return { header: decodeProtectedHeader(token), payload: decodeJwt(token) };
  } catch {
    return null;
  }
}

function asType(typ: unknown): string {
  return typeof typ === "string" ? typ : JSON.stringify(typ);
}

/** Claims that only access tokens have: of RFC 9068, and of providers that sign both kinds of token alike. */
const ACCESS_TOKEN_CLAIMS = ["scope", "scp", "client_id", "cid", "azpacr", "appidacr", "uid"];
/** Claims that only ID tokens have (OpenID Connect Core 1.0 sections 3.1.3.6 and 3.3.2.11, FAPI). */
const ID_TOKEN_CLAIMS = ["at_hash", "c_hash", "s_hash"];

/**
 * Why a token is no access token, or `null`. An ID token says who signed in to a client; it is no permission to call an
 * API (OpenID Connect Core 1.0 section 2). Some providers copy `nonce` into access tokens, others use one audience for
 * both, so neither is a sign by itself. The token's own type decides, and then claims that only one kind has.
 */
export function kindFault({ header, payload }: DecodedToken, clientId: string): TokenFault | null {
  // Keycloak and Cognito name the kind in a claim.
  const [kind, use] = [payload["typ"], payload["token_use"]];
  if (typeof kind === "string" && /^(id|logout|refresh|offline)$/i.test(kind))
    return notAccess(`typ is ${kind}`);
  if (typeof use === "string" && use !== "access") return notAccess(`token_use is ${use}`);
  const has = (name: string) => (payload[name] ?? null) !== null;
  const idClaim = ID_TOKEN_CLAIMS.find(has);
  if (idClaim !== undefined) return notAccess(`an ID token: it has ${idClaim}`);
  // A security event, such as a sign-out (RFC 8417).
  if (has("events")) return notAccess("it tells of events");
  if (header.typ !== undefined && /at\+jwt$/i.test(header.typ)) return null;
  if (use === "access" || (typeof kind === "string" && /^bearer$/i.test(kind))) return null;
  if (ACCESS_TOKEN_CLAIMS.some(has)) return null;
  if (has("nonce")) return notAccess("an ID token: it has a nonce and nothing of an access token");
  if (valuesIn(payload, "aud").includes(clientId)) {
    return notAccess("an ID token: it is for the console and has nothing of an access token");
  }
  return null;
}

function notAccess(detail: string): TokenFault {
  return new TokenFault("not an access token", detail);
}
