import { errorResponse, originOf } from "../core/error-response.ts";
import { isoTime } from "../core/iso-time.ts";
import { rotatedKeyEnd } from "../core/key-record.ts";
import { setRateHeaders } from "../core/rate-window.ts";
import { refuse, type Refusal } from "../core/refusal.ts";
import type { Background } from "../core/background.ts";
import { admit } from "./admit.ts";
import { assertIdentity } from "./assert-identity.ts";
import { checkTarget } from "./check-target.ts";
import { answerPreflight, setCorsHeaders } from "./cors.ts";
import { countUsage } from "./count-usage.ts";
import { decideAccess } from "./decide-access.ts";
import type { Exchange, Gateway, Step } from "./exchange.ts";
import { forwardToOrigin } from "./forward-to-origin.ts";
import { logRequest } from "./log-request.ts";
import { matchRoute } from "./match-route.ts";
import { needsNoCredential } from "./public-operation.ts";
import { readCredential } from "./read-credential.ts";
import { recordRequest } from "./record-request.ts";
import { setServerTiming } from "./server-timing.ts";
import { discardBody } from "./unread-body.ts";

/** The steps that identify the caller: an address that keeps failing them is turned away. */
const IDENTIFY: readonly Step[] = [readCredential, admit];
/** The steps that decide what an identified caller may do, and tell the origin who it is. */
const DECIDE: readonly Step[] = [decideAccess, assertIdentity];

/**
 * The way of a request through the gateway. Its id comes first, then the steps in their order; the first that refuses
 * answers; what passes them all goes to the origin. A preflight and a public operation need no credential.
 */
export async function handle(request: Request, background: Background, gateway: Gateway): Promise<Response> {
  const x: Exchange = {
    request,
    background,
    requestId: crypto.randomUUID(),
    startedAt: Date.now(),
    address: request.headers.get("CF-Connecting-IP") ?? "",
  };
  let outcome: Response | Refusal;
  try {
    outcome =
      checkTarget(x, gateway) ??
      answerPreflight(x, gateway) ??
      (await decide(x, gateway)) ??
      (await forwardToOrigin(x, gateway));
  } catch (error) {
    outcome = refuse("internal_error", { reason: String(error) });
  }
  const response = outcome instanceof Response ? outcome : await refusalResponse(outcome, x, gateway);
  setCorsHeaders(response.headers, request, gateway);
  if (x.rate !== undefined) setRateHeaders(response.headers, x.rate, x.admittedAt ?? x.startedAt);
  const endsAt = x.key === undefined ? null : rotatedKeyEnd(x.key.record);
  if (endsAt !== null) response.headers.set("X-Portcullis-Key-Expires", isoTime(endsAt));
  const refusal = outcome instanceof Response ? null : outcome;
  countUsage(x, gateway, response.status, refusal);
  logRequest(x, response.status, refusal, gateway);
  if (gateway.config.serverTiming) setServerTiming(response.headers, x, response.status, gateway);
  if (gateway.metrics !== null) recordRequest(x, response.status, refusal, gateway, gateway.metrics);
  return response;
}

async function decide(x: Exchange, gateway: Gateway): Promise<Refusal | null> {
  // What it costs is known before it is admitted; that there is no such operation is told only afterwards.
  const unrouted = matchRoute(x, gateway);
  if (needsNoCredential(x)) return null;
  const failure = await run(IDENTIFY, x, gateway);
  if (failure !== null) return gateway.failures.answerTo(failure, x.address, Date.now());
  return unrouted ?? run(DECIDE, x, gateway);
}

/** A step that has all at hand answers at once; only one that asks somebody is waited for. */
async function run(steps: readonly Step[], x: Exchange, gateway: Gateway): Promise<Refusal | null> {
  for (const step of steps) {
    const outcome = step(x, gateway);
    const refusal = outcome instanceof Promise ? await outcome : outcome;
    if (refusal !== null) return refusal;
  }
  return null;
}

/** A refusal as an answer, once the client is done with sending and so can read it. */
async function refusalResponse(refusal: Refusal, x: Exchange, gateway: Gateway): Promise<Response> {
  await discardBody(x.request);
  return errorResponse(refusal, {
    requestId: x.requestId,
    publicOrigin: gateway.config.publicOrigin ?? originOf(x.request.url),
    protectedOrigin: originOf(x.request.url),
    head: x.request.method === "HEAD",
  });
}
