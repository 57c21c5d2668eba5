import { base64url, decodeJwt } from "jose";
import { z } from "zod";
import { numericDate, readTimes, type TimeFault } from "../../core/token-times.ts";
import type { Result } from "../../core/refusal.ts";
import { refuseAnswer, type AnswerRefusal } from "./provider-refusals.ts";

/** An answer of the provider's token endpoint (RFC 6749 section 5.1), as the OAuth library can read it. */
interface TokenAnswer {
  /** Of its ID token the library reads claims alone: where one was left out, the signature is of another text. */
  readonly response: Response;
  /** The ID token as the provider has signed it; `null` where none came. */
  readonly idToken: string | null;
}

/**
 * Members that are left out where they are not what they should be: a session does without any of them. A token that
 * lasts no time at all is one of which it is not said how long it lasts.
 */
const OPTIONAL: Readonly<Record<string, (value: unknown) => boolean>> = {
  scope: (value) => typeof value === "string",
  refresh_token: (value) => typeof value === "string",
  expires_in: (value) => (numericDate(value) ?? 0) > 0,
};

/**
 * Reads an answer with tokens at `now`, in milliseconds. Some providers write `null` or an empty text for what they leave
 * out, which means the same (RFC 6749 section 3.2) and is none of the types that are looked for.
 */
export async function readTokenAnswer(
  response: Response,
  now: number,
): Promise<Result<TokenAnswer, AnswerRefusal>> {
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
  const problem = typeProblem(others["token_type"]) ?? timeProblem(idToken, now);
  if (problem !== null) return problem;
  const readable = idToken === null ? others : { ...others, id_token: withPlainTimes(idToken) };
  return {
    response: Response.json(readable, { status: response.status }),
    idToken: typeof idToken === "string" ? idToken : null,
  };
}

/** Tokens of other types must not be used (RFC 6749 section 7.1); the type's letter case does not count (section 5.1). */
function typeProblem(type: unknown): AnswerRefusal | null {
  if (typeof type === "string" && type.toLowerCase() === "bearer") return null;
  const said = type === undefined ? "of no type" : `of the type ${JSON.stringify(type).slice(0, 40)}`;
  return refuseAnswer(`Its access token is ${said}, and only Bearer tokens can be used here.`);
}

function timeProblem(idToken: unknown, now: number): AnswerRefusal | null {
  const claims = claimsOf(idToken);
  const times = claims === null ? null : readTimes(claims, now);
  if (times === null || !("fault" in times)) return null;
  return refuseAnswer(`Its ID token ${SENTENCES[times.fault](times.claim)}.`);
}

/** Times that an ID token need not have. */
const OPTIONAL_TIMES = ["auth_time", "nbf"];

/**
 * The ID token with its optional times as numbers, or without those that are no times: then it counts as if it did not say
 * them.
 */
function withPlainTimes(idToken: unknown): unknown {
  const claims = claimsOf(idToken);
  if (typeof idToken !== "string" || claims === null) return idToken;
  const given = OPTIONAL_TIMES.filter((name) => name in claims);
  if (given.every((name) => typeof claims[name] === "number" && numericDate(claims[name]) !== null)) {
    return idToken;
  }
  const plain = given.map((name) => [name, numericDate(claims[name]) ?? undefined]);
  const [header, , signature] = idToken.split(".");
  const payload = base64url.encode(JSON.stringify({ ...claims, ...Object.fromEntries(plain) }));
  return [header, payload, signature].join(".");
}

const CLOCKS = "the clocks of the provider and of Portcullis differ by more than 30 seconds";
const SENTENCES: Readonly<Record<TimeFault["fault"], (claim: string) => string>> = {
  "claim missing": (claim) => `has no ${claim}`,
  "claim of another type": (claim) => `has something else than a number for its ${claim}`,
  "impossible time": (claim) => `has a time that cannot be for its ${claim}`,
  "issued in the future": () => `was issued in the future: ${CLOCKS}`,
  expired: () => `has expired already, or ${CLOCKS}`,
  "not valid yet": () => `is not valid yet, or ${CLOCKS}`,
};

/** What an ID token says, unverified; `null` where it is none. */
export function claimsOf(idToken: unknown): Readonly<Record<string, unknown>> | null {
  try {
    return typeof idToken === "string" ? decodeJwt(idToken) : null;
  } catch {
    return null;
  }
}
