import { withoutSecrets } from "../key/key-secret.ts";

/** Letters of a text that a log line holds: a caller may have a part in it, and could fill the log otherwise. */
const MAX_LENGTH = 256;
/** No key or token that begins within what is kept is cut before it is looked for. */
const MAX_LOOKED_AT = 8 * MAX_LENGTH;

/** A text for the log: of a bounded length, every key and token in it cut to its public part. */
export function logText(text: string): string {
  return withoutSecrets(text.slice(0, MAX_LOOKED_AT)).slice(0, MAX_LENGTH).toWellFormed();
}
