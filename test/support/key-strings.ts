import { crc32 } from "node:zlib";

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const CHECKSUM_LENGTH = 6;
const SECRET_LENGTH = 32;

/** The key with the id of one key and the secret of another, its checksum right. */
export function swapSecret(key: string, other: string): string {
  return withChecksum(
    key.slice(0, -(SECRET_LENGTH + CHECKSUM_LENGTH)) +
      other.slice(-(SECRET_LENGTH + CHECKSUM_LENGTH), -CHECKSUM_LENGTH),
  );
}

/** A well-formed key of the right prefix that was never issued. */
export function unknownKey(n: number): string {
  return withChecksum(`fkc_${String(n).padStart(12, "0")}${"s".repeat(SECRET_LENGTH)}`);
}

/** The key with one letter of its secret mistyped. */
export function mistyped(key: string): string {
  return key.slice(0, 20) + (key[20] === "x" ? "y" : "x") + key.slice(21);
}

/** Appends CRC-32 in base62, as the contract describes a key. */
function withChecksum(body: string): string {
  let rest = crc32(body);
  let checksum = "";
  while (checksum.length < CHECKSUM_LENGTH) {
    checksum = ALPHABET.charAt(rest % 62) + checksum;
    rest = Math.floor(rest / 62);
  }
  return body + checksum;
}
