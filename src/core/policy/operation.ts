import type { Scope, Segments } from "./scope.ts";
import type { ResourceTemplate } from "./resource-types.ts";

/** A scope that an operation needs, with its filter taken apart. */
export interface RequiredScope extends Scope {
  /** With `#` in the place of parameters. */
  readonly segments: Segments;
  /** What exactly must be covered, where the scope names parameters of the path; else `null`. */
  readonly template: ResourceTemplate | null;
}

/** Member names and array indexes that lead from a JSON value to one within it; none for the value itself. */
export type Pointer = readonly string[];

/** A list in an answer, of which the client gets the items that its credential may see. */
export interface ListRule {
  /** From the body to the array. */
  readonly items: Pointer;
  /** From an item to its id, a text or a number. */
  readonly id: Pointer;
  /** From the body to the number of all items, hidden ones included; `null` where the body has none. */
  readonly total: Pointer | null;
  /** The resource that an item is; its parameter {@link ITEM_ID} is the item's id. */
  readonly resource: ResourceTemplate;
}

export const ITEM_ID = "id";

/** The response headers of a deprecated operation. */
export interface Deprecation {
  /** `Deprecation` (RFC 9745): `@` and Unix seconds; `null` where no date is known. */
  readonly deprecation: string | null;
  /** `Sunset` (RFC 8594): an IMF-fixdate. */
  readonly sunset: string | null;
  /** `Link` to the explanation of both. */
  readonly link: string | null;
}

export interface Operation {
  /** The document's `operationId`, or the method and the template. */
  readonly id: string;
  readonly method: string;
  /** The path with its parameters, base path included. */
  readonly template: string;
  /** Whether it may be called without a credential. Where `security` is empty, none is looked at. */
  readonly public: boolean;
  /** Alternatives; each needs all of its scopes. */
  readonly security: readonly (readonly RequiredScope[])[];
  /** The resource that the operation is about; `null` for data that everyone with the scope may see. */
  readonly resource: ResourceTemplate | null;
  readonly list: ListRule | null;
  /** The path parameters on which access depends, in the order of the path. */
  readonly accessParams: readonly string[];
  /** How many units of the key's budget a call takes; 0 is not held to the budget. */
  readonly cost: number;
  /** The most bytes of a request's body, and how long nothing may move; `null` for the gateway's setting. */
  readonly maxBodyBytes: number | null;
  readonly timeoutMs: number | null;
  /** Which of the two the gateway's setting bounds as well, since another template that fits sets none. */
  readonly boundedBySetting: readonly ("maxBodyBytes" | "timeoutMs")[];
  /**
   * Where the origin of its own is to be found among `ORIGINS`: the first of these names and URLs that is there. When
   * none is, the operation is not served. `null` for `ORIGIN_URL`.
   */
  readonly origin: readonly string[] | null;
  readonly deprecation: Deprecation | null;
}
