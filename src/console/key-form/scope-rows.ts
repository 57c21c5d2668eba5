import { ACTIONS, type Scope } from "../../core/policy/scope.ts";
import { textOf } from "./form-data.ts";

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

/** The rows of a form that was sent. */
export function readRows(data: FormData): ScopeRow[] {
  const rows: ScopeRow[] = [];
  for (let i = 0; data.has(`scopes.${i}.action`); i++) {
    const segments: string[] = [];
    for (let k = 0; data.has(`scopes.${i}.segments.${k}`); k++)
      segments.push(textOf(data, `scopes.${i}.segments.${k}`));
    rows.push({
      action: textOf(data, `scopes.${i}.action`),
      type: textOf(data, `scopes.${i}.type`),
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
