import { errorResponse, originOf } from "../core/http/error-response.ts";
import { isoTime } from "../core/iso-time.ts";
import { rotatedKeyEnd } from "../core/key/key-record.ts";
import { setRateHeaders } from "../core/key/rate-window.ts";
import type { Refusal } from "../core/refusal.ts";
import { setCorsHeaders } from "./cors.ts";
import { countUsage } from "./count-usage.ts";
import type { Gateway } from "./gateway.ts";
import { logRequest } from "./log-request.ts";
import { recordRequest } from "./record-request.ts";
import { setServerTiming } from "./server-timing.ts";
import {
  arrivalOf,
  decidingKey,
  end,
  judgementOf,
  type Arrived,
  type Ended,
  type Finished,
  type Refused,
} from "./stages.ts";
import { discardBody } from "./unread-body.ts";

/** Answers a request with the gateway's own headers, and records it: log line, data point, usage. */
export function answer({ at, outcome }: Ended, gateway: Gateway): Response | Promise<Response> {
  const arrived = arrivalOf(at);
  if (outcome instanceof Response) {
    return finish(outcome, { at, arrived, status: outcome.status, refusal: null }, gateway);
  }
  const { request } = arrived;
  const refuse = (): Response => {
    const response = refusalAnswer(outcome, arrived, gateway);
    return finish(response, { at, arrived, status: response.status, refusal: outcome }, gateway);
  };
  // The client can read it once it is done with sending.
  return request.body === null ? refuse() : discardBody(request).then(refuse);
}

/** Answers a request that was refused by the steps that identify its caller: an address that keeps failing is blocked. */
export async function answerFailure({ at, outcome }: Refused, gateway: Gateway): Promise<Response> {
  const { address } = arrivalOf(at);
  return answer(end(at, await gateway.failures.answerTo(outcome, address, Date.now())), gateway);
}

function refusalAnswer(refusal: Refusal, { request, requestId }: Arrived, { config }: Gateway): Response {
  const origin = originOf(request.url);
  return errorResponse(refusal, {
    requestId,
    publicOrigin: config.publicOrigin ?? origin,
    protectedOrigin: origin,
    head: request.method === "HEAD",
  });
}

function finish(response: Response, finished: Finished, gateway: Gateway): Response {
  const { at, arrived } = finished;
  const { headers } = response;
  setCorsHeaders(headers, arrived.request, gateway);
  const judged = judgementOf(at);
  if (judged !== null) {
    if (judged.decided.rate !== null) setRateHeaders(headers, judged.decided.rate, judged.at);
    const key = decidingKey(judged);
    const endsAt = key === null ? null : rotatedKeyEnd(key.record);
    if (endsAt !== null) headers.set("X-Portcullis-Key-Expires", isoTime(endsAt));
  }
  countUsage(finished, gateway);
  logRequest(finished, gateway);
  if (gateway.config.serverTiming) setServerTiming(headers, finished, gateway);
  if (gateway.metrics !== null) recordRequest(finished, gateway, gateway.metrics);
  return response;
}
