import { base64url, decodeJwt } from "jose";
import { z } from "zod";
import { numericDate } from "../../core/identity/numeric-date.ts";

/** An answer of the provider's token endpoint (RFC 6749 section 5.1), as the OAuth library can read it. */
interface TokenAnswer {
  /** Of its ID token the library reads claims alone: where one was left out, the signature is of another text. */
  readonly response: Response;
  /** The ID token as the provider has signed it; `null` where none came. */
  readonly idToken: string | null;
}

/** Members that are left out where they are not what they should be: a session does without any of them. */
const OPTIONAL: Readonly<Record<string, (value: unknown) => boolean>> = {
  scope: (value) => typeof value === "string",
  refresh_token: (value) => typeof value === "string",
  expires_in: (value) => numericDate(value) !== null,
};

/**
 * Reads an answer with tokens. Some providers write `null` or an empty text for what they leave out, which means the same
 * (RFC 6749 section 3.2) and is none of the types that are looked for.
 */
export async function readTokenAnswer(response: Response): Promise<TokenAnswer> {
  if (!response.ok) return { response, idToken: null };
  const body: unknown = await response
    .clone()
    .json()
    .catch(() => null);
  const members = z.record(z.string(), z.unknown()).safeParse(body);
  if (!members.success) return { response, idToken: null };
  const stated = Object.entries(members.data).filter(
    ([name, value]) => value !== null && value !== "" && OPTIONAL[name]?.(value) !== false,
  );
  const { id_token: idToken = null, ...others } = Object.fromEntries(stated);
  const readable = idToken === null ? others : { ...others, id_token: withPlainTime(idToken) };
  return {
    response: Response.json(readable, { status: response.status }),
    idToken: typeof idToken === "string" ? idToken : null,
  };
}

/** The ID token with its `auth_time` as a number, or without it where it is no time: then a new sign-in is asked for. */
function withPlainTime(idToken: unknown): unknown {
  if (typeof idToken !== "string") return idToken;
  const claims = claimsOf(idToken);
  if (claims === null || !("auth_time" in claims)) return idToken;
  const { auth_time: given, ...others } = claims;
  const time = numericDate(given);
  if (time !== null && time === given) return idToken;
  const [header, , signature] = idToken.split(".");
  const payload = base64url.encode(JSON.stringify(time === null ? others : { ...others, auth_time: time }));
  return [header, payload, signature].join(".");
}

/** What an ID token says, unverified; `null` where it is none. */
export function claimsOf(idToken: string): Readonly<Record<string, unknown>> | null {
  try {
    return decodeJwt(idToken);
  } catch {
    return null;
  }
}
