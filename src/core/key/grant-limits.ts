import type { VaultSet } from "./key-record.ts";
import { formatScope, type Scope } from "../policy/scope.ts";

/**
 * What a key or a token may carry at most. The origin gets it in headers, and in the assertion once more; many servers
 * take no more than 16 KiB of headers.
 */
export const MAX_SCOPES = 50;
export const MAX_VAULTS = 200;
/** Letters of all scopes, or of all vault ids, written one after the other. */
const MAX_SCOPES_LENGTH = 1500;
const MAX_VAULTS_LENGTH = 3000;

/** Why scopes are too many or too long, as a sentence; `null` if they can be carried. */
export function scopesTooMany(scopes: readonly Scope[]): string | null {
  const length = lengthOf(scopes.map(formatScope));
  if (scopes.length <= MAX_SCOPES && length <= MAX_SCOPES_LENGTH) return null;
  return `At most ${MAX_SCOPES} scopes, together of ${MAX_SCOPES_LENGTH} letters`;
}

/** The same for vaults. */
export function vaultsTooMany(vaults: VaultSet): string | null {
  if (vaults === "*" || (vaults.length <= MAX_VAULTS && lengthOf(vaults) <= MAX_VAULTS_LENGTH)) return null;
  return `At most ${MAX_VAULTS} vault ids, together of ${MAX_VAULTS_LENGTH} letters`;
}

function lengthOf(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + text.length + 1, 0);
}
