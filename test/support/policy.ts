import { compileDocument } from "../../src/api/compile.ts";
import { Findings, type JsonObject, type Problem } from "../../src/api/problem.ts";
import { inlinePaths } from "../../src/api/references.ts";
import { loadPolicy, type Match, type RoutePolicy } from "../../src/core/policy/route-policy.ts";
import { readJson } from "./json.ts";

/** What a document of one file compiles to, and what is said of it. */
export function compile(document: JsonObject): {
  readonly policy: RoutePolicy;
  readonly mistakes: readonly Problem[];
  readonly warnings: readonly Problem[];
} {
  const findings = new Findings();
  const table = compileDocument(inlinePaths(document, findings), findings);
  const asWritten = readJson<typeof table>(JSON.stringify(table));
  const { mistakes, warnings } = findings;
  return { policy: loadPolicy(asWritten), mistakes, warnings };
}

/** The policy of a document without mistakes. */
export function compilePolicy(document: JsonObject): RoutePolicy {
  const { policy, mistakes } = compile(document);
  const [first] = mistakes;
  if (first !== undefined) throw new Error(`${first.where}: ${first.problem}`);
  return policy;
}

/** The one operation that a request is, or `null`. */
export function matchOf(policy: RoutePolicy, method: string, path: string): Match | null {
  const match = policy.match(method, path);
  return match.kind === "operation" && match.also.length === 0 ? match : null;
}
