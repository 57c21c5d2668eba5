/**
 * Calls that were let through, counted by what an edit of the key could refuse. How many different ones are told apart
 * is bounded wherever they are counted, so that no client can fill a memory or a table.
 */

import { withoutSecrets } from "../key/key-secret.ts";
import type { Operation } from "../policy/operation.ts";
import type { PathParams } from "../policy/route-table.ts";

/** The count of each call by its name; all without a name of their own are under {@link OTHERS}. */
export type CallCounts = ReadonlyMap<string, number>;

/** The name for all calls beyond the limit. */
export const OTHERS = "";

/** The most calls counted apart in one report, and in one hour of a key. */
export const MAX_NAMES = 100;
/** A longer name is not kept: ids are short, and the names of an hour are stored in one row. */
const MAX_NAME_LENGTH = 256;
/** Neither an address nor a canonical path holds one; an operation's id may, and comes last. */
const SEPARATOR = "\n";
/** A slash within a value; no canonical path holds it escaped. */
const SLASH = "%2F";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** A call as its name tells it. */
export interface Call {
  /** The client's address; empty where it was not known. */
  readonly address: string;
  /** Values of the operation's access parameters, as sent. */
  readonly values: readonly string[];
  readonly operationId: string;
}

/** The name under which a call is counted; calls that every edit treats alike share it. */
export function callName(operation: Operation, params: PathParams, address: string): string {
  let values = "";
  for (const name of operation.accessParams) values += `/${params[name]?.replaceAll("/", SLASH)}`;
  return address + SEPARATOR + values + SEPARATOR + operation.id;
}

/** Reads a name that {@link callName} has made. */
export function readCallName(name: string): Call {
  const [address = "", values = "", ...operationId] = name.split(SEPARATOR);
  const each = values.split("/").slice(1);
  return {
    address,
    values: each.map((value) => value.replaceAll(SLASH, "/")),
    operationId: operationId.join(SEPARATOR),
  };
}

/** Adds calls of a name, or to the others where there is no room for one more name or the name must not be kept. */
export function addCalls(counts: Map<string, number>, name: string, calls: number): void {
  const known = counts.get(name);
  if (known !== undefined) counts.set(name, known + calls);
  else if (counts.size < MAX_NAMES && mayBeKept(name)) counts.set(name, calls);
  else counts.set(OTHERS, (counts.get(OTHERS) ?? 0) + calls);
}

/** How long calls are kept: the last 24 hours, and an hour in which they may still be read. */
export const CALLS_KEPT_MS = DAY_MS + HOUR_MS;

/** A client may put anything in a path, its key too. */
function mayBeKept(name: string): boolean {
  return name.length <= MAX_NAME_LENGTH && withoutSecrets(name) === name;
}
