import { withoutSecrets } from "../../../core/key/key-secret.ts";

/** No text that comes from a caller is kept longer. */
const MAX_TEXT = 256;

/** Secrets go first: cut in two, one would not be found any more. */
export function cut(value: string): string {
  const safe = withoutSecrets(value);
  return safe.length <= MAX_TEXT ? safe : `${safe.slice(0, MAX_TEXT - 1)}…`;
}
