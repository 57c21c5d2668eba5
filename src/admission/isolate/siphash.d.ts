/** SipHash-2-4 (Aumasson and Bernstein, 2012). */
declare module "siphash" {
  /** The 64-bit digest of a text as UTF-8 under a key of four 32-bit words; `h` is the upper half. */
  export function hash(key: Uint32Array, text: string): { readonly h: number; readonly l: number };
}
