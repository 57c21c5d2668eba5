import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";
import { createHash, timingSafeEqual } from "node:crypto";
import { crc32 } from "node:zlib";

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const ID_LENGTH = 12;
/** The first letters of an id name the group of keys that one guard serves. */
const GROUP_LENGTH = 5;
const SECRET_LENGTH = 32;
const CHECKSUM_LENGTH = 6;
const BODY = new RegExp(`^[0-9A-Za-z]{${ID_LENGTH + SECRET_LENGTH + CHECKSUM_LENGTH}}$`);
/** The largest multiple of 62 that fits a byte: bytes from here on would favour the first letters. */
const UNBIASED_BYTES = 248;

/**
 * A key string in the midst of a text, of whatever prefix, its checksum right or wrong. It is found by the underscore:
 * an expression that could begin at every letter would take the square of the text's length.
 */
const KEY_IN_TEXT = new RegExp(
  `(?<=[a-z0-9])_([0-9A-Za-z]{${ID_LENGTH}})[0-9A-Za-z]{${SECRET_LENGTH + CHECKSUM_LENGTH}}`,
  "g",
);

/** Stretches that can hold a JWT: base64url letters and dots. */
const DOTTED_TEXT = /[\w.-]+/g;
/** How the header of every JWT begins: the base64url of `{"`. */
const JWT_START = "eyJ";
const MIN_JWT_PART = 8;

/** What may stand between the letters of a secret that is broken into pieces; `…` is where a secret was cut. */
const NO_LETTERS = /[^\x21-\x7e…]+/g;
/** A text that is encoded more often than this hides something. */
const MAX_DECODINGS = 16;

/** The public id of a key. */
export const KEY_ID = new RegExp(`^key_[0-9A-Za-z]{${ID_LENGTH}}$`);

/** A key as it is shown to its owner, once. */
export interface NewKey {
  /** The whole key string; the only copy. */
  readonly key: string;
  /** `key_<id>`, public. */
  readonly id: string;
  /** `<prefix>_<id>`, safe to show and log. */
  readonly keyPrefix: string;
  /** What is kept: SHA-256 of the whole key string, lower-case hex. */
  readonly hash: string;
}

/** Draws the name of a group of keys: 5 letters of `0-9A-Za-z`. */
export function drawGroup(): string {
  return randomLetters(GROUP_LENGTH);
}

/** Generates a key of a group: `<prefix>_`, an id of 12 and a secret of 32 letters of `0-9A-Za-z`, and a checksum of 6. */
export function generateKey(prefix: string, group = drawGroup()): NewKey {
  const id = group + randomLetters(ID_LENGTH - GROUP_LENGTH);
  const body = `${prefix}_${id}${randomLetters(SECRET_LENGTH)}`;
  const key = body + checksum(body);
  return { key, id: `key_${id}`, keyPrefix: `${prefix}_${id}`, hash: bytesToHex(hashKey(key)) };
}

/** The prefix of these that a text begins with, with the underscore that ends it; `null` if it is none of them. */
export function prefixOf(text: string, prefixes: readonly string[]): string | null {
  return prefixes.find((prefix) => text[prefix.length] === "_" && text.startsWith(prefix)) ?? null;
}

/** The public id of a well-formed key string of one of these prefixes with a right checksum, else `null`. Needs no look-up. */
export function readKeyId(key: string, prefixes: readonly string[]): string | null {
  const prefix = prefixOf(key, prefixes);
  if (prefix === null || !BODY.test(key.slice(prefix.length + 1))) return null;
  const end = key.length - CHECKSUM_LENGTH;
  if (checksum(key.slice(0, end)) !== key.slice(end)) return null;
  return `key_${key.slice(prefix.length + 1, prefix.length + 1 + ID_LENGTH)}`;
}

/** Whether the text holds a whole key: a key string of one of these prefixes with a right checksum, wherever in it. */
export function holdsKey(text: string, prefixes: readonly string[]): boolean {
  return prefixes.some((prefix) => holdsKeyOf(text, prefix));
}

function holdsKeyOf(text: string, prefix: string): boolean {
  const start = `${prefix}_`;
  const length = start.length + ID_LENGTH + SECRET_LENGTH + CHECKSUM_LENGTH;
  for (let at = text.indexOf(start); at !== -1; at = text.indexOf(start, at + 1)) {
    if (readKeyId(text.slice(at, at + length), [prefix]) !== null) return true;
  }
  return false;
}

/** The text with every key string and every JWT in it cut to its public part. */
export function withoutSecrets(text: string): string {
  const withoutKeys = text.replaceAll(KEY_IN_TEXT, "_$1…");
  return withoutKeys.includes(JWT_START) ? withoutKeys.replaceAll(DOTTED_TEXT, withoutJwts) : withoutKeys;
}

/** Cuts down every signed JWT (RFC 7519 section 3.1), its signature right or wrong, in one pass over the parts between dots. */
function withoutJwts(text: string): string {
  const parts = text.split(".");
  const kept: string[] = [];
  for (let i = 0; i < parts.length; i++) {
    const [header = "", payload = "", signature = ""] = parts.slice(i, i + 3);
    const start = header.indexOf(JWT_START);
    const isJwt =
      start !== -1 &&
      header.length - start >= JWT_START.length + MIN_JWT_PART &&
      payload.length >= MIN_JWT_PART &&
      signature !== "";
    kept.push(isJwt ? `${header.slice(0, start)}${JWT_START}…` : header);
    if (isJwt) i += 2;
  }
  return kept.join(".");
}

/** Whether a text holds a key string or a JWT that is percent-encoded, however often, or broken into pieces. */
export function hidesSecret(text: string): boolean {
  let letters = text.replaceAll(NO_LETTERS, "");
  for (let i = 0; i < MAX_DECODINGS; i++) {
    if (withoutSecrets(letters) !== letters) return true;
    const decoded = letters.replaceAll(/%([0-9a-f]{2})/gi, decodeOctet).replaceAll(NO_LETTERS, "");
    if (decoded === letters) return false;
    letters = decoded;
  }
  return true;
}

/** Byte by byte: a secret is ASCII, so other bytes end it. */
function decodeOctet(_: string, hex: string): string {
  return String.fromCharCode(Number.parseInt(hex, 16));
}

/** SHA-256 of the whole key string: 32 bytes. */
export function hashKey(key: string): Uint8Array {
  return createHash("sha256").update(key).digest();
}

/**
 * The public id of an imported key, from the SHA-256 of its string: its first 128 bits in base62, of which 12 letters
 * are kept. The record's whole hash is compared all the same, so that a string of the same id opens nothing.
 */
export function idOfHash(hash: Uint8Array): string {
  let rest = BigInt(`0x${bytesToHex(hash.subarray(0, 16))}`);
  let letters = "";
  while (letters.length < ID_LENGTH) {
    letters += ALPHABET.charAt(Number(rest % 62n));
    rest /= 62n;
  }
  return `key_${letters}`;
}

/** The bytes of a stored hash. */
export function readHash(hex: string): Uint8Array {
  return hexToBytes(hex);
}

/** Compares two SHA-256 digests in constant time. */
export function sameHash(a: Uint8Array, b: Uint8Array): boolean {
  return timingSafeEqual(a, b);
}

/** CRC-32 (ISO 3309) of the text in base62, most significant letter first, zero-padded to 6. */
function checksum(text: string): string {
  let rest = crc32(text);
  let letters = "";
  for (let i = 0; i < CHECKSUM_LENGTH; i++) {
    letters = ALPHABET.charAt(rest % 62) + letters;
    rest = Math.floor(rest / 62);
  }
  return letters;
}

function randomLetters(length: number): string {
  let letters = "";
  while (letters.length < length) {
    for (const byte of crypto.getRandomValues(new Uint8Array(length))) {
      if (byte < UNBIASED_BYTES && letters.length < length) letters += ALPHABET.charAt(byte % 62);
    }
  }
  return letters;
}
