import { exactly } from "../../api-types/exact.ts";
import { ResultSchema, type RevocationResult } from "../../api-types/revocations.ts";
import { isoTime } from "../../core/iso-time.ts";
import type { RevocationResult as Settled } from "../../core/organization/revocation.ts";

/** What became of one key, as JSON. */
export function resultJson(result: Settled): RevocationResult {
  return exactly(ResultSchema, {
    target: result.target,
    keyId: result.keyId,
    status: result.status,
    requestedAt: isoTime(result.requestedAt),
    effectiveAt: isoTime(result.effectiveAt),
    version: result.version,
  });
}
