import { Buffer } from "node:buffer";

/** Base64url in its one canonical spelling (RFC 4648 section 3.5): other bits in the last letter change no byte. */
const SEGMENT = "(?:[\\w-]{4})*(?:[\\w-]{2}[AEIMQUYcgkosw048]|[\\w-][AQgw])?";
const TOKEN = new RegExp(`^${SEGMENT}\\.${SEGMENT}\\.${SEGMENT}$`);

/** Whether a text is spelt as a signed JWT (RFC 7515 section 7.1) that no other text decodes to the same bytes as. */
export function isCanonicalJwt(text: string): boolean {
  return TOKEN.test(text);
}

/**
 * Whether a text is a JWT, signed (three parts) or encrypted (five): its first part is a JSON object in base64url
 * (RFC 7519 section 7.2). Other texts may have as many dots.
 */
export function isJwt(text: string): boolean {
  const [header = "", ...others] = text.split(".");
  return (others.length === 2 || others.length === 4) && /^[\w-]+$/.test(header) && isJsonObject(header);
}

function isJsonObject(encoded: string): boolean {
  try {
    const value: unknown = JSON.parse(Buffer.from(encoded, "base64url").toString());
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
