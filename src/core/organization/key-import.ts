import type { KeyDraft } from "./managed-key.ts";

/** A key that was made elsewhere, as a line of an import names it. */
export interface KeyImport {
  /** SHA-256 of the whole key string, lower-case hex. */
  readonly hash: string;
  /** What is shown of the key. */
  readonly keyPrefix: string;
  readonly draft: KeyDraft & { readonly ownerId: string };
  /** SHA-256 of the line, lower-case hex, by which the same line is recognised. */
  readonly line: string;
}

/** What became of a line. */
export type ImportResult =
  | { readonly status: "imported" | "unchanged"; readonly keyId: string; readonly error: null }
  | { readonly status: "refused"; readonly keyId: string | null; readonly error: string };

export function importRefused(error: string, keyId: string | null = null): ImportResult {
  return { status: "refused", keyId, error };
}
