import { compileAccess } from "../core/access/access.ts";
import { pathPart } from "../core/policy/path-template.ts";
import { loadPolicy, type Operation, type PolicyTable } from "../core/policy/route-policy.ts";
import { isRefusal } from "../core/refusal.ts";
import { formatScope, type Scope } from "../core/policy/scope.ts";

/** A request to try the demo key with, and the scopes that the key has. */
export interface DemoCall {
  readonly scopes: readonly string[];
  readonly method: string;
  /** With made-up values for parameters; `null` where the key can call nothing. */
  readonly path: string | null;
}

const EVERYTHING: readonly Scope[] = [
  { action: "read", resource: "*" },
  { action: "write", resource: "*" },
];

/**
 * Scopes for the demo key, and a call that shows them: a read, preferably of a path without parameters. A key for an API
 * that can only be written to may write.
 */
export function demoCall(table: PolicyTable, isSample: boolean): DemoCall {
  if (isSample) return { scopes: ["vault:read"], method: "GET", path: "/v1/vaults" };
  const { operations } = loadPolicy(table);
  const [reading, writing] = EVERYTHING;
  for (const scopes of [[reading], [reading, writing]]) {
    const held = scopes.filter((scope) => scope !== undefined);
    const callable = operations.filter((operation) => isCallable(operation, held));
    const best = callable.toSorted((a, b) => effort(a) - effort(b))[0];
    if (best === undefined) continue;
    return { scopes: held.map(formatScope), method: best.method, path: exampleOf(best.template) };
  }
  return { scopes: ["*:read"], method: "GET", path: null };
}

function isCallable(operation: Operation, scopes: readonly Scope[]): boolean {
  if (operation.security.length === 0 || operation.origin !== null) return false;
  const access = compileAccess({ scopes, vaults: "*", ownerVaults: "*" });
  const params = Object.fromEntries(operation.accessParams.map((name) => [name, "1"]));
  return !isRefusal(access.decide(operation, params));
}

function effort({ method, template, deprecation }: Operation): number {
  const parameters = template.split("{").length - 1;
  return (method === "GET" ? 0 : 100) + parameters * 10 + (deprecation === null ? 0 : 1);
}

function exampleOf(template: string): string {
  return pathPart(template).replaceAll(/\{[^{}]*\}/g, "1");
}
