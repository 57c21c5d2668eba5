import { exactly } from "./exact.ts";
import { eventOf } from "../core/organization/audit-event.ts";
import { END_OF_TIME, isoTime } from "../core/iso-time.ts";
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

/** What the log keeps in milliseconds; attributes that SCIM brings stay as they came. */
const TIMES = [
  "createdAt",
  "expiresAt",
  "retiresAt",
  "revokedAt",
  "updatedAt",
  "lastUsedAt",
  "lastRefusedAt",
  "previousSecretUntil",
];

function readJson(text: string | null): Record<string, unknown> | null {
  if (text === null) return null;
  const fields = Object.entries(storedJson<Record<string, unknown>>(text));
  return Object.fromEntries(fields.map(([name, value]) => [name, withTime(name, value)]));
}

function withTime(name: string, value: unknown): unknown {
  return TIMES.includes(name) && typeof value === "number" ? isoTime(Math.min(value, END_OF_TIME)) : value;
}
