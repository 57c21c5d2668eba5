import { isImportedForm } from "./imported-key.ts";
import { prefixOf, readKeyId } from "../key/key-secret.ts";
import { refuse, type Result } from "../refusal.ts";

interface ApiKeyCredential {
  readonly kind: "api_key";
  /** The key's public id. */
  readonly keyId: string;
  /** The whole key string. Never logged, stored or put in an answer. */
  readonly key: string;
}

/** A string in the form of an imported key. */
interface ImportedKeyCredential {
  readonly kind: "imported_key";
  /** The whole key string, as above. */
  readonly key: string;
}

interface AccessTokenCredential {
  readonly kind: "access_token";
  readonly token: string;
}

type Credential = ApiKeyCredential | ImportedKeyCredential | AccessTokenCredential;

/** `Bearer` and anything visible; two headers arrive joined by a comma and a space. */
const BEARER = /^bearer +([\x21-\x7e]+)$/i;
/** RFC 6750's own `b64token` (section 2.1). */
const TOKEN = /^[\w\-.~+/]+=*$/;
const JWT = /^[\w-]+\.[\w-]*\.[\w-]*$/;

/**
 * Reads the one bearer credential of a request (RFC 6750 section 2.1). With `hasImports`, a string in the form of an
 * imported key is taken for one.
 */
export function readCredential(
  authorization: string | null,
  keyPrefixes: readonly string[],
  hasImports: boolean,
): Result<Credential> {
  if (!authorization) return refuse("credential_missing");
  const text = BEARER.exec(authorization)?.[1];
  if (text === undefined) return refuse("credential_malformed");
  if (prefixOf(text, keyPrefixes) !== null) {
    if (!TOKEN.test(text)) return refuse("credential_malformed");
    const keyId = readKeyId(text, keyPrefixes);
    return keyId === null ? refuse("api_key_invalid") : { kind: "api_key", keyId, key: text };
  }
  if (hasImports && isImportedForm(text, keyPrefixes)) return { kind: "imported_key", key: text };
  return JWT.test(text) ? { kind: "access_token", token: text } : refuse("credential_malformed");
}
