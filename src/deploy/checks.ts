import type { Environment } from "./arguments.ts";
import { bindingProblems } from "./binding-checks.ts";
import { codeProblems } from "./code-checks.ts";
import { routesOf, type Target } from "./configuration.ts";
import { datasetOf, datasetProblems } from "./dataset.ts";
import { covers, routeProblems } from "./route-checks.ts";
import { runtimeProblems } from "./runtime-checks.ts";
import { variableProblems } from "./variable-checks.ts";

/**
 * Everything that is wrong with a target as far as wrangler.toml tells, its sections for other environments included;
 * nothing is asked of anybody.
 */
export function problemsOf(target: Target, others: ReadonlyMap<Environment, Target> = new Map()): string[] {
  return [
    ...codeProblems(target),
    ...bindingProblems(target),
    ...datasetProblems(target),
    ...variableProblems(target),
    ...routeProblems(target),
    ...runtimeProblems(target),
    ...[...others].flatMap(([name, other]) => sharedProblems(target, name, other)),
  ];
}

/** What two environments have in common that each must have alone: a key of one would work in the other, or be cut there. */
function sharedProblems(target: Target, environment: Environment, other: Target): string[] {
  const common = (name: string, of: (each: Target) => readonly (string | null | undefined)[]) => {
    const theirs = new Set(of(other));
    return of(target)
      .filter((value) => value != null && theirs.has(value))
      .map((value) => `${name}: ${value} is that of ${environment}, too`);
  };
  const hosts = routesOf(other).map(({ host }) => host);
  return [
    ...common("name", ({ name }) => [name]),
    ...routesOf(target)
      .filter(({ host }) => hosts.some((theirs) => covers(theirs, host) || covers(host, theirs)))
      .map(({ host }) => `routes: ${host} is that of ${environment}, too`),
    ...common("KEY_RECORDS", (each) => each.kv_namespaces.map(({ id }) => id)),
    ...common("METRICS", (each) => [datasetOf(each)]),
    ...common("FAILURES", ({ ratelimits }) => ratelimits.map((each) => each.namespace_id)),
  ];
}
