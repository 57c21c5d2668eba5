import type { ManagedKey } from "../../../core/organization/managed-key.ts";
import type { AuditEntry } from "../audit/audit-log.ts";

/** A change of a key that is to be put on record; `before` is `null` for a new key. */
export interface NotedChange {
  readonly action: AuditEntry["action"];
  readonly keyId: string;
  readonly before: ManagedKey | null;
}

/** The audit event of a change of a key. */
export function auditEntry(
  action: AuditEntry["action"],
  before: ManagedKey | null,
  after: ManagedKey,
): AuditEntry {
  return { action, target: after.id, before: before && recorded(before), after: recorded(after) };
}

/** A key as audit events show it, without what belongs to its owner. */
function recorded({ hash: _, ownerVaults: __, ...rest }: ManagedKey): object {
  return rest;
}
