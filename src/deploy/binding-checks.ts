import type { Target } from "./configuration.ts";
import { isGivenId } from "./placeholder.ts";

/** Bindings that the Worker cannot do without; named environments inherit none of them. */
const BINDINGS = ["KEY_RECORDS", "KEY_GUARD", "ORGANIZATION", "DEPLOYMENT", "FAILURES"];
const CLASSES: ReadonlyMap<string, string> = new Map([
  ["KEY_GUARD", "KeyGuard"],
  ["ORGANIZATION", "Organization"],
  ["DEPLOYMENT", "Deployment"],
]);
/** The period that the failure limiter counts by, in seconds. */
const FAILURE_PERIOD_S = 60;
/** Failed attempts of an address and minute: fewer lock out people who mistype, more let keys be tried. */
const FAILURE_LIMIT = { min: 10, max: 1000 };

/** What is wrong with the bindings that the Worker uses. */
export function bindingProblems(target: Target): string[] {
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
    ...ratelimits.flatMap((each) => limiterProblems(each, ratelimits)),
    ...migrationProblems(target),
  ];
}

type Limiter = Target["ratelimits"][number];

function limiterProblems({ name, namespace_id: id, simple }: Limiter, all: readonly Limiter[]): string[] {
  const { min, max } = FAILURE_LIMIT;
  const other = all.find((each) => each.name !== name && each.namespace_id === id);
  return [
    ...(/^[1-9]\d*$/.test(id) ? [] : [`${name}: namespace_id ${JSON.stringify(id)} must be a whole number`]),
    ...(other === undefined ? [] : [`${name}: namespace_id ${id} is that of ${other.name}, too`]),
    ...(name === "FAILURES" && simple.period !== FAILURE_PERIOD_S
      ? [`${name}: the period must be ${FAILURE_PERIOD_S} (is ${simple.period})`]
      : []),
    ...(name === "FAILURES" && !(Number.isInteger(simple.limit) && simple.limit >= min && simple.limit <= max)
      ? [`${name}: the limit must be a whole number from ${min} to ${max} (is ${simple.limit})`]
      : []),
  ];
}

/**
 * What is wrong with the migrations of the objects' classes. They make them, once, and nothing else: a class that is
 * deleted, renamed or handed over takes all of its data along.
 */
function migrationProblems({ migrations }: Target): string[] {
  const made = migrations.flatMap((each) => each.new_sqlite_classes ?? []);
  const tags = migrations.map(({ tag }) => tag);
  return [
    ...migrations.flatMap((each) => {
      const lost = (["deleted_classes", "renamed_classes", "transferred_classes"] as const).filter(
        (what) => (each[what] ?? []).length > 0,
      );
      return [
        ...lost.map((what) => `migrations ${each.tag}: must have no ${what}, with which all data would go`),
        ...(each.new_classes ?? []).map(
          (name) => `migrations ${each.tag}: ${name} must be one of new_sqlite_classes`,
        ),
      ];
    }),
    ...[...CLASSES.values()].flatMap((name) => {
      const times = made.filter((each) => each === name).length;
      return times === 1 ? [] : [`migrations: ${name} must be made by one of them (is by ${times})`];
    }),
    ...tags
      .filter((tag, i) => tag === "" || tags.indexOf(tag) !== i)
      .map((tag) => `migrations: there are two with the tag ${JSON.stringify(tag)}, or it is empty`),
  ];
}
