import { callName } from "../core/calls.ts";
import type { Operation } from "../core/route-policy.ts";
import type { HeldKey } from "../state/held-key.ts";
import type { Exchange, Gateway } from "./exchange.ts";

/** Counts what may go on, for whoever asks what an edit of the key would have refused. It refuses nothing. */
export function countCall(x: Exchange, gateway: Gateway): null {
  const name = callName(x.operation as Operation, x.params ?? {}, x.address);
  const now = x.admittedAt ?? x.startedAt;
  gateway.leases.countCall(x.held as HeldKey, name, now, x.address, x.background);
  return null;
}
