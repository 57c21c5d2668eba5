import type { KeyRecord, VaultSet } from "../key/key-record.ts";
import { formatScope } from "../policy/scope.ts";

/**
 * The headers by which the origin learns who calls. Lists are separated by spaces; bytes that a header cannot carry,
 * spaces within a value and `%` are percent-encoded as UTF-8.
 */
export function identityHeaders(
  key: Pick<KeyRecord, "id" | "orgId" | "ownerId" | "scopes">,
  effectiveVaults: VaultSet,
): readonly (readonly [string, string])[] {
  const vaults = effectiveVaults === "*" ? ["*"] : effectiveVaults;
  return [
    ["X-Portcullis-Key-Id", key.id],
    ["X-Portcullis-Org-Id", headerSafe(key.orgId)],
    ["X-Portcullis-Owner-Id", headerSafe(key.ownerId)],
    ["X-Portcullis-Scopes", key.scopes.map((scope) => headerSafe(formatScope(scope))).join(" ")],
    ["X-Portcullis-Vaults", vaults.map(headerSafe).join(" ")],
  ];
}

/** The same as claims of a JWT: the key is its subject, scopes are a list separated by spaces (RFC 8693 section 4.2). */
export function identityClaims(
  key: Pick<KeyRecord, "id" | "orgId" | "ownerId" | "scopes">,
  effectiveVaults: VaultSet,
): Readonly<Record<string, unknown>> {
  return {
    sub: key.id,
    org_id: key.orgId,
    owner_id: key.ownerId,
    scope: key.scopes.map(formatScope).join(" "),
    vaults: effectiveVaults === "*" ? ["*"] : effectiveVaults,
  };
}

function headerSafe(text: string): string {
  return text.replace(/[^\x21-\x24\x26-\x7e]+/gu, (part) => encodeURIComponent(part.toWellFormed()));
}
