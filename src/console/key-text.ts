/** Shorter texts are no keys. */
const MIN_LENGTH = 24;
/** What is no key, however long: ids of ours and of providers, the beginnings of keys, addresses. */
const NO_KEYS =
  /^((key|svc)_\w+|[a-z0-9]+_[0-9A-Za-z]{12}…?|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[^\s@]+@\S+)$/i;

/** Whether a text may be a whole key, so that it is looked for by its hash and never stands in an address. */
export function looksLikeKey(text: string): boolean {
  const letters = text.trim();
  if (letters.length < MIN_LENGTH || /\s/.test(letters) || NO_KEYS.test(letters)) return false;
  return /\d/.test(letters) && /[A-Za-z]/.test(letters);
}
