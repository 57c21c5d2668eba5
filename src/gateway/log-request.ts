import type { Refusal } from "../core/refusal.ts";
import type { Exchange, Gateway } from "./exchange.ts";

/**
 * Writes the one log line of a request, as JSON. It names the operation and never the path, and holds no secret. It is
 * built by hand: to serialise an object of twenty members costs a tenth of a request. Of `REQUEST_LOG`, refusals are
 * written always but with a share only that share of the rest.
 */
export function logRequest(x: Exchange, status: number, refusal: Refusal | null, gateway: Gateway): void {
  if (refusal === null && status < 500 && !isChosen(gateway.config.requestLog)) return;
  console.log(lineOf(x, status, refusal, orgOf(x, gateway), Date.now()));
}

function isChosen(share: number): boolean {
  return share === 1 || (share > 0 && Math.random() < share);
}

/** The organisation that a request is about, also when it was refused before its key's record was looked at. */
export function orgOf({ key, token, keyId }: Exchange, { admission }: Gateway): string | undefined {
  const known = key?.record.orgId ?? token?.claims.orgId;
  return known ?? (keyId === undefined ? undefined : admission.orgOf(keyId));
}

function lineOf(
  x: Exchange,
  status: number,
  refusal: Refusal | null,
  orgId: string | undefined,
  now: number,
): string {
  const { startedAt, forwardedAt } = x;
  let line = `{"time":"${new Date(startedAt).toISOString()}","requestId":"${x.requestId}"`;
  if (x.keyId !== undefined) line += `,"keyId":"${x.keyId}"`;
  if (x.token !== undefined) line += text("tokenId", x.token.claims.id);
  if (orgId !== undefined) line += text("orgId", orgId);
  line += text("method", x.request.method);
  if (x.operation !== undefined) line += text("operation", x.operation.id);
  line += `,"status":${status}`;
  if (refusal !== null) {
    line += `,"code":"${refusal.code}"`;
    if (refusal.reason !== undefined) line += text("reason", refusal.reason);
  }
  line += text("address", x.address);
  if (x.admission !== undefined) line += `,"admission":"${x.admission}"`;
  line += `,"ms":{"total":${now - startedAt},"decide":${(forwardedAt ?? now) - startedAt}`;
  if (forwardedAt !== undefined) line += `,"origin":${(x.answeredAt ?? now) - forwardedAt}`;
  return `${line}}}`;
}

/** Plain letters need no escapes; anything else is left to JSON. */
const PLAIN = /^[\w .:/{}()*~+,;=@&$!-]*$/;

function text(name: string, value: string): string {
  return `,"${name}":${PLAIN.test(value) ? `"${value}"` : JSON.stringify(value)}`;
}
