import { exactly } from "./exact.ts";
import { eventOf } from "../core/organization/audit-event.ts";
import { isoTime } from "../core/iso-time.ts";
import type { AuditEvent as KeptEvent } from "../core/organization/organization.ts";
import { AuditEventSchema, type AuditEvent } from "./audit.ts";
import { storedJson } from "../core/json.ts";

/** An event of the audit log as JSON. */
export function auditEventJson(event: KeptEvent): AuditEvent {
  return exactly(AuditEventSchema, {
    id: `evt_${event.id}`,
    time: isoTime(event.at),
    actor: { id: event.actor.id, name: event.actor.name },
    actorKnown: event.actorKnown,
    action: event.action,
    event: eventOf(event.action),
    target: event.target,
    targetName: event.targetName,
    targetKnown: event.targetKnown,
    outcome: event.refusal === null ? "done" : "refused",
    code: event.refusal,
    address: event.address,
    requestId: event.requestId,
    before: readJson(event.before),
    after: readJson(event.after),
  });
}

function readJson(text: string | null): Record<string, unknown> | null {
  return text === null ? null : storedJson(text);
}
