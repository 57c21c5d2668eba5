/** Base64url in its one canonical spelling (RFC 4648 section 3.5): other bits in the last letter change no byte. */
const SEGMENT = "(?:[\\w-]{4})*(?:[\\w-]{2}[AEIMQUYcgkosw048]|[\\w-][AQgw])?";
const TOKEN = new RegExp(`^${SEGMENT}\\.${SEGMENT}\\.${SEGMENT}$`);

/** Whether a text is spelt as a signed JWT (RFC 7515 section 7.1) that no other text decodes to the same bytes as. */
export function isCanonicalJwt(text: string): boolean {
  return TOKEN.test(text);
}
