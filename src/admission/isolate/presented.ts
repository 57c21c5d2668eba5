import type { AccessToken } from "../../core/token/access-token.ts";
import type { CompiledKey } from "../../core/access/compiled-key.ts";
import { sameHash } from "../../core/key/key-secret.ts";
import { standingRefusal } from "../../core/key/key-standing.ts";
import { refuse, type Refusal } from "../../core/refusal.ts";
import { isDenied } from "../../core/token/token-denials.ts";
import type { Presented } from "./admission.ts";
import type { CredentialMemory } from "./credential-memory.ts";
import type { KeyFact } from "./key-facts.ts";

const KEY_INVALID = refuse("api_key_invalid");
const KEY_REVOKED = refuse("api_key_revoked");
// The signature has been verified: only what the token was made from is gone, or has revoked it.
const TOKEN_INVALID = {
  noKey: refuse("access_token_invalid", { secretShown: true, reason: "its key does not exist" }),
  otherKey: refuse("access_token_invalid", {
    secretShown: true,
    reason: "its key is another organisation's",
  }),
  revoked: refuse("access_token_invalid", { secretShown: true, reason: "the token was revoked" }),
};
const TOKEN_EXPIRED = refuse("access_token_expired");
const WRONG_ADDRESS = refuse("ip_not_allowed");

/** A key that a request presented from an address. */
export class PresentedKey implements Presented {
  readonly absent = KEY_INVALID;
  readonly keyId: string;
  readonly hasOwnGuard: boolean;
  readonly #key: string;
  readonly #address: string;
  readonly #memory: CredentialMemory;
  /** The hash that the key was found to have, or not to have. */
  #checked: Uint8Array | null = null;
  #isRight = false;

  constructor(
    { keyId, key }: { readonly keyId: string; readonly key: string },
    address: string,
    memory: CredentialMemory,
    isImported = false,
  ) {
    this.keyId = keyId;
    this.hasOwnGuard = isImported;
    this.#key = key;
    this.#address = address;
    this.#memory = memory;
  }

  refusalByFact({ hash, isRevoked }: KeyFact): Refusal | null {
    if (!this.#isOf(hash)) return KEY_INVALID;
    return isRevoked ? KEY_REVOKED : null;
  }

  /** Steps 3 and 4. Only a caller with the right secret learns a key's status. */
  refusalOf(held: CompiledKey): Refusal | null {
    if (!this.#isOf(held.hash)) return KEY_INVALID;
    return recordRefusal(held, this.#address);
  }

  #isOf(hash: Uint8Array): boolean {
    if (this.#checked === null || !sameHash(this.#checked, hash)) {
      this.#checked = hash;
      this.#isRight = this.#memory.verifies(this.keyId, this.#key, hash);
    }
    return this.#isRight;
  }
}

/** An access token that a request presented from an address; its signature is verified. */
export class PresentedToken implements Presented {
  readonly absent = TOKEN_INVALID.noKey;
  readonly hasOwnGuard = false;
  readonly keyId: string;
  readonly #claims: AccessToken;
  readonly #address: string;

  constructor(claims: AccessToken, address: string) {
    this.keyId = claims.keyId;
    this.#claims = claims;
    this.#address = address;
  }

  refusalByFact({ orgId, isRevoked }: KeyFact): Refusal | null {
    if (orgId !== this.#claims.orgId) return TOKEN_INVALID.otherKey;
    return isRevoked ? KEY_REVOKED : null;
  }

  refusalOf(held: CompiledKey): Refusal | null {
    const claims = this.#claims;
    if (claims.orgId !== held.record.orgId) return TOKEN_INVALID.otherKey;
    if (isDenied(held.denials, claims)) return TOKEN_INVALID.revoked;
    return claims.expiresAt <= Date.now() ? TOKEN_EXPIRED : recordRefusal(held, this.#address);
  }
}

function recordRefusal(held: CompiledKey, address: string): Refusal | null {
  return standingRefusal(held.record, Date.now()) ?? (held.allowsAddress(address) ? null : WRONG_ADDRESS);
}
