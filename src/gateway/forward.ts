import { isRefusal, refuse, type Refusal, type Result } from "../core/refusal.ts";
import { filterList } from "./filter-list.ts";
import type { Forwarding } from "./forwarding.ts";
import { answerToClient, ORIGIN_RETRY_AFTER_S, originTimeout } from "./origin-answer.ts";
import { originHeaders } from "./origin-headers.ts";
import { withIdleTimeout } from "./idle-timeout.ts";
import { discardBody } from "./unread-body.ts";
import { discardRest, openUpload, untilReceived, type Upload, type UploadWatch } from "./upload.ts";

/**
 * Keeps the platform's cache out of the way: it knows nothing of the credential, which the origin does not get to see.
 * `cache: "no-store"` says the same, but adds request headers that the client has not sent.
 */
const UNCACHED = { cacheTtl: -1, cacheLevel: "bypass" };

const BROKEN_BODY = refuse("invalid_request", {
  details: { body: "its framing is broken, or it was cut short" },
  reason: "the request's body is broken or was cut short",
});

/**
 * Sends the request to the origin and brings the answer back, with headers that the caller may still change.
 *
 * Refuses with `payload_too_large`, `invalid_request` (a body where none may be, or whose framing is broken),
 * `origin_unavailable` (unreachable, or cut before the headers), `origin_timeout` (nothing has moved for the configured
 * time), or as the answer calls for.
 */
export function forward(f: Forwarding): Promise<Result<Response>> {
  const upload = openUpload(f.request, f.config.maxBodyBytes);
  return upload === null ? answerOf(f, null) : forwardUpload(f, upload);
}

async function forwardUpload(f: Forwarding, upload: Result<Upload>): Promise<Result<Response>> {
  if (isRefusal(upload)) {
    await discardBody(f.request);
    return upload;
  }
  const answer = await answerOf(f, upload);
  if (answer instanceof Response) return untilReceived(answer, upload.watch);
  await discardRest(upload.watch);
  return answer;
}

async function answerOf(f: Forwarding, upload: Upload | null): Promise<Result<Response>> {
  const watch = upload?.watch ?? null;
  let origin: Response | null;
  try {
    origin = await withIdleTimeout(askOrigin(f, upload), f.config.originTimeoutMs, watch);
  } catch (error) {
    return failure(watch?.fault ?? null, error);
  }
  if (origin === null) return originTimeout(f.config.originTimeoutMs);
  const answer = answerToClient(origin);
  if (f.filter === null || !(answer instanceof Response)) return answer;
  return filterList(answer, f.filter, f.config.originTimeoutMs);
}

function askOrigin(f: Forwarding, upload: Upload | null): Promise<Response> {
  return fetch(f.config.originUrl + f.path + f.query, {
    method: f.request.method,
    headers: originHeaders(f),
    body: upload?.body ?? null,
    redirect: "manual",
    signal: upload?.watch.cutOff.signal ?? null,
    cf: UNCACHED,
  });
}

/** Why the origin's headers have not come. */
function failure(fault: UploadWatch["fault"], error: unknown): Refusal {
  switch (fault) {
    case "too large":
      return refuse("payload_too_large");
    case "broken":
      return BROKEN_BODY;
    case null:
      return refuse("origin_unavailable", { retryAfter: ORIGIN_RETRY_AFTER_S, reason: String(error) });
  }
}
