import type { Filter } from "../../../core/scim/filter.ts";
import type { PatchOperation } from "../../../core/scim/patch.ts";
import type { ScimProblem } from "../../../core/scim/problem.ts";
import type { ScimObject } from "../../../core/scim/resource.ts";
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

/** What a SCIM client asks for, read and free of what only the server may set. */
export type ScimCommand =
  | { readonly kind: "create"; readonly type: ResourceType; readonly resource: ScimObject }
  | ({ readonly kind: "get" } & Target)
  | {
      readonly kind: "list";
      readonly type: ResourceType;
      readonly filter: Filter | null;
      /** From 0. */
      readonly offset: number;
      readonly limit: number;
    }
  | ({ readonly kind: "replace"; readonly resource: ScimObject } & Target & Expecting)
  | ({ readonly kind: "patch"; readonly operations: readonly PatchOperation[] } & Target & Expecting)
  | ({ readonly kind: "delete" } & Target & Expecting);

export type ScimAnswer =
  | { readonly resource: ScimObject }
  | { readonly resources: readonly ScimObject[]; readonly total: number }
  | { readonly deleted: true }
  | ScimProblem;
