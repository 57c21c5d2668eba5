import { compileAccess, isWithdrawn, type Access } from "./access.ts";
import { identityClaims, identityHeaders } from "../http/identity-headers.ts";
import type { KeyRecord } from "../key/key-record.ts";
import { narrowed, type Narrowing } from "../key/narrowing.ts";

/** A signed assertion of who calls, good for many requests. Times are milliseconds since the epoch. */
interface Assertion {
  readonly jwt: string;
  readonly issuedAt: number;
  /** When the next one is to be signed, while this one is still good. */
  readonly renewAt: number;
  /** Until when requests may go out with it. */
  readonly usableUntil: number;
}

/** The caller: a key, or a token narrowed from it, at one revision, with its access and its identity for the origin. */
export interface Caller {
  readonly access: Access;
  /** The headers by which the origin learns who calls. */
  readonly identityHeaders: readonly (readonly [string, string])[];
  /** The claims of the assertion, which say the same. */
  readonly identityClaims: Readonly<Record<string, unknown>>;
  /** The latest assertion for each audience; there are as many as origins. */
  readonly assertions: Map<string, Assertion>;
}

/** With a narrowing, only what it and the key have in common is allowed. */
export function compileCaller(record: KeyRecord, narrowing: Narrowing | null): Caller {
  const grants = narrowing === null ? record : { ...record, ...narrowed(record, narrowing) };
  const access = compileAccess(grants, isWithdrawn(record));
  return {
    access,
    identityHeaders: identityHeaders(grants, access.effectiveVaults),
    identityClaims: identityClaims(grants, access.effectiveVaults),
    assertions: new Map(),
  };
}
