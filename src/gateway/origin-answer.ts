import { barredFromClient, namedByConnection } from "../core/http/header-policy.ts";
import { refuse, type Refusal, type Result } from "../core/refusal.ts";

/** `Retry-After` in seconds, when the origin has sent none. */
export const ORIGIN_RETRY_AFTER_S = 1;
/** An origin that names a longer time than this many seconds is not believed. */
const MAX_RETRY_AFTER_S = 24 * 60 * 60;

/** How each of the three forms of a date begins (RFC 9110 section 5.6.7). */
const HTTP_DATE = /^(?:Mon|Tues?|Wed(?:nes)?|Thu(?:rs)?|Fri|Sat(?:ur)?|Sun)(?:day)?,? /;
const JSON_TYPE = /^[\w.+-]+\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i;

/**
 * What the client gets of the origin's answer: the answer itself without the headers that never pass, or a refusal
 * where the origin failed or has nothing to show. The body is not touched, so that the runtime streams it by itself.
 */
export function answerToClient(origin: Response): Result<Response> {
  const refusal = refusalFor(origin);
  if (refusal !== null) {
    origin.body?.cancel().catch(() => {});
    return refusal;
  }
  const answer = new Response(origin.body, origin);
  for (const name of origin.headers.keys()) if (barredFromClient(name)) answer.headers.delete(name);
  const connection = origin.headers.get("Connection");
  if (connection !== null) for (const name of namedByConnection(connection)) answer.headers.delete(name);
  if (!answer.headers.has("Cache-Control")) answer.headers.set("Cache-Control", "private, no-store");
  return answer;
}

function refusalFor(origin: Response): Refusal | null {
  const { status } = origin;
  if (status < 200 && origin.webSocket === null) return failed(origin);
  if (status < 400) return null;
  const isJson = JSON_TYPE.test(origin.headers.get("Content-Type") ?? "");
  if (status === 404 && !isJson) return refuse("not_found", { reason: "the origin answered 404" });
  if (status < 500) return null;
  if (status === 502 || status === 503) return unavailable("origin_unavailable", origin);
  if (status === 504) return unavailable("origin_timeout", origin);
  return status > 599 || !isJson ? failed(origin) : null;
}

function failed(origin: Response): Refusal {
  return refuse("internal_error", { reason: `the origin answered ${origin.status}` });
}

function unavailable(code: "origin_unavailable" | "origin_timeout", origin: Response): Refusal {
  const seconds = secondsUntil(origin.headers.get("Retry-After") ?? "", Date.now());
  return refuse(code, {
    retryAfter: seconds >= 1 && seconds <= MAX_RETRY_AFTER_S ? seconds : ORIGIN_RETRY_AFTER_S,
    reason: `the origin answered ${origin.status}`,
  });
}

/** The refusal once nothing has moved for this time. */
export function originTimeout(timeoutMs: number): Refusal {
  const reason = `the origin was silent for ${timeoutMs} ms`;
  return refuse("origin_timeout", { retryAfter: ORIGIN_RETRY_AFTER_S, reason });
}

/** The seconds that a `Retry-After` tells or its date is away (RFC 9110 section 10.2.3); `NaN` if it is neither. */
function secondsUntil(retryAfter: string, now: number): number {
  if (/^\d+$/.test(retryAfter)) return Number(retryAfter);
  return HTTP_DATE.test(retryAfter) ? Math.ceil((Date.parse(retryAfter) - now) / 1000) : Number.NaN;
}
