import type { Key } from "../../api-types/keys.ts";
import type { Operation } from "../../core/policy/operation.ts";
import { pathPart } from "../../core/policy/path-template.ts";
import { effectiveAccessOf, type ReachableOperation } from "../../core/access/effective-access.ts";

/** A call that a key lets through, to begin with. */
export interface FirstCall {
  readonly method: string;
  /** The path, with `{…}` where a value is left to fill in. */
  readonly path: string;
  /** Whether it can be made as it is and changes nothing. */
  readonly isReady: boolean;
}

/** The simplest call that the key lets through; `null` where it lets none through. */
export function firstCallOf({ scopes, vaults }: Key, operations: readonly Operation[]): FirstCall | null {
  const reach = effectiveAccessOf({ scopes, vaults, ownerVaults: "*" }, operations);
  const calls = reach.operations.filter(({ operation }) => !operation.public).map(callOf);
  return calls.find(({ isReady }) => isReady) ?? calls[0] ?? null;
}

function callOf({ operation, on }: ReachableOperation): FirstCall {
  const values = Array.isArray(on) ? (on[0] as readonly string[]) : [];
  let path = pathPart(operation.template);
  for (const [i, name] of operation.accessParams.entries()) {
    const value = values[i];
    if (value) path = path.replace(`{${name}}`, value);
  }
  return { method: operation.method, path, isReady: operation.method === "GET" && !path.includes("{") };
}
