import { compileAccess, type Access } from "../core/access.ts";
import { identityHeaders } from "../core/identity-headers.ts";
import { compileAllowlist } from "../core/ip-allowlist.ts";
import type { KeyRecord } from "../core/key-record.ts";
import { readHash } from "../core/key-secret.ts";

/** A key record made ready to decide with: compiled once for each version that an isolate sees. */
export interface CompiledKey {
  readonly record: KeyRecord;
  readonly hash: Uint8Array;
  readonly allowsAddress: (address: string) => boolean;
  readonly access: Access;
  /** The headers by which the origin learns who calls. */
  readonly identityHeaders: readonly (readonly [string, string])[];
}

export function compileKey(record: KeyRecord): CompiledKey {
  const access = compileAccess(record);
  return {
    record,
    hash: readHash(record.hash),
    allowsAddress: compileAllowlist(record.allowedIps),
    access,
    identityHeaders: identityHeaders(record, access.effectiveVaults),
  };
}
