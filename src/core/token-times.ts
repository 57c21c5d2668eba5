/** The one leeway for every time that a token tells: seconds by which its issuer's clock may run ahead or behind. */
export const CLOCK_TOLERANCE_S = 30;
/** A second factor is fresh for so many seconds after the sign-in. */
export const MFA_MAX_AGE_S = 300;
/** NumericDates beyond the year 9999 are no times that anybody means. */
const MAX_TIME_S = 253_402_300_799;

/**
 * A time in seconds (RFC 7519 section 2, NumericDate), also where it is written as a text, as some providers do; `null`
 * where the value is no time that can be.
 */
export function numericDate(value: unknown): number | null {
  const time = typeof value === "string" && /^\d{1,12}$/.test(value) ? Number(value) : value;
  return typeof time === "number" && time >= 0 && time <= MAX_TIME_S ? time : null;
}

/** What is wrong with a time of a token. */
export interface TimeFault {
  readonly fault:
    | "claim missing"
    | "claim of another type"
    | "impossible time"
    | "issued in the future"
    | "expired"
    | "not valid yet";
  readonly claim: "exp" | "iat" | "nbf";
}

/**
 * When a token of the identity provider was issued, in seconds, or why it does not count at `now`, in milliseconds. Access
 * tokens and ID tokens are held to the same: `exp` and `iat` must be there and be numbers, `nbf` may be missing, and
 * is ignored where it is neither a number nor a text of one.
 */
export function readTimes(
  claims: Readonly<Record<string, unknown>>,
  now: number,
): { readonly issuedAt: number } | TimeFault {
  const { exp, iat, nbf } = claims;
  if (typeof exp !== "number") return { fault: faultOf(exp), claim: "exp" };
  if (typeof iat !== "number") return { fault: faultOf(iat), claim: "iat" };
  const impossible = (
    [
      ["exp", exp],
      ["iat", iat],
      ["nbf", nbf],
    ] as const
  ).find(([, time]) => typeof time === "number" && numericDate(time) === null);
  if (impossible !== undefined) return { fault: "impossible time", claim: impossible[0] };
  const seconds = now / 1000;
  if (exp <= seconds - CLOCK_TOLERANCE_S) return { fault: "expired", claim: "exp" };
  if (iat > seconds + CLOCK_TOLERANCE_S) return { fault: "issued in the future", claim: "iat" };
  if ((numericDate(nbf) ?? 0) > seconds + CLOCK_TOLERANCE_S) return { fault: "not valid yet", claim: "nbf" };
  return { issuedAt: iat };
}

function faultOf(time: unknown): TimeFault["fault"] {
  return time === undefined || time === null ? "claim missing" : "claim of another type";
}

/** Whether a sign-in at this time, in seconds, is recent enough at `now`, in milliseconds, for what takes a second factor. */
export function freshnessOf(authTime: number, now: number): "fresh" | "too long ago" | "in the future" {
  const age = now / 1000 - authTime;
  if (age > MFA_MAX_AGE_S) return "too long ago";
  return age >= -CLOCK_TOLERANCE_S ? "fresh" : "in the future";
}
