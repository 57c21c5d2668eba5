import { hidesSecret, withoutSecrets } from "../key/key-secret.ts";

/** Where a leaked key or token was found; never the key or token itself. */
export interface Leak {
  /** The finder, and the kind of place. */
  readonly source: string;
  /** The http or https URL of the place, origin and path alone, if it is known. */
  readonly url: string | null;
  /** What the finder takes it for. */
  readonly type: string | null;
}

const MAX_TEXT = 200;
/** What is kept of a text that is not safe to keep. */
const WITHHELD = "withheld";
/** What nobody sees: it would reverse a text, or hide one in another. */
const INVISIBLE = /[\p{Cf}\p{Co}\p{Cs}\p{Default_Ignorable_Code_Point}]+/gu;
export const MAX_LEAK_URL = 2048;

/** A leak from a report of any form, cut to one line of plain text without keys or tokens. */
export function describeLeak(source: string, url: string | null, type: string | null): Leak {
  return {
    source: plain(source) || WITHHELD,
    url: url === null ? null : placeOf(url),
    type: type === null ? null : plain(type) || null,
  };
}

/** A query, a fragment and a user's name and password may be secrets of any kind: they are no part of a place. */
function placeOf(url: string): string | null {
  if (!isWebUrl(url)) return null;
  const { origin, pathname } = new URL(url);
  const place = withoutSecrets(origin + pathname);
  return hidesSecret(place) ? null : place;
}

/** Whether a text is an http or https URL that is short enough to be kept. */
export function isWebUrl(text: string): boolean {
  return text.length <= MAX_LEAK_URL && /^https?:\/\/[^\p{Cc}\s]+$/iu.test(text) && URL.canParse(text);
}

/** Why a leaked key was revoked, as its owner reads it. */
export function leakReason(leak: Leak): string {
  return `Leaked: ${leak.source}`;
}

function plain(text: string): string {
  const visible = text.replaceAll(INVISIBLE, "").replaceAll(/[\p{Cc}\s]+/gu, " ");
  const line = withoutSecrets(visible.trim());
  return hidesSecret(line) ? WITHHELD : line.slice(0, MAX_TEXT).toWellFormed();
}
