import { compactVerify, errors, type CompactVerifyGetKey } from "jose";

/** Asymmetric signatures only: with an HMAC the published key would be the secret. */
export const SIGNATURE_ALGORITHMS = [
  "ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "EdDSA", "Ed25519",
]; // prettier-ignore

const OPTIONS = { algorithms: SIGNATURE_ALGORITHMS };

/**
 * Verifies the signature of a token that may not say by which of several keys it is signed, as while a provider changes them
 * (RFC 7515 section 4.1.4). Throws what jose throws when none of them has signed it.
 */
export async function verifySignature(token: string, keys: CompactVerifyGetKey): Promise<void> {
  try {
    await compactVerify(token, keys, OPTIONS);
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    await verifyByAny(token, error);
  }
}

async function verifyByAny(token: string, keys: errors.JWKSMultipleMatchingKeys): Promise<void> {
  let last: unknown = keys;
  for await (const key of keys) {
    try {
      await compactVerify(token, key, OPTIONS);
      return;
    } catch (error) {
      last = error;
    }
  }
  throw last;
}
