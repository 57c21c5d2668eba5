import { keyIdOf } from "../../core/access/imported-key.ts";
import { hashKey, sameHash } from "../../core/key/key-secret.ts";
import { standingRefusal } from "../../core/key/key-standing.ts";
import { isWithdrawn } from "../../core/access/access.ts";
import { refuse, type Refusal, type Result } from "../../core/refusal.ts";
import type { CompiledKey } from "../../core/access/compiled-key.ts";
import { currentKey } from "./current-key.ts";
import type { Control } from "../context.ts";
import type { Form } from "./form.ts";
import { invalidForm, unavailable } from "./oauth-error.ts";

/** What a client presents: the key's id, and the whole key as its secret. */
export interface ClientCredentials {
  readonly keyId: string;
  readonly key: string;
}

const BASIC = /^basic +([\w+/]+=*)$/i;
const INVALID = refuse("api_key_invalid");

/**
 * Reads the client's credentials from HTTP Basic or the form (RFC 6749 section 2.3.1), one of them and not both; `null`
 * when there are none. Nothing is looked up.
 */
export function readClient(
  authorization: string | undefined,
  form: Form,
  keyPrefixes: readonly string[],
  hasImports: boolean,
): Result<ClientCredentials | null> {
  const { client_id: id, client_secret: secret } = form;
  if (authorization === undefined) {
    if (secret === undefined) return null;
    return checked(id ?? null, secret, keyPrefixes, hasImports);
  }
  if (secret !== undefined) {
    return invalidForm("The client must authenticate in one way, not in two.");
  }
  const basic = readBasic(authorization);
  if (basic === null || (id !== undefined && id !== basic.id)) return INVALID;
  return checked(basic.id, basic.secret, keyPrefixes, hasImports);
}

/** The key behind a client, which knows its secret; it may be a dead one. */
export async function identify(client: ClientCredentials, { guards }: Control): Promise<Result<CompiledKey>> {
  let key: CompiledKey | null;
  try {
    key = await currentKey(guards, client.keyId);
  } catch (error) {
    return unavailable(error);
  }
  return key !== null && sameHash(hashKey(client.key), key.hash) ? key : INVALID;
}

/** Refusal for a key that is dead, may not be used from this address, or is withdrawn; `null` if it may be used. */
export function clientRefusal(key: CompiledKey, address: string): Refusal | null {
  const refusal = standingRefusal(key.record, Date.now());
  if (refusal !== null) return refusal;
  if (!key.allowsAddress(address)) return refuse("ip_not_allowed");
  return isWithdrawn(key.record) ? refuse("access_withdrawn") : null;
}

/**
 * Both halves are form-encoded before they are joined (RFC 6749 section 2.3.1). An imported key may have a colon, which
 * some clients send as it is: only the first one ends the id (RFC 7617 section 2).
 */
function readBasic(authorization: string): { id: string; secret: string } | null {
  const encoded = BASIC.exec(authorization)?.[1];
  if (encoded === undefined) return null;
  try {
    const [id = "", ...secret] = atob(encoded).split(":");
    if (secret.length === 0) return null;
    return { id: decodeURIComponent(id), secret: decodeURIComponent(secret.join(":")) };
  } catch {
    return null;
  }
}

function checked(
  id: string | null,
  key: string,
  keyPrefixes: readonly string[],
  hasImports: boolean,
): Result<ClientCredentials> {
  const keyId = keyIdOf(key, keyPrefixes, hasImports);
  return keyId === null || id !== keyId ? INVALID : { keyId, key };
}
