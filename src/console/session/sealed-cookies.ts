import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { EncryptJWT, errors, jwtDecrypt, type JWTPayload } from "jose";
import type { ConsoleContext } from "../context.ts";
import type { CookieKeyRing } from "./cookie-key-ring.ts";

/** A cookie names a key that there is not: anybody may have made it up. */
class NoSuchKey extends errors.JOSEError {}

/**
 * Cookies that only the deployment can read and write (JWE, `dir` with A256GCM). What was sealed under one name does not
 * open under another.
 */
export class SealedCookies {
  readonly #keys: CookieKeyRing;

  constructor(keys: CookieKeyRing) {
    this.#keys = keys;
  }

  /** What the cookie holds, or `null` when there is none or it was not sealed here. */
  async read(c: ConsoleContext, name: string): Promise<JWTPayload | null> {
    const sealed = getCookie(c, prefixOf(c) + name);
    if (!sealed) return null;
    try {
      const { payload } = await jwtDecrypt(
        sealed,
        async ({ kid = "" }) => {
          const key = await this.#keys.find(kid, Date.now());
          if (key === null) throw new NoSuchKey();
          return key.secret;
        },
        {
          audience: name,
          keyManagementAlgorithms: ["dir"],
          contentEncryptionAlgorithms: ["A256GCM"],
        },
      );
      return payload;
    } catch (error) {
      if (error instanceof errors.JOSEError) return null;
      throw error;
    }
  }

  /** Sets the cookie, for `maxAgeS` seconds or else until the browser ends. */
  async write(c: ConsoleContext, name: string, payload: JWTPayload, maxAgeS?: number): Promise<void> {
    const key = await this.#keys.newest(Date.now());
    const jwt = new EncryptJWT(payload)
      .setProtectedHeader({ alg: "dir", enc: "A256GCM", kid: key.id })
      .setAudience(name);
    if (maxAgeS !== undefined) jwt.setExpirationTime(`${maxAgeS}s`);
    const sealed = await jwt.encrypt(key.secret);
    setCookie(c, prefixOf(c) + name, sealed, { ...attributes(c), ...(maxAgeS && { maxAge: maxAgeS }) });
  }

  /** The names of cookies that begin like this, in the browser's order: the oldest first (RFC 6265 section 5.4). */
  names(c: ConsoleContext, beginning: string): string[] {
    const prefix = prefixOf(c);
    return Object.keys(getCookie(c))
      .filter((name) => name.startsWith(prefix + beginning))
      .map((name) => name.slice(prefix.length));
  }

  /** Removes the cookie. */
  clear(c: ConsoleContext, name: string): void {
    const own = prefixOf(c) + name;
    if (own in getCookie(c)) deleteCookie(c, own, attributes(c));
  }
}

/** Where there is TLS, `__Host-` keeps other hosts and plain HTTP from setting the cookie (RFC 6265bis 4.1.3.2). */
function prefixOf(c: ConsoleContext): string {
  return isSecure(c) ? "__Host-" : "";
}

function isSecure(c: ConsoleContext): boolean {
  return c.req.url.startsWith("https:");
}

/** Lax, so that the cookie comes along when the identity provider leads back. */
function attributes(c: ConsoleContext) {
  return { path: "/", httpOnly: true, sameSite: "Lax", secure: isSecure(c) } as const;
}
