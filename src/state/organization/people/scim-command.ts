import type { AttributePath, Filter } from "../../../core/scim/filter.ts";
import type { ScimObject } from "../../../core/scim/object.ts";
import type { PatchOperation } from "../../../core/scim/patch.ts";
import type { ScimProblem } from "../../../core/scim/problem.ts";
import type { ResourceType } from "../../../core/scim/schemas.ts";

/** One resource. */
export interface Target {
  readonly type: ResourceType;
  readonly id: string;
}

/** The versions that `If-Match` names; `null` when any will do. */
export interface Expecting {
  readonly versions: readonly number[] | null;
}

/** For a change that sets `active` to false: it is always done, and parts that cannot be done are left out. */
export interface Deactivation {
  /** What of the request was left out already, and why. */
  readonly leftOut: readonly string[];
  /** The attributes of a PUT that could not be read: they stay as they are. */
  readonly unread: readonly string[];
}

/** The order of a list (RFC 7644 section 3.4.2.3). */
export interface Sorting {
  readonly path: AttributePath;
  readonly descending: boolean;
}

export interface ListCommand {
  readonly kind: "list";
  readonly types: readonly ResourceType[];
  readonly filter: Filter | null;
  readonly sorting: Sorting | null;
  /** From 0. */
  readonly offset: number;
  readonly limit: number;
}

/** A change of one resource; `deactivation` is `null` for any that does not set `active` to false. */
export type EditCommand = (
  | {
      readonly kind: "replace";
      readonly resource: ScimObject;
      /** See `Replacement`; Workers of an earlier version refuse such attributes themselves. */
      readonly doubtful?: readonly string[];
    }
  | { readonly kind: "patch"; readonly operations: readonly PatchOperation[] }
) & { readonly deactivation: Deactivation | null } & Target &
  Expecting;

/** A SCIM request, parsed, without the attributes that only the server sets. */
export type ScimCommand =
  | { readonly kind: "create"; readonly type: ResourceType; readonly resource: ScimObject }
  | ({ readonly kind: "get" } & Target)
  | ListCommand
  | EditCommand
  | ({ readonly kind: "delete" } & Target & Expecting);

export type ScimAnswer =
  | {
      readonly resource: ScimObject;
      /** What of a deactivation's request was left out, and why. */
      readonly leftOut?: readonly string[];
    }
  | { readonly resources: readonly ScimObject[]; readonly total: number }
  | { readonly deleted: true }
  | ScimProblem;
