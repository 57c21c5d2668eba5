import { among } from "../../bound-lists.ts";
import { operationsOf } from "../../../core/organization/audit-event.ts";
import { foldName } from "../../../core/organization/folded-name.ts";
import type { AuditQuery } from "../../../core/organization/organization.ts";
import { SCIM_USER_NAME } from "../people/scim-store.ts";
import { nameBeginning } from "./target-names.ts";

/** A suffix that sorts after every continuation of the text before it. */
const LAST = "\u{10FFFF}";

interface Filter {
  readonly where: string;
  readonly values: readonly SqlStorageValue[];
}

/**
 * The conditions of a query for audit events. Actors and targets are named by the beginning of an id, of a `keyPrefix`
 * or of a name as people read it: the name of now or of then.
 */
export function filterOf(sql: SqlStorage, query: AuditQuery): Filter {
  const where = ["1"];
  const values: SqlStorageValue[] = [];
  const add = (condition: string, ...bound: SqlStorageValue[]) => {
    where.push(condition);
    values.push(...bound);
  };
  const { actor, target, action } = query;
  if (actor !== null) {
    const people = among("actor_id", peopleNamed(sql, actor));
    add(
      `(${begins("actor_id")} OR ${begins("actor_key")} OR ${people.condition})`,
      ...range(actor.trim()),
      ...range(foldName(actor)),
      ...people.values,
    );
  }
  if (target !== null) {
    const people = among("target", peopleNamed(sql, target));
    add(
      `(${begins("target")} OR ${people.condition} OR target IN
         (SELECT id FROM keys WHERE ${begins("name_key")} OR ${begins("key_prefix")}
          UNION ALL SELECT target FROM audit WHERE target_names IS NOT NULL AND instr(target_names, ?) > 0))`,
      ...range(target.trim()),
      ...people.values,
      ...range(foldName(target)),
      ...range(target.trim()),
      nameBeginning(target),
    );
  }
  if (action !== null) {
    const beginning = action.trim();
    const operations = among("action", operationsOf(beginning));
    add(`(${begins("action")} OR ${operations.condition})`, ...range(beginning), ...operations.values);
  }
  const { outcome = null } = query;
  if (outcome !== null) add(outcome === "done" ? "refusal IS NULL" : "refusal IS NOT NULL");
  if (query.from !== null) add("at >= ?", query.from);
  if (query.to !== null) add("at < ?", query.to);
  if (query.before !== null) add("audit.id < ?", query.before);
  return { where: where.join(" AND "), values };
}

const begins = (column: string) => `(${column} >= ? AND ${column} < ?)`;

function range(beginning: string): [from: string, to: string] {
  return [beginning, beginning + LAST];
}

/** The ids of the people, service users and SCIM users whose names begin with a text. */
function peopleNamed(sql: SqlStorage, text: string): string[] {
  const beginning = foldName(text);
  return sql
    .exec<{ id: string; name: string | null }>(
      `SELECT id, name FROM users
       UNION ALL SELECT id, ${SCIM_USER_NAME} FROM scim_users
       UNION ALL SELECT id, user_name_key FROM scim_users
       UNION ALL SELECT id, display_name FROM scim_groups`,
    )
    .toArray()
    .filter(({ name }) => foldName(name ?? "").startsWith(beginning))
    .map(({ id }) => id);
}
