import { errors, type FlattenedJWSInput } from "jose";
import { issuerTemplate } from "../../core/identity/settings.ts";
import { verifySignature } from "../../core/token/verify-signature.ts";
import { readTimes, type TimeFault } from "../../core/token-times.ts";
import { textIn, valuesIn, type Payload } from "./claims.ts";
import { readIdentity, type Identity, type TokenReading } from "./mapping.ts";
import { ProviderUnavailable, type KeyHeader, type KeySource } from "./provider-keys.ts";
import { TokenFault } from "./token-fault.ts";
import { decodeToken, kindFault } from "./token-kind.ts";

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
  const fault = (await signatureFault(token, keys, now)) ?? claimsFault(decoded.payload, settings);
  if (fault !== null) return fault;
  const times = readTimes(decoded.payload, now);
  if ("fault" in times) return timeFault(times);
  return (
    kindFault(decoded, settings.clientId) ??
    readIdentity(decoded.payload, times.issuedAt, settings, now, signIn)
  );
}

/**
 * The claims of an ID token as the console takes it (OpenID Connect Core 1.0 section 3.1.3.7), or why it does not. Throws
 * {@link ProviderUnavailable}.
 */
export async function verifyIdToken(
  token: string,
  keys: KeySource,
  settings: TokenReading,
  now: number,
): Promise<Payload | TokenFault> {
  const decoded = decodeToken(token);
  if (decoded instanceof TokenFault) return decoded;
  const { payload } = decoded;
  if (payload["iss"] !== issuerFor(payload, settings)) {
    return new TokenFault("other issuer", payload["iss"] ?? "none");
  }
  const fault =
    (await signatureFault(token, keys, now)) ?? claimsFault(payload, { audience: settings.clientId });
  if (fault !== null) return fault;
  const parties = valuesIn(payload, "aud").length > 1 ? (payload["azp"] ?? "no azp") : settings.clientId;
  if (parties !== settings.clientId) return new TokenFault("other audience", parties);
  const times = readTimes(payload, now);
  return "fault" in times ? timeFault(times) : payload;
}

/** The `iss` that a token must have: of its own tenant where the issuer stands for many. */
function issuerFor(payload: Payload, { issuer }: TokenReading): string {
  const template = issuerTemplate(issuer);
  const tenant = textIn(payload, "tid");
  if (template === null || tenant === null || !TENANT.test(tenant)) return issuer;
  return template.replace("{tenantid}", tenant);
}

/** `null` where the provider has signed the token. */
async function signatureFault(token: string, keys: KeySource, now: number): Promise<TokenFault | null> {
  const find = (header: KeyHeader, input: FlattenedJWSInput) => keys.find(header, input, now);
  try {
    await verifySignature(token, find);
    return null;
  } catch (error) {
    if (error instanceof ProviderUnavailable) throw error;
    return faultOf(error);
  }
}

function faultOf(error: unknown): TokenFault {
  if (error instanceof errors.JWSSignatureVerificationFailed) return new TokenFault("wrong signature");
  if (error instanceof errors.JWKSNoMatchingKey) return new TokenFault("unknown key");
  if (error instanceof errors.JWSInvalid) return new TokenFault("malformed token", error.message);
  // What is left is of the key: too short, of another type, or not importable.
  return new TokenFault("unusable key", error instanceof Error ? error.message : null);
}

/** Claims that a token must have whatever the settings (RFC 9068 section 2.2); its issuer and times are checked apart. */
function claimsFault(payload: Payload, { audience }: Pick<TokenReading, "audience">): TokenFault | null {
  const missing = ["aud", "sub"].find((name) => (payload[name] ?? null) === null);
  if (missing !== undefined) return new TokenFault("claim missing", missing);
  return valuesIn(payload, "aud").includes(audience)
    ? null
    : new TokenFault("other audience", payload["aud"]);
}

function timeFault({ fault, claim }: TimeFault): TokenFault {
  const isClear = fault === "expired" || fault === "not valid yet" || fault === "issued in the future";
  return new TokenFault(fault, isClear ? null : claim);
}
