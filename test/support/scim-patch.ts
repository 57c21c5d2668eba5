import { isRefusal } from "../../src/core/refusal.ts";
import type { ScimObject } from "../../src/core/scim/object.ts";
import { applyPatch, readOperations } from "../../src/core/scim/patch.ts";
import type { ResourceType } from "../../src/core/scim/schemas.ts";

export const ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
export const WORK = { value: "w@example.com", type: "work", primary: true };
export const HOME = { value: "h@example.com", type: "home" };
export const USER = {
  userName: "bjensen",
  name: { givenName: "Barbara", familyName: "Jensen" },
  active: true,
  emails: [WORK, HOME],
  roles: [{ value: "admin" }],
  [ENTERPRISE]: { department: "Tours" },
};
/** The id of a user who is no member, or who is no user any more. */
export const STRANGER = "2819c223-7f76-453a-919d-413861904646";

export const GROUP = { displayName: "admin", members: [{ value: "u1" }, { value: "u2" }, { value: "u3" }] };

export const named = (values: readonly (readonly [name: string, value: unknown])[]) => values;

export interface PatchRow {
  readonly name: string;
  readonly operations: readonly object[];
  /** What is different afterwards; `undefined` for what is gone. */
  readonly changes: ScimObject;
}

/** What operations make of a resource. */
export function patch(type: ResourceType, resource: ScimObject, operations: readonly object[]) {
  const read = readOperations({ Operations: operations });
  return isRefusal(read) ? read : applyPatch(type, resource, read.operations);
}

/** A resource without what is gone. */
export function defined(object: ScimObject): ScimObject {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}

export function manyTexts(length: number): string[] {
  return Array.from({ length }, (_, i) => `text${i}`);
}
