import { compileAllowlist } from "../key/ip-allowlist.ts";
import type { KeyRecord } from "../key/key-record.ts";
import { readHash } from "../key/key-secret.ts";
import { NO_DENIALS, type TokenDenials } from "../token/token-denials.ts";
import { compileCaller, type Caller } from "./caller.ts";

/** A key record made ready to decide with: compiled once for each revision that an isolate sees. */
export interface CompiledKey {
  readonly record: KeyRecord;
  readonly hash: Uint8Array;
  readonly allowsAddress: (address: string) => boolean;
  /** The caller that presents the key itself. */
  readonly caller: Caller;
  /** The access tokens made from the key that were revoked. */
  readonly denials: TokenDenials;
}

export function compileKey(record: KeyRecord, denials: TokenDenials = NO_DENIALS): CompiledKey {
  return {
    record,
    hash: readHash(record.hash),
    allowsAddress: compileAllowlist(record.allowedIps),
    caller: compileCaller(record, null),
    denials,
  };
}
