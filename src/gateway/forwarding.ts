import type { ListFilter } from "../core/http/filtered-list.ts";

/** Where the requests of an operation go, and how far. */
export interface OriginConfig {
  /** Scheme, authority and, if need be, a base path; without a slash at the end. */
  readonly originUrl: string;
  /** How long nothing may move before the origin's headers have come, in milliseconds. */
  readonly originTimeoutMs: number;
  readonly maxBodyBytes: number;
  /** What the gateway shows this origin as its own `Authorization`; `null` for nothing. */
  readonly authorization: string | null;
}

/** A request that was admitted, and what of it the origin gets. */
export interface Forwarding {
  readonly request: Request;
  /** The canonical path, byte for byte as it was matched. */
  readonly path: string;
  /** With its leading `?`; empty when there is none. */
  readonly query: string;
  readonly config: OriginConfig;
  readonly requestId: string;
  /** Empty when it is not known. */
  readonly clientAddress: string;
  /** Headers by which the origin learns who calls. */
  readonly identity: readonly (readonly [string, string])[];
  /** The same, signed; `null` for none. */
  readonly assertion: string | null;
  /** For a list of which the client may see only some items. */
  readonly filter: ListFilter | null;
}
