import { prefixOf, readKeyId } from "./key-secret.ts";
import { refuse, type Refusal } from "./refusal.ts";

export interface ApiKeyCredential {
  readonly kind: "api_key";
  /** The key's public id. */
  readonly keyId: string;
  /** The whole key string. Never logged, stored or put in an answer. */
  readonly key: string;
}

export interface AccessTokenCredential {
  readonly kind: "access_token";
  readonly token: string;
}

export type Credential = ApiKeyCredential | AccessTokenCredential;

/** `Bearer` and a `b64token` (RFC 6750 section 2.1); two headers arrive joined by a comma, which it cannot hold. */
const BEARER = /^bearer +([\w\-.~+/]+=*)$/i;
const JWT = /^[\w-]+\.[\w-]*\.[\w-]*$/;

/** Reads the one bearer credential of a request (RFC 6750 section 2.1). */
export function readCredential(
  authorization: string | null,
  keyPrefixes: readonly string[],
): Credential | Refusal {
  if (!authorization) return refuse("credential_missing");
  const token = BEARER.exec(authorization)?.[1];
  if (token === undefined) return refuse("credential_malformed");
  if (prefixOf(token, keyPrefixes) !== null) {
    const keyId = readKeyId(token, keyPrefixes);
    return keyId === null ? refuse("api_key_invalid") : { kind: "api_key", keyId, key: token };
  }
  return JWT.test(token) ? { kind: "access_token", token } : refuse("credential_malformed");
}
