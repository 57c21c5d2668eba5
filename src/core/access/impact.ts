/** What an edit of a key would have done to the calls that were made with it. */

import { compileAccess, type Allowed } from "./access.ts";
import { namedIds } from "./named-values.ts";
import { OTHERS, readCallName, type Call, type CallCounts } from "../usage/calls.ts";
import { compileAllowlist } from "../key/ip-allowlist.ts";
import { keyStatus, type KeyRecord } from "../key/key-record.ts";
import type { Operation } from "../policy/operation.ts";
import { isRefusal } from "../refusal.ts";
import { fillTemplate } from "../policy/resource-types.ts";
import type { PathParams } from "../policy/route-table.ts";

/** Why the edited key would refuse a call, in the order in which the gateway finds out. */
export const REASONS = ["disabled", "expired", "address", "scope", "vault"] as const;
type Reason = (typeof REASONS)[number];

/** Refused calls that are alike. */
interface RefusedCalls {
  /** The operation's id. */
  readonly operation: string;
  /** As a typed path; `null` where the operation is about none. */
  readonly resource: string | null;
  /** The client's address; empty where it was not known. */
  readonly address: string;
  readonly calls: number;
}

export interface Impact {
  readonly calls: number;
  /** How many of those the edited key would have refused. */
  readonly wouldRefuse: number;
  /** How many the key as it is refuses by now, as the edited key would. */
  readonly refusedAlready: number;
  /** How many calls of a list would have shown less of it. */
  readonly wouldSeeLess: number;
  /** Calls that cannot be judged: not recorded one by one, or of an operation that the API no longer has. */
  readonly unknown: number;
  /** The most frequent first. */
  readonly byReason: readonly { readonly reason: Reason; readonly calls: number }[];
  /** The most frequent refused calls. */
  readonly examples: readonly RefusedCalls[];
}

const MAX_EXAMPLES = 5;

/** What would become of a call. `refused already`: by the key as it is, and by the edited one, too. */
type Fate = Reason | "sees less" | "same" | "refused already" | "unknown";

/**
 * Judges calls by a key before and after an edit, at `now` (milliseconds since the epoch), as the gateway does. Calls that
 * the key refuses already are not counted against the edit. That the key is disabled or expired at present does not count
 * as refusing: it may be in use again tomorrow.
 */
export function impactOf(
  calls: CallCounts,
  { before, after }: { readonly before: KeyRecord; readonly after: KeyRecord },
  operations: ReadonlyMap<string, Operation>,
  now: number,
): Impact {
  const judge = judgeOf(before, after, now);
  const byFate = new Map<Fate, number>();
  const refused: RefusedCalls[] = [];
  for (const [name, count] of calls) {
    const call = readCallName(name);
    const operation = operations.get(call.operationId);
    const fate = judge(name, call, operation);
    byFate.set(fate, (byFate.get(fate) ?? 0) + count);
    if (operation !== undefined && isReason(fate)) refused.push(describe(call, operation, count));
  }
  const byReason = REASONS.map((reason) => ({ reason, calls: byFate.get(reason) ?? 0 }));
  return {
    calls: sum(byFate.values()),
    wouldRefuse: sum(byReason.map((entry) => entry.calls)),
    refusedAlready: byFate.get("refused already") ?? 0,
    wouldSeeLess: byFate.get("sees less") ?? 0,
    unknown: byFate.get("unknown") ?? 0,
    byReason: byReason.filter((entry) => entry.calls > 0).toSorted((a, b) => b.calls - a.calls),
    examples: refused.toSorted((a, b) => b.calls - a.calls).slice(0, MAX_EXAMPLES),
  };
}

/** What several edits would have done together. */
export function sumImpacts(impacts: readonly Impact[]): Impact {
  const total = (field: "calls" | "wouldRefuse" | "refusedAlready" | "wouldSeeLess" | "unknown") =>
    sum(impacts.map((impact) => impact[field]));
  const byReason = REASONS.map((reason) => ({
    reason,
    calls: sum(
      impacts.flatMap((impact) => impact.byReason.filter((each) => each.reason === reason)).map(callsOf),
    ),
  }));
  return {
    calls: total("calls"),
    wouldRefuse: total("wouldRefuse"),
    refusedAlready: total("refusedAlready"),
    wouldSeeLess: total("wouldSeeLess"),
    unknown: total("unknown"),
    byReason: byReason.filter(({ calls }) => calls > 0).toSorted((a, b) => b.calls - a.calls),
    examples: impacts
      .flatMap(({ examples }) => examples)
      .toSorted((a, b) => b.calls - a.calls)
      .slice(0, MAX_EXAMPLES),
  };
}

function callsOf({ calls }: { readonly calls: number }): number {
  return calls;
}

function judgeOf(before: KeyRecord, after: KeyRecord, now: number) {
  const end = endOf(before, after, now);
  const [was, is] = [compile(before), compile(after)];
  const scopesAlone = compileAccess({ ...after, vaults: "*", ownerVaults: "*" });
  const named = namedIds(before.scopes, was.access);

  return (name: string, call: Call, operation: Operation | undefined): Fate => {
    if (name === OTHERS) return end ?? "unknown";
    const params = operation && paramsOf(call, operation);
    if (!params) return "unknown";
    const allowed = was.access.decide(operation, params);
    const decision = is.access.decide(operation, params);
    if (!was.allowsAddress(call.address) || isRefusal(allowed)) {
      const isStillRefused = end !== null || !is.allowsAddress(call.address) || isRefusal(decision);
      return isStillRefused ? "refused already" : "same";
    }
    if (end !== null) return end;
    if (!is.allowsAddress(call.address)) return "address";
    if (!isRefusal(decision)) return seesLess(allowed, decision, named) ? "sees less" : "same";
    return isRefusal(scopesAlone.decide(operation, params)) ? "scope" : "vault";
  };
}

function compile(key: KeyRecord) {
  return { allowsAddress: compileAllowlist(key.allowedIps), access: compileAccess(key) };
}

/** How the edit ends the use of an active key; `null` when it does not. */
function endOf(before: KeyRecord, after: KeyRecord, now: number): "disabled" | "expired" | null {
  const status = keyStatus(after, now);
  const ended = status === "disabled" || status === "expired";
  return ended && keyStatus(before, now) === "active" ? status : null;
}

/** A key that does not see every item of a list sees none but those that it names. */
function seesLess(before: Allowed, after: Allowed, named: readonly string[]): boolean {
  const [was, is] = [before.visible, after.visible];
  if (is === null) return false;
  return was === null || named.some((id) => was(id) && !is(id));
}

/** The values of the operation's access parameters, unless the API's document has changed since the call. */
function paramsOf({ values }: Call, { accessParams }: Operation): PathParams | null {
  if (values.length !== accessParams.length) return null;
  return Object.fromEntries(accessParams.map((name, i) => [name, values[i] ?? ""]));
}

function describe(call: Call, operation: Operation, calls: number): RefusedCalls {
  const { id, resource } = operation;
  const filled = resource && fillTemplate(resource, paramsOf(call, operation) ?? {}).join("/");
  return { operation: id, resource: filled, address: call.address, calls };
}

function isReason(fate: Fate): fate is Reason {
  return REASONS.some((reason) => reason === fate);
}

function sum(numbers: Iterable<number>): number {
  return [...numbers].reduce((total, n) => total + n, 0);
}
