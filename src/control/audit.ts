import { auditEventJson } from "../api-types/audit-json.ts";
import { z, type OpenAPIHono } from "@hono/zod-openapi";
import { AuditEventList, AuditEventSchema, AuditQuerySchema } from "../api-types/audit.ts";
import type { Wire } from "../api-types/common.ts";
import { exactly, type Exact } from "../api-types/exact.ts";
import { acceptsLines, NDJSON } from "../core/http/ndjson.ts";
import type { Actor, AuditEvent, AuditQuery } from "../core/organization/organization.ts";
import { isRefusal, type Result } from "../core/refusal.ts";
import { readCursor, writeCursor } from "./cursor.ts";
import { LineStream } from "./line-stream.ts";
import { addEndpoint } from "./endpoint.ts";
import type { Control, ControlEnv } from "./context.ts";

/** An export reads the log in pages of this many events. */
const EXPORT_PAGE = 500;

/** `/-/audit-events`: who has changed what, the newest first; as NDJSON the whole log. */
export function addAuditEndpoint(app: OpenAPIHono<ControlEnv>, control: Control): void {
  addEndpoint(app, control, {
    method: "get",
    path: "/-/audit-events",
    operationId: "listAuditEvents",
    summary: `List changes and refused attempts; with \`Accept: ${NDJSON}\` all of them, a line each`,
    tag: "Audit",
    query: AuditQuerySchema,
    headers: z.object({ Accept: z.string().optional() }),
    success: { 200: { description: "A page of events.", schema: AuditEventList, lines: AuditEventSchema } },
    refusals: ["role_required"],
    run: async ({ query, headers }, actor) => {
      const after =
        query.nextCursor === undefined ? null : readCursor<{ id: number }>(query.nextCursor, POSITION);
      if (isRefusal(after)) return after;
      const asked: AuditQuery = {
        actor: query.actor ?? null,
        action: query.action ?? null,
        target: query.target ?? null,
        outcome: query.outcome ?? null,
        from: query.from === undefined ? null : Date.parse(query.from),
        to: query.to === undefined ? null : Date.parse(query.to),
        before: after?.id ?? null,
        limit: query.limit,
        endsEarly: true,
      };
      if (acceptsLines(headers.Accept)) {
        const lines = await exportAll(control, actor, asked);
        return isRefusal(lines) ? lines : { status: 200, lines };
      }
      const page = await readPage(control, actor, asked);
      return isRefusal(page) ? page : { status: 200, body: page };
    },
  });
}

const POSITION = { id: "number" } as const;

type Event = Wire<typeof AuditEventSchema>;

async function readPage(
  control: Control,
  actor: Actor,
  query: AuditQuery,
): Promise<Result<Exact<Wire<typeof AuditEventList>>>> {
  const events = await control.env.ORGANIZATION.getByName(actor.orgId).listAuditEvents(actor, query);
  if (isRefusal(events)) return events;
  const { shown, last } = shownOf(events, query.limit);
  const nextCursor = last === undefined ? null : writeCursor({ id: last.id });
  const pagination = { limit: query.limit, nextCursor };
  return exactly(AuditEventList, { data: shown.map(auditEventJson), pagination });
}

/** The events of an answer, and the last one if there are more after it. An organisation of the version before answers one too many. */
function shownOf(
  events: readonly AuditEvent[],
  limit: number,
): { readonly shown: readonly AuditEvent[]; readonly last: AuditEvent | undefined } {
  const shown = events.slice(0, limit);
  const last = shown.at(-1);
  return { shown, last: events.length > limit || last?.hasMore === true ? last : undefined };
}

/** Streams every event that fits the query, page by page, so that a long log never has to be held at once. */
async function exportAll(
  control: Control,
  actor: Actor,
  query: AuditQuery,
): Promise<Result<LineStream<Event>>> {
  const organization = control.env.ORGANIZATION.getByName(actor.orgId);
  const readFrom = (before: number | null) =>
    organization.listAuditEvents(actor, { ...query, before, limit: EXPORT_PAGE });
  const first = await readFrom(query.before);
  if (isRefusal(first)) return first;
  const lines = new LineStream<Event>();
  const write = async (): Promise<void> => {
    let events: Result<AuditEvent[]> = first;
    for (;;) {
      // The role was lost while the log was being read: stop here.
      if (isRefusal(events)) throw new Error(events.code);
      const { shown, last } = shownOf(events, EXPORT_PAGE);
      await lines.write(...shown.map((event) => exactly(AuditEventSchema, auditEventJson(event))));
      if (last === undefined) return;
      events = await readFrom(last.id);
    }
  };
  return lines.endWith(write());
}
