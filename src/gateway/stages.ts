import type { Presented } from "../admission/isolate/admission.ts";
import type { Outcome } from "../admission/isolate/outcome.ts";
import type { Background } from "../core/background.ts";
import type { Caller } from "../core/access/caller.ts";
import type { CompiledKey } from "../core/access/compiled-key.ts";
import type { Match, Operation } from "../core/policy/route-policy.ts";
import type { PathParams } from "../core/policy/route-table.ts";
import { isRefusal, type Refusal, type Result } from "../core/refusal.ts";
import type { VerifiedToken } from "../state/access-tokens.ts";
import type { OriginConfig } from "./forwarding.ts";

/*
 * The stages of a request on its way through the gateway. Each step takes one and gives the next, which refers to those
 * before it: what is known by then is in its type. Moments are milliseconds since the epoch.
 */

/** A request with its id. */
export interface Arrived {
  readonly stage: "arrived";
  readonly request: Request;
  readonly background: Background;
  readonly requestId: string;
  readonly startedAt: number;
  /** The client's address, as Cloudflare gives it; empty when it gives none. */
  readonly address: string;
}

/** An operation of the API, and how this request names it. */
export interface Route {
  /** The raw path and query that were matched. */
  readonly path: string;
  readonly query: string;
  readonly operation: Operation;
  readonly params: PathParams;
  /** Operations that the request could be as well: it must be allowed as each of them. */
  readonly also: readonly Match[];
  /** Where the operation is served; `null` when `ORIGINS` does not name its servers. */
  readonly origin: OriginConfig | null;
}

/** Step 6, which comes first since an operation has a cost; a client that is not admitted does not learn of a refusal. */
export interface Routed {
  readonly stage: "routed";
  readonly arrived: Arrived;
  readonly route: Result<Route>;
}

/** Step 2: the request presents a key, or a token of it. */
export interface Identified {
  readonly stage: "identified";
  readonly routed: Routed;
  readonly keyId: string;
  readonly presented: Presented;
  readonly token: VerifiedToken | null;
}

/** Steps 3 to 5 have come to a decision, at this moment. */
export interface Judged<Decided extends Outcome = Outcome> {
  readonly stage: "judged";
  readonly identified: Identified;
  readonly decided: Decided;
  readonly at: number;
}

export type Admitted = Judged<Extract<Outcome, { kind: "admitted" }>>;

/** Step 7: the caller may do what the operation does. */
export interface Authorized {
  readonly admitted: Admitted;
  readonly route: Route;
  /** The key or the token, by the version of the key that this request is decided by. */
  readonly caller: Caller;
  /** Which items of a list the credential may see; `null` for all. */
  readonly visible: ((id: string) => boolean) | null;
}

/** A request that may go to the origin. */
export interface Departing {
  readonly from: Routed | Admitted;
  readonly route: Route;
  /** The caller; `null` for a public operation, whose credential is not looked at. */
  readonly authorized: Authorized | null;
  /** The signed form of who calls; `null` for none. */
  readonly assertion: string | null;
}

/** Step 8: the origin was asked. */
interface Forwarded {
  readonly stage: "forwarded";
  /** Public operations are not admitted. */
  readonly from: Routed | Admitted;
  readonly route: Route;
  readonly forwardedAt: number;
  /** When its headers had come, or it was clear that none would; `null` after a fault of the gateway. */
  readonly answeredAt: number | null;
}

/** How far a request came. */
export type Reached = Arrived | Routed | Identified | Judged | Forwarded;

/** A step that ends a request: with a refusal, or an answer of the gateway's own. */
export interface Ended<Told extends Result<Response> = Result<Response>> {
  readonly stage: "ended";
  readonly at: Reached;
  readonly outcome: Told;
}

export type Refused = Ended<Refusal>;

/** What became of a request. */
export interface Finished {
  readonly at: Reached;
  readonly arrived: Arrived;
  readonly status: number;
  /** `null` for an answer of the origin, or of the gateway to a preflight. */
  readonly refusal: Refusal | null;
}

export function end<Told extends Result<Response>>(at: Reached, outcome: Told): Ended<Told> {
  return { stage: "ended", at, outcome };
}

export function arrivalOf(reached: Reached): Arrived {
  return reached.stage === "arrived" ? reached : routedOf(reached).arrived;
}

function routedOf(reached: Exclude<Reached, Arrived>): Routed {
  switch (reached.stage) {
    case "routed":
      return reached;
    case "identified":
      return reached.routed;
    case "judged":
      return reached.identified.routed;
    case "forwarded":
      return routedOf(reached.from);
  }
}

/** The operation that a request is for; `null` when it is none's or was refused before. */
export function operationOf(reached: Reached): Operation | null {
  if (reached.stage === "arrived") return null;
  const { route } = routedOf(reached);
  return isRefusal(route) ? null : route.operation;
}

/** What was presented; `null` when nothing was, or nothing that names a key. */
export function identityOf(reached: Reached): Identified | null {
  return reached.stage === "identified" ? reached : (judgementOf(reached)?.identified ?? null);
}

/** How admission was decided; `null` when it was not asked. */
export function judgementOf(reached: Reached): Judged | null {
  const at = reached.stage === "forwarded" ? reached.from : reached;
  return at.stage === "judged" ? at : null;
}

export function forwardingOf(reached: Reached): Forwarded | null {
  return reached.stage === "forwarded" ? reached : null;
}

/** The version of the key by which a request was decided; `null` where no record was held of it. */
export function decidingKey(judged: Judged | null): CompiledKey | null {
  return judged === null || judged.decided.kind === "unavailable" ? null : judged.decided.key;
}
