import { logText } from "../core/http/log-text.ts";
import type { Gateway } from "./gateway.ts";
import { decidingKey, identityOf, judgementOf, operationOf, type Finished, type Reached } from "./stages.ts";

/**
 * Writes the one log line of a request, as JSON. It names the operation and never the path, and holds no secret. It is
 * built by hand: to serialise an object of twenty members costs a tenth of a request. Of `REQUEST_LOG`, refusals are
 * written always but with a share only that share of the rest.
 */
export function logRequest(finished: Finished, gateway: Gateway): void {
  const { status, refusal } = finished;
  if (refusal === null && status < 500 && !isChosen(gateway.config.requestLog)) return;
  console.log(lineOf(finished, orgOf(finished.at, gateway), Date.now()));
}

function isChosen(share: number): boolean {
  return share === 1 || (share > 0 && Math.random() < share);
}

/** The organisation that a request is about, also when it was refused before its key's record was looked at. */
export function orgOf(at: Reached, { admission }: Gateway): string | undefined {
  const identity = identityOf(at);
  if (identity === null) return undefined;
  const known = decidingKey(judgementOf(at))?.record.orgId ?? identity.token?.claims.orgId;
  return known ?? admission.orgOf(identity.keyId);
}

function lineOf({ at, arrived, status, refusal }: Finished, orgId: string | undefined, now: number): string {
  const { startedAt, requestId, request, address } = arrived;
  const identity = identityOf(at);
  const operation = operationOf(at);
  const judged = judgementOf(at);
  let line = `{"time":"${new Date(startedAt).toISOString()}","requestId":"${requestId}"`;
  if (identity !== null) {
    line += `,"keyId":"${identity.keyId}"`;
    if (identity.token !== null) line += text("tokenId", identity.token.claims.id);
  }
  if (orgId !== undefined) line += text("orgId", orgId);
  line += text("method", request.method);
  if (operation !== null) line += text("operation", operation.id);
  line += `,"status":${status}`;
  if (refusal !== null) {
    line += `,"code":"${refusal.code}"`;
    if (refusal.reason !== undefined) line += text("reason", logText(refusal.reason));
  }
  line += text("address", address);
  if (judged !== null) line += `,"admission":"${judged.decided.source}"`;
  return `${line},"ms":{${times(at, startedAt, now)}}}`;
}

/** How long everything took, the decision, and the origin. */
function times(at: Reached, startedAt: number, now: number): string {
  const total = `"total":${now - startedAt}`;
  if (at.stage !== "forwarded") return `${total},"decide":${now - startedAt}`;
  const { forwardedAt, answeredAt } = at;
  return `${total},"decide":${forwardedAt - startedAt},"origin":${(answeredAt ?? now) - forwardedAt}`;
}

/** Plain letters need no escapes; anything else is left to JSON. */
const PLAIN = /^[\w .:/{}()*~+,;=@&$!-]*$/;

function text(name: string, value: string): string {
  return `,"${name}":${PLAIN.test(value) ? `"${value}"` : JSON.stringify(value)}`;
}
