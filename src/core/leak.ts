import { withoutSecrets } from "./key-secret.ts";
import type { RevocationStatus } from "./revocation.ts";

/** Where a key was found by somebody who should not have it. None of it holds a key. */
export interface Leak {
  /** Who found it, and in what kind of place. */
  readonly source: string;
  /** The http or https URL of the place, if it was told. */
  readonly url: string | null;
  /** What the finder takes it for. */
  readonly type: string | null;
}

const MAX_TEXT = 200;
export const MAX_LEAK_URL = 2048;

/** A leak from what a report says, whatever that is: cut down to one line of plain text, with no key in it. */
export function describeLeak(source: string, url: string | null, type: string | null): Leak {
  return {
    source: plain(source),
    url: url !== null && isWebUrl(url) ? withoutSecrets(url) : null,
    type: type === null || type === "" ? null : plain(type),
  };
}

/** Whether a text is an http or https URL that is short enough to be kept. */
export function isWebUrl(text: string): boolean {
  return text.length <= MAX_LEAK_URL && /^https?:\/\/[^\p{Cc}\s]+$/iu.test(text) && URL.canParse(text);
}

/** Why a leaked key was revoked, as its owner reads it. */
export function leakReason(leak: Leak): string {
  return `Leaked: ${leak.source}`;
}

/** What the finder of a token is told of it. */
export type LeakLabel = "true_positive" | "false_positive";

/**
 * A key that cannot be confirmed as dead yet counts as real: its checksum is right, which chance hits once in four
 * thousand million times, and it is retried until its guard has answered.
 */
export function leakLabel(status: RevocationStatus): LeakLabel {
  return status === "not_found" ? "false_positive" : "true_positive";
}

function plain(text: string): string {
  return withoutSecrets(text.replaceAll(/[\p{Cc}\s]+/gu, " ").trim()).slice(0, MAX_TEXT);
}
