import { errorResponse, originOf } from "../core/error-response.ts";
import { isoTime } from "../core/iso-time.ts";
import { rotatedKeyEnd } from "../core/key-record.ts";
import { setRateHeaders } from "../core/rate-window.ts";
import { refuse, type Refusal } from "../core/refusal.ts";
import type { Background } from "../state/leases.ts";
import { admit } from "./admit.ts";
import { assertIdentity } from "./assert-identity.ts";
import { checkAddress } from "./check-address.ts";
import { checkKey } from "./check-key.ts";
import { checkTarget } from "./check-target.ts";
import { answerPreflight, setCorsHeaders } from "./cors.ts";
import { countCall } from "./count-call.ts";
import { decideAccess } from "./decide-access.ts";
import type { Exchange, Gateway, Step } from "./exchange.ts";
import { forwardToOrigin } from "./forward-to-origin.ts";
import { logRequest } from "./log-request.ts";
import { matchRoute } from "./match-route.ts";
import { readCredential } from "./read-credential.ts";
import { discardBody } from "./unread-body.ts";

/** The steps that identify the caller: an address that keeps failing them is turned away. */
const IDENTIFY: readonly Step[] = [readCredential, checkKey, checkAddress];
/** The steps that decide what an identified caller may do, count what it did, and tell the origin who it is. */
const DECIDE: readonly Step[] = [admit, matchRoute, decideAccess, countCall, assertIdentity];

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
  logRequest(x, response.status, outcome instanceof Response ? null : outcome);
  return response;
}

async function decide(x: Exchange, gateway: Gateway): Promise<Refusal | null> {
  if (gateway.isPublic(x.request)) return matchRoute(x, gateway);
  const failure = await run(IDENTIFY, x, gateway);
  return failure === null
    ? run(DECIDE, x, gateway)
    : gateway.failures.answerTo(failure, x.address, Date.now());
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
