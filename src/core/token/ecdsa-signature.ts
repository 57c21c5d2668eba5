const SEQUENCE = 0x30;
const INTEGER = 0x02;
const COORDINATE_BYTES = 32;

/**
 * An ECDSA signature over P-256 as Web Crypto takes it (IEEE P1363: `r` and `s`, 32 bytes each) from its DER form (RFC
 * 3279 section 2.2.3). `null` for anything but the one DER encoding of two positive integers that fit (X.690 section
 * 8.3): nothing after it, no padding, no negative number.
 */
export function p1363FromDer(der: Uint8Array): Uint8Array<ArrayBuffer> | null {
  // It takes 72 bytes at most, so that every length is a single byte.
  if (der[0] !== SEQUENCE || der[1] !== der.length - 2) return null;
  const r = readInteger(der, 2);
  const s = r && readInteger(der, r.end);
  if (r === null || s === null || s.end !== der.length) return null;
  const signature = new Uint8Array(2 * COORDINATE_BYTES);
  signature.set(r.value, COORDINATE_BYTES - r.value.length);
  signature.set(s.value, 2 * COORDINATE_BYTES - s.value.length);
  return signature;
}

/** The positive integer at an offset, without its leading zero byte, and the offset of its end. */
function readInteger(der: Uint8Array, at: number): { value: Uint8Array; end: number } | null {
  if (der[at] !== INTEGER) return null;
  const start = at + 2;
  const end = start + (der[at + 1] ?? 0);
  if (end === start || end > der.length) return null;
  const [first = 0, second = 0] = der.subarray(start, end);
  if (first >= 0x80 || (first === 0 && second < 0x80)) return null;
  const value = der.subarray(first === 0 ? start + 1 : start, end);
  return value.length > COORDINATE_BYTES ? null : { value, end };
}
