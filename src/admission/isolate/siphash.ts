/** A 64-bit digest in two halves. */
export interface Digest {
  readonly high: number;
  readonly low: number;
}

/** The two 64-bit halves of a key of 128 bits, each in two words of 32. */
export interface DigestKey {
  readonly k0l: number;
  readonly k0h: number;
  readonly k1l: number;
  readonly k1h: number;
}

export function drawDigestKey(): DigestKey {
  const [k0l = 0, k0h = 0, k1l = 0, k1h = 0] = crypto.getRandomValues(new Int32Array(4));
  return { k0l, k0h, k1l, k1h };
}

/** Rounds for each word of the text, and at the end. */
const WORD_ROUNDS = 2;
const LAST_ROUNDS = 4;

/**
 * SipHash-2-4 (Aumasson and Bernstein, 2012) of a text of Latin-1 letters under a key. It is written out on halves of
 * 64-bit numbers, without objects: it runs for every request.
 */
export function siphash(key: DigestKey, text: string): Digest {
  const { length } = text;
  const { k0l, k0h, k1l, k1h } = key;
  let v0h = k0h ^ 0x736f6d65;
  let v0l = k0l ^ 0x70736575;
  let v1h = k1h ^ 0x646f7261;
  let v1l = k1l ^ 0x6e646f6d;
  let v2h = k0h ^ 0x6c796765;
  let v2l = k0l ^ 0x6e657261;
  let v3h = k1h ^ 0x74656462;
  let v3l = k1l ^ 0x79746573;
  for (let at = 0; ; at += 8) {
    const isLast = at > length;
    // The last word of the text ends in its length; what follows it is the end.
    const low = isLast ? 0 : half(text, at);
    const high = isLast ? 0 : half(text, at + 4) | (at + 8 > length ? length << 24 : 0);
    if (isLast) v2l ^= 0xff;
    v3h ^= high;
    v3l ^= low;
    for (let round = isLast ? LAST_ROUNDS : WORD_ROUNDS; round > 0; round--) {
      let sum = (v0l + v1l) | 0;
      v0h = (v0h + v1h + carry(v0l, v1l, sum)) | 0;
      v0l = sum;
      let rotated = (v1h << 13) | (v1l >>> 19);
      v1l = ((v1l << 13) | (v1h >>> 19)) ^ v0l;
      v1h = rotated ^ v0h;
      const v0 = v0h;
      v0h = v0l;
      v0l = v0;

      sum = (v2l + v3l) | 0;
      v2h = (v2h + v3h + carry(v2l, v3l, sum)) | 0;
      v2l = sum;
      rotated = (v3h << 16) | (v3l >>> 16);
      v3l = ((v3l << 16) | (v3h >>> 16)) ^ v2l;
      v3h = rotated ^ v2h;

      sum = (v0l + v3l) | 0;
      v0h = (v0h + v3h + carry(v0l, v3l, sum)) | 0;
      v0l = sum;
      rotated = (v3h << 21) | (v3l >>> 11);
      v3l = ((v3l << 21) | (v3h >>> 11)) ^ v0l;
      v3h = rotated ^ v0h;

      sum = (v2l + v1l) | 0;
      v2h = (v2h + v1h + carry(v2l, v1l, sum)) | 0;
      v2l = sum;
      rotated = (v1h << 17) | (v1l >>> 15);
      v1l = ((v1l << 17) | (v1h >>> 15)) ^ v2l;
      v1h = rotated ^ v2h;
      const v2 = v2h;
      v2h = v2l;
      v2l = v2;
    }
    if (isLast) break;
    v0h ^= high;
    v0l ^= low;
  }
  return { high: (v0h ^ v1h ^ v2h ^ v3h) >>> 0, low: (v0l ^ v1l ^ v2l ^ v3l) >>> 0 };
}

/** Whether the sum of the lower halves of two numbers went over. */
function carry(a: number, b: number, sum: number): number {
  return ((a & b) | ((a | b) & ~sum)) >>> 31;
}

/** Four letters of a text, the first one lowest; zeros beyond its end. */
function half(text: string, at: number): number {
  if (at + 4 <= text.length) {
    return (
      text.charCodeAt(at) |
      (text.charCodeAt(at + 1) << 8) |
      (text.charCodeAt(at + 2) << 16) |
      (text.charCodeAt(at + 3) << 24)
    );
  }
  let word = 0;
  for (let i = text.length - 1; i >= at; i--) word = (word << 8) | text.charCodeAt(i);
  return word;
}
