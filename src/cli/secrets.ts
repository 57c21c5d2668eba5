/** Keys as they may turn up in text: `<prefix>_<id>`, then secret and checksum. Other ids are shorter. */
const KEY = /\b([a-z][a-z0-9]{0,15}_[0-9A-Za-z]{12})[0-9A-Za-z]{38,}/g;

/** The text with every key in it cut to its public part. */
export function withoutSecrets(text: string): string {
  return text.replaceAll(KEY, "$1…");
}

/** Whether the text holds more of a key than is safe to show. */
export function holdsSecret(text: string): boolean {
  return text !== withoutSecrets(text);
}
