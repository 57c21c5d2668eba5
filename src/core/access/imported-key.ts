import { hashKey, idOfHash, prefixOf, readKeyId } from "../key/key-secret.ts";
import { isJwt } from "../token/jwt-form.ts";

/** What the string of an imported key can be: 16 to 256 visible ASCII characters. */
const FORM = /^[\x21-\x7e]{16,256}$/;

/** Whether a text can be the string of an imported key: it has the form, and is neither a key of ours nor a JWT. */
export function isImportedForm(text: string, keyPrefixes: readonly string[]): boolean {
  return FORM.test(text) && prefixOf(text, keyPrefixes) === null && !isJwt(text);
}

/** The public id of an imported key, from its string. */
function importedKeyId(key: string): string {
  return idOfHash(hashKey(key));
}

/**
 * The public id of the key that a text is: one of ours with a right checksum, or, where keys have been imported, one that
 * has the form of those. `null` for what is no key. Needs no look-up.
 */
export function keyIdOf(text: string, keyPrefixes: readonly string[], hasImports: boolean): string | null {
  const own = readKeyId(text, keyPrefixes);
  if (own !== null) return own;
  return hasImports && isImportedForm(text, keyPrefixes) ? importedKeyId(text) : null;
}
