import { callName } from "../core/calls.ts";
import { canonicalPath } from "../core/canonical-path.ts";
import type { ExpectedCall } from "../core/lease.ts";
import type { Operation } from "../core/policy/route-policy.ts";
import type { CompiledKey } from "../state/compiled-key.ts";
import type { HeldKey } from "../state/held-key.ts";
import { callerOf } from "./decide-access.ts";
import type { Exchange, Gateway } from "./exchange.ts";

/**
 * What the request is going to be if it is admitted and its key has not changed; `null` when it will be refused. A guard
 * that is asked for admission counts it along, which saves a key that is rarely used a second question for that alone.
 */
export function expectCall(x: Exchange, { policy }: Gateway): ExpectedCall | null {
  const path = canonicalPath(x.request.url)?.path;
  const match = path === undefined ? null : policy.match(x.request.method, path);
  if (match?.kind !== "operation") return null;
  const { operation, params, also } = match;
  const key = x.key as CompiledKey;
  const { access } = callerOf(x, key);
  const refused = [match, ...also].some((each) => "code" in access.decide(each.operation, each.params));
  const { version } = key.record;
  x.toldCall = refused ? null : { name: callName(operation, params, x.address), version };
  return x.toldCall;
}

/** Counts what may go on, for whoever asks what an edit of the key would have refused. It refuses nothing. */
export function countCall(x: Exchange, gateway: Gateway): null {
  const name = callName(x.operation as Operation, x.params ?? {}, x.address);
  const { version } = (x.key as CompiledKey).record;
  const told = x.toldCall?.name === name && x.toldCall.version === version;
  if (x.admission === "guard" && told) return null;
  const now = x.admittedAt ?? x.startedAt;
  gateway.leases.countCall(x.held as HeldKey, name, now, x.address, x.background);
  return null;
}
