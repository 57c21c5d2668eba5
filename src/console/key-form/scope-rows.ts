import { MAX_SCOPES } from "../../core/key/grant-limits.ts";
import { ACTIONS, type Scope } from "../../core/policy/scope.ts";

/** The type of a row for everything. */
export const EVERYTHING = "*";

/** A scope as a form has it: what is filled in may not be one yet. */
export interface ScopeRow {
  readonly action: string;
  /** A resource type of the API, or {@link EVERYTHING}. */
  readonly type: string;
  /** What is written for each segment after the type; an empty one stands for any. */
  readonly segments: readonly string[];
}

/** The scope as the control API takes it. Empty segments at the end are left out, others are `#`. */
export function scopeOf({ action, type, segments }: ScopeRow): { action: string; resource: string } {
  if (type === EVERYTHING) return { action, resource: "*" };
  const last = segments.findLastIndex((segment) => segment !== "");
  const given = segments.slice(0, last + 1).map((segment) => segment || "#");
  return { action, resource: [type, ...given].join("/") };
}

/** The row from which {@link scopeOf} makes this scope. */
export function rowOf({ action, resource }: Scope): ScopeRow {
  if (resource === "*") return { action, type: EVERYTHING, segments: [] };
  const [type = "", ...segments] = resource.split("/");
  const last = segments.length - 1;
  return {
    action,
    type,
    segments: segments.map((segment, i) => (segment === "#" && i < last ? "" : segment)),
  };
}

/** The rows of a form that was sent, as far as one more than a key may have, which the control API then refuses. */
export function readRows(data: FormData): ScopeRow[] {
  // A form looks through all its fields for each name.
  const texts = new Map(
    [...data].map(([name, value]) => [name, typeof value === "string" ? value.trim() : ""]),
  );
  const rows: ScopeRow[] = [];
  for (let i = 0; i <= MAX_SCOPES && texts.has(`scopes.${i}.action`); i++) {
    const segments: string[] = [];
    for (let k = 0, text; (text = texts.get(`scopes.${i}.segments.${k}`)) !== undefined; k++)
      segments.push(text);
    rows.push({
      action: texts.get(`scopes.${i}.action`) ?? "",
      type: texts.get(`scopes.${i}.type`) ?? "",
      segments,
    });
  }
  return rows;
}

/** The scope of a row if its action is one. */
export function knownScope(row: ScopeRow): Scope | null {
  const action = ACTIONS.find((known) => known === row.action);
  return action === undefined ? null : { action, resource: scopeOf(row).resource };
}
