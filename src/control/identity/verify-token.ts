import { errors, jwtVerify, type FlattenedJWSInput, type JWTPayload, type JWTVerifyOptions } from "jose";
import { issuerTemplate } from "../../core/identity/settings.ts";
import { textIn, timeIn, type Payload } from "./claims.ts";
import { CLOCK_TOLERANCE_S, readIdentity, type Identity, type TokenReading } from "./mapping.ts";
import { ProviderUnavailable, type KeyHeader, type KeySource } from "./provider-keys.ts";
import { TokenFault } from "./token-fault.ts";
import { ALGORITHMS, decodeToken, kindFault } from "./token-kind.ts";

/** One segment of a path. */
const TENANT = /^[\w-]{1,64}$/;

/**
 * Who an access token speaks for at `now`, in milliseconds: form, issuer and kind, then signature and times, then the
 * claims. `signIn`: claims of the ID token that came with it. Throws {@link ProviderUnavailable}.
 */
export async function verifyToken(
  token: string,
  keys: KeySource,
  settings: TokenReading,
  now: number,
  signIn: Payload | null = null,
): Promise<Identity | TokenFault> {
  const decoded = decodeToken(token);
  if (decoded instanceof TokenFault) return decoded;
  const issuer = issuerFor(decoded.payload, settings);
  if (decoded.payload["iss"] !== issuer)
    return new TokenFault("other issuer", decoded.payload["iss"] ?? "none");
  const payload = await verified(token, keys, now, {
    issuer,
    audience: settings.audience,
    algorithms: ALGORITHMS,
    requiredClaims: ["exp", "iat", "aud", "iss", "sub"],
    clockTolerance: CLOCK_TOLERANCE_S,
    currentDate: new Date(now),
  });
  if (payload instanceof TokenFault) return payload;
  const impossible = ["exp", "iat", "nbf"].find((name) => name in payload && timeIn(payload, name) === null);
  if (impossible !== undefined) return new TokenFault("impossible time", impossible);
  return kindFault(decoded, settings.clientId) ?? readIdentity(payload, settings, now, signIn);
}

/** The `iss` that a token must have: of its own tenant where the issuer stands for many. */
function issuerFor(payload: Payload, { issuer }: TokenReading): string {
  const template = issuerTemplate(issuer);
  const tenant = textIn(payload, "tid");
  if (template === null || tenant === null || !TENANT.test(tenant)) return issuer;
  return template.replace("{tenantid}", tenant);
}

async function verified(
  token: string,
  keys: KeySource,
  now: number,
  options: JWTVerifyOptions,
): Promise<JWTPayload | TokenFault> {
  const find = (header: KeyHeader, input: FlattenedJWSInput) => keys.find(header, input, now);
  try {
    return (await jwtVerify(token, find, options)).payload;
  } catch (error) {
    if (error instanceof ProviderUnavailable) throw error;
    if (error instanceof errors.JWKSMultipleMatchingKeys) return verifiedByAny(token, error, options);
    return faultOf(error);
  }
}

/** A token that does not say by which of several keys it is signed. */
async function verifiedByAny(
  token: string,
  keys: errors.JWKSMultipleMatchingKeys,
  options: JWTVerifyOptions,
): Promise<JWTPayload | TokenFault> {
  let last = new TokenFault("wrong signature");
  for await (const key of keys) {
    try {
      return (await jwtVerify(token, key, options)).payload;
    } catch (error) {
      const fault = faultOf(error);
      if (fault.code !== "wrong signature" && fault.code !== "unusable key") return fault;
      last = fault;
    }
  }
  return last;
}

function faultOf(error: unknown): TokenFault {
  if (error instanceof errors.JWTExpired) return new TokenFault("expired");
  if (error instanceof errors.JWTClaimValidationFailed) return claimFault(error);
  if (error instanceof errors.JWSSignatureVerificationFailed) return new TokenFault("wrong signature");
  if (error instanceof errors.JWKSNoMatchingKey) return new TokenFault("unknown key");
  if (error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid) {
    return new TokenFault("malformed token", error.message);
  }
  // What is left is of the key: too short, of another type, or not importable.
  return new TokenFault("unusable key", error instanceof Error ? error.message : null);
}

function claimFault({ claim, reason, payload }: errors.JWTClaimValidationFailed): TokenFault {
  if (reason === "missing") return new TokenFault("claim missing", claim);
  if (reason === "invalid") return new TokenFault("claim of another type", claim);
  if (claim === "aud") return new TokenFault("other audience", payload.aud);
  return claim === "nbf" ? new TokenFault("not valid yet") : new TokenFault("claim of another type", claim);
}
