import { Buffer } from "node:buffer";
import { ACCESS_TOKEN_TYPE, ASSERTION_TYPE, organizationOfKid } from "../token/access-token.ts";
import { holdsKey } from "../key/key-secret.ts";

/** Longest header of a JWT of ours, in base64url letters. */
const MAX_HEADER_LENGTH = 1024;
/** How many places of one text are tried for the beginning of a header. */
const MAX_STARTS = 4;
const TYPE = /"typ"\s*:\s*"([^"\\]*)"/;
const KEY_ID = /"kid"\s*:\s*"([^"\\]*)"/;
/** How every JWT begins: `{"` in base64url. */
const JWT_START = "eyJ";

/**
 * Whether a URL holds a credential of ours, as it is or percent-encoded once: a whole key of one of these prefixes, or a
 * JWT that was made by the gateway, as its header says. Whether either is still good makes no difference.
 */
export function holdsCredential(url: string, prefixes: readonly string[]): boolean {
  if (holdsPlainly(url, prefixes)) return true;
  return url.includes("%") && holdsPlainly(decodeOnce(url), prefixes);
}

/** Whether a URL holds a text, as it is or percent-encoded once. */
export function holdsText(url: string, text: string): boolean {
  return url.includes(text) || (url.includes("%") && decodeOnce(url).includes(text));
}

function holdsPlainly(text: string, prefixes: readonly string[]): boolean {
  return holdsKey(text, prefixes) || (text.includes(JWT_START) && holdsJwt(text));
}

/** Looks at each stretch of a text that could be a JWT: three parts at least, joined by dots. */
function holdsJwt(text: string): boolean {
  return text.split(/[^\w.-]+/).some((stretch) => {
    const parts = stretch.split(".");
    return parts.some((part, i) => i + 2 < parts.length && endsInHeader(part));
  });
}

/** Whether a text ends in the header of a JWT of ours (RFC 7515 section 4.1); something may be written before it. */
function endsInHeader(text: string): boolean {
  let start = text.indexOf(JWT_START, Math.max(0, text.length - MAX_HEADER_LENGTH));
  for (let tried = 0; start !== -1 && tried < MAX_STARTS; tried++) {
    if (isOurHeader(text.slice(start))) return true;
    start = text.indexOf(JWT_START, start + 1);
  }
  return false;
}

/** Looks only for members that the gateway writes: a JSON parser would take long to give up on look-alikes. */
function isOurHeader(encoded: string): boolean {
  const header = Buffer.from(encoded, "base64url").toString("latin1");
  const type = TYPE.exec(header)?.[1];
  if (type !== ACCESS_TOKEN_TYPE) return type === ASSERTION_TYPE;
  return organizationOfKid(KEY_ID.exec(header)?.[1] ?? "") !== null;
}

/** Byte by byte: a credential is ASCII, so other bytes end it. */
function decodeOnce(text: string): string {
  return text.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
