/** The schema of an object's storage, and the code that may use it. */
export interface StoredSchema {
  readonly version: number;
  /** The earliest schema whose code loses and misreads nothing here. Missing: `version` itself. */
  readonly readableFrom?: number | undefined;
}

/**
 * Refuses storage that later code has written and that this code, whose schema is `known`, may not use. It throws, so that
 * the object does not open and its callers fail closed.
 */
export function requireReadable(object: string, stored: StoredSchema, known: number): void {
  const { version, readableFrom = version } = stored;
  if (known >= version || known >= readableFrom) return;
  throw new Error(
    `The storage of this ${object} has schema ${version}, which code from schema ${readableFrom} on can use; this code has ${known}. Deploy a later version`,
  );
}

/** The messages of the runtime and of {@link requireReadable}. Across RPC only the text of an error arrives. */
const OTHER_VERSION = /does not implement the method|code from schema \d+ on can use/;

/** Whether an object could not be asked because it, or what it has stored, is of another version than the asking code. */
export function isOfOtherVersion(error: unknown): boolean {
  return OTHER_VERSION.test(String(error));
}
