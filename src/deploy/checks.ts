import type { Environment } from "./arguments.ts";
import { routesOf, type Target } from "./configuration.ts";
import { datasetOf, datasetProblems } from "./dataset.ts";
import { isGivenId } from "./placeholder.ts";
import { routeProblems } from "./route-checks.ts";
import { variableProblems } from "./variable-checks.ts";

/** Bindings that the Worker cannot do without; named environments inherit none of them. */
const BINDINGS = ["KEY_RECORDS", "KEY_GUARD", "ORGANIZATION", "DEPLOYMENT", "FAILURES"];
const CLASSES: ReadonlyMap<string, string> = new Map([
  ["KEY_GUARD", "KeyGuard"],
  ["ORGANIZATION", "Organization"],
  ["DEPLOYMENT", "Deployment"],
]);
/** A section's own list takes the place of the one at the top of the file. */
const FLAGS = ["enable_request_signal", "nodejs_compat", "global_fetch_strictly_public"];
/** The period that the failure limiter counts by, in seconds. */
const FAILURE_PERIOD_S = 60;

/**
 * Everything that is wrong with a target as far as wrangler.toml tells, its sections for other environments included;
 * nothing is asked of anybody.
 */
export function problemsOf(target: Target, others: ReadonlyMap<Environment, Target> = new Map()): string[] {
  return [
    ...bindingProblems(target),
    ...datasetProblems(target),
    ...variableProblems(target),
    ...routeProblems(target),
    ...runtimeProblems(target),
    ...observabilityProblems(target),
    ...[...others].flatMap(([name, other]) => sharedProblems(target, name, other)),
  ];
}

function bindingProblems(target: Target): string[] {
  const { kv_namespaces: namespaces, durable_objects: objects, ratelimits } = target;
  const bound = [
    ...namespaces.map(({ binding }) => binding),
    ...objects.bindings.map(({ name }) => name),
    ...ratelimits.map(({ name }) => name),
  ];
  return [
    ...BINDINGS.filter((name) => !bound.includes(name)).map(
      (name) => `${name}: the binding is missing; a named environment inherits none`,
    ),
    ...namespaces
      .filter(({ id }) => id !== undefined && !isGivenId(id))
      .map(
        ({ binding, id }) =>
          `${binding}: the id ${JSON.stringify(id)} is a placeholder; leave it out, and the namespace is created`,
      ),
    ...objects.bindings.flatMap(({ name, class_name: named, script_name: script }) => {
      const own = CLASSES.get(name);
      if (own === undefined || (named === own && script === undefined)) return [];
      return [`${name}: must be the class ${own} of this Worker (is ${script ?? "its own"} ${named})`];
    }),
    ...ratelimits.flatMap(({ name, namespace_id: id, simple }) => [
      ...(/^[1-9]\d*$/.test(id)
        ? []
        : [`${name}: namespace_id ${JSON.stringify(id)} must be a whole number`]),
      ...(name === "FAILURES" && simple.period !== FAILURE_PERIOD_S
        ? [`${name}: the period must be ${FAILURE_PERIOD_S} (is ${simple.period})`]
        : []),
    ]),
  ];
}

function runtimeProblems({ compatibility_flags: flags, cache }: Target): string[] {
  return [
    ...FLAGS.filter((flag) => !flags.includes(flag)).map((flag) => `compatibility_flags: ${flag} is missing`),
    ...(cache?.enabled === true
      ? ["cache: must not be enabled: an answer to one key is not for another"]
      : []),
  ];
}

/** The platform's own lines of invocations hold whole URLs, and no setting of ours is asked for them. */
function observabilityProblems({ observability, logpush }: Target): string[] {
  const logged = observability?.enabled === true || observability?.logs?.enabled === true;
  return [
    ...(logged && observability?.logs?.invocation_logs !== false
      ? ["observability: logs.invocation_logs must be false: the platform's invocation logs hold URLs"]
      : []),
    ...(logged && observability?.redact_query_string !== true
      ? ["observability: redact_query_string must be true: the platform adds its request's URL to every line"]
      : []),
    ...(observability?.traces?.enabled === true
      ? ["observability: traces.enabled must be false: the platform's traces hold URLs"]
      : []),
    ...(logpush === true ? ["logpush: must be false: what it pushes holds URLs"] : []),
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
  return [
    ...common("name", ({ name }) => [name]),
    ...common("routes", (each) => routesOf(each).map(({ host }) => host)),
    ...common("KEY_RECORDS", (each) => each.kv_namespaces.map(({ id }) => id)),
    ...common("METRICS", (each) => [datasetOf(each)]),
    ...common("FAILURES", ({ ratelimits }) => ratelimits.map((each) => each.namespace_id)),
  ];
}
