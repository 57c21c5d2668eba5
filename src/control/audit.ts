import { z, type OpenAPIHono } from "@hono/zod-openapi";
import { isoTime } from "../core/iso-time.ts";
import { NDJSON, ndjsonLine } from "../core/ndjson.ts";
import type { Actor, AuditEvent, AuditQuery } from "../core/organization.ts";
import { isRefusal, type Refusal } from "../core/refusal.ts";
import { readCursor, writeCursor } from "./cursor.ts";
import { addEndpoint, type Control, type ControlEnv, type Reply } from "./endpoint.ts";
import { Limit, Pagination, Timestamp } from "./schemas.ts";

/** An export reads the log in pages of this many events. */
const EXPORT_PAGE = 500;

const Query = z.strictObject({
  actor: z.string().optional().openapi({ description: "How the actor's id or name begins." }),
  action: z.string().optional().openapi({ example: "api_key.revoked", description: "Or how it begins." }),
  target: z.string().optional().openapi({
    description: "How the id, the `keyPrefix` or the name of a key or a person begins.",
  }),
  from: z.iso.datetime({ offset: true }).optional(),
  to: z.iso.datetime({ offset: true }).optional(),
  limit: Limit,
  nextCursor: z.string().optional(),
});

const AuditEventSchema = z
  .object({
    id: z.string(),
    time: Timestamp,
    actor: z.object({ id: z.string(), name: z.string().nullable() }),
    action: z.string(),
    target: z.string(),
    targetName: z
      .string()
      .nullable()
      .openapi({ description: "What the key, the person or the group is called now." }),
    outcome: z.enum(["done", "refused"]),
    code: z.string().nullable().openapi({ description: "Why it was refused." }),
    address: z.string().nullable(),
    requestId: z.string().nullable(),
    before: z.record(z.string(), z.unknown()).nullable(),
    after: z.record(z.string(), z.unknown()).nullable(),
  })
  .openapi("AuditEvent");

const AuditEventList = z
  .object({ data: z.array(AuditEventSchema), pagination: Pagination })
  .openapi("AuditEventList");

/** `/-/audit-events`: who has changed what, the newest first; as NDJSON the whole log. */
export function addAuditEndpoint(app: OpenAPIHono<ControlEnv>, control: Control): void {
  addEndpoint(app, control, {
    method: "get",
    path: "/-/audit-events",
    operationId: "listAuditEvents",
    summary: `List changes and refused attempts; with \`Accept: ${NDJSON}\` all of them, a line each`,
    tag: "Audit",
    query: Query,
    headers: z.object({ accept: z.string().optional() }),
    success: { 200: { description: "A page of events.", schema: AuditEventList, lines: AuditEventSchema } },
    refusals: ["role_required"],
    run: async ({ query, headers }, actor) => {
      const after =
        query.nextCursor === undefined ? null : readCursor<{ id: number }>(query.nextCursor, POSITION);
      if (after !== null && isRefusal(after)) return after;
      const asked: AuditQuery = {
        actor: query.actor ?? null,
        action: query.action ?? null,
        target: query.target ?? null,
        from: query.from === undefined ? null : Date.parse(query.from),
        to: query.to === undefined ? null : Date.parse(query.to),
        before: after?.id ?? null,
        limit: query.limit,
      };
      return headers.accept?.includes(NDJSON)
        ? exportAll(control, actor, asked)
        : readPage(control, actor, asked);
    },
  });
}

const POSITION = { id: "number" } as const;

async function readPage(control: Control, actor: Actor, query: AuditQuery): Promise<Reply | Refusal> {
  const events = await control.env.ORGANIZATION.getByName(actor.orgId).listAuditEvents(actor, query);
  if (isRefusal(events)) return events;
  const shown = events.slice(0, query.limit);
  const last = events.length > query.limit ? shown.at(-1) : undefined;
  const nextCursor = last === undefined ? null : writeCursor({ id: last.id });
  return {
    status: 200,
    body: { data: shown.map(eventJson), pagination: { limit: query.limit, nextCursor } },
  };
}

/** Streams every event that fits the query, page by page, so that a long log never has to be held at once. */
async function exportAll(control: Control, actor: Actor, query: AuditQuery): Promise<Reply | Refusal> {
  const organization = control.env.ORGANIZATION.getByName(actor.orgId);
  const readFrom = (before: number | null) =>
    organization.listAuditEvents(actor, { ...query, before, limit: EXPORT_PAGE });
  let events = await readFrom(query.before);
  if (isRefusal(events)) return events;
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      // The role was lost while the log was being read: what is left is not for these eyes.
      if (isRefusal(events)) throw new Error(events.code);
      const shown = events.slice(0, EXPORT_PAGE);
      for (const event of shown) controller.enqueue(ndjsonLine(eventJson(event)));
      const last = events.length > EXPORT_PAGE ? shown.at(-1) : undefined;
      if (last === undefined) controller.close();
      else events = await readFrom(last.id);
    },
  });
  return { status: 200, stream, headers: { "Content-Type": NDJSON } };
}

function eventJson(event: AuditEvent): z.input<typeof AuditEventSchema> {
  return {
    id: `evt_${event.id}`,
    time: isoTime(event.at),
    actor: { id: event.actor.id, name: event.actor.name },
    action: event.action,
    target: event.target,
    targetName: event.targetName,
    outcome: event.refusal === null ? "done" : "refused",
    code: event.refusal,
    address: event.address,
    requestId: event.requestId,
    before: readJson(event.before),
    after: readJson(event.after),
  };
}

function readJson(text: string | null): Record<string, unknown> | null {
  return text === null ? null : (JSON.parse(text) as Record<string, unknown>);
}
