import { withoutSecrets } from "../core/key/key-secret.ts";

/** Whether the text holds more of a key or a token than is safe to show. */
export function holdsSecret(text: string): boolean {
  return text !== withoutSecrets(text);
}
