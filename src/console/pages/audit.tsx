import type { Hono } from "hono";
import type { FC } from "hono/jsx";
import { z } from "zod";
import { isRefusal } from "../../core/refusal.ts";
import type { AuditEvent } from "../../api-types/audit.ts";
import type { Page } from "../../api-types/common.ts";
import { AUDIT_EVENTS, eventOf } from "../../core/organization/audit-event.ts";
import { NDJSON } from "../../core/http/ndjson.ts";
import type { RateLimit } from "../../core/key/key-record.ts";
import type { Console, ConsoleEnv } from "../context.ts";
import { AuditList } from "../parts/audit-list.tsx";
import { AUDIT_SUBJECTS, nameOfEvents } from "../parts/audit-words.ts";
import { Empty, PageHeader } from "../parts/ui.tsx";
import { Icon } from "../parts/icons.tsx";
import { Pages } from "../parts/pages.tsx";
import { FindForm } from "../parts/search-form.tsx";
import { pageForMe } from "../parts/page-for-me.tsx";
import { ZoneChoice } from "../parts/time.tsx";
import { AUDIT, link } from "../paths.ts";
import { refusalPage } from "./error-pages.tsx";

const PAGE_SIZE = 50;
/** Browsers let years have six digits. */
const LAST = "9999-12-31T23:59";
const API = "/-/audit-events";

const text = z.string().trim().catch("");

const Query = z.object({
  actor: text,
  action: text,
  target: text,
  from: text,
  to: text,
  cursor: z.string().optional().catch(undefined),
  trail: z.string().max(2000).optional().catch(undefined),
});
type Query = z.output<typeof Query>;

/** `/audit`: who has changed what, for admins; `/audit/download` is all of it. */
export function addAudit(app: Hono<ConsoleEnv>, { config }: Pick<Console, "config">): void {
  app.get("/audit", async (c) => {
    const query = Query.parse(c.req.query());
    const events = await c
      .get("api")
      .get<Page<AuditEvent>>(API, { ...asked(query), nextCursor: query.cursor, limit: `${PAGE_SIZE}` });
    if (isRefusal(events)) return refusalPage(c, events);
    const { csrf } = c.get("session");
    return pageForMe(c, "Audit", "audit", () => (
      <Audit query={query} events={events} csrf={csrf} usual={config.rateLimit} />
    ));
  });

  app.get("/audit/download", async (c) => {
    const query = Query.parse(c.req.query());
    const lines = await c.get("api").stream(API, asked(query), NDJSON);
    if (isRefusal(lines)) return refusalPage(c, lines);
    const day = new Date().toISOString().slice(0, 10);
    return c.body(lines, 200, {
      "Content-Type": NDJSON,
      "Content-Disposition": `attachment; filename="audit-${day}.ndjson"`,
    });
  });
}

/** The query as the control API takes it. */
function asked({ actor, action, target, from, to }: Query) {
  return { actor, action, target, from: from && `${from}:00Z`, to: to && `${to}:00Z` };
}

const Audit: FC<{ query: Query; events: Page<AuditEvent>; csrf: string; usual: RateLimit }> = ({
  query,
  events,
  csrf,
  usual,
}) => {
  const filters = { ...query, cursor: undefined, trail: undefined };
  return (
    <>
      <PageHeader title="Audit">
        <ZoneChoice />
        <a role="button" class="secondary outline" href={link(`${AUDIT}/download`, filters)} data-saves="">
          <Icon name="download" /> Download
        </a>
      </PageHeader>
      <Filters query={query} events={events.data} csrf={csrf} />
      {events.data.length === 0 ? (
        <Empty icon="list" title="No events">
          <p>No event matches the filters.</p>
          <a href={AUDIT}>Show everything</a>
        </Empty>
      ) : (
        <AuditList
          events={events.data}
          usual={usual}
          narrowed={(filter) => link(AUDIT, { ...filters, ...filter })}
        />
      )}
      <Pages
        path={AUDIT}
        query={query}
        nextCursor={events.pagination.nextCursor}
        shown={events.data.length}
        pageSize={PAGE_SIZE}
      />
    </>
  );
};

const Filters: FC<{ query: Query; events: readonly AuditEvent[]; csrf: string }> = ({
  query,
  events,
  csrf,
}) => (
  <search>
    <FindForm class="card sieve" csrf={csrf} at="audit">
      <label>
        Event
        <EventChoice chosen={query.action} />
      </label>
      <label>
        By
        <input
          name="actor"
          list="actors"
          value={query.actor}
          placeholder="Anybody"
          autocomplete="off"
          data-finds-keys=""
        />
      </label>
      <label>
        On
        <input
          name="target"
          list="targets"
          value={query.target}
          placeholder="Anything"
          autocomplete="off"
          data-finds-keys=""
        />
      </label>
      <label>
        From (<span data-zone-name="">UTC</span>)
        <input type="datetime-local" name="from" max={LAST} value={query.from} data-utc={query.from} />
      </label>
      <label>
        Before (<span data-zone-name="">UTC</span>)
        <input type="datetime-local" name="to" max={LAST} value={query.to} data-utc={query.to} />
      </label>
      <div class="decision">
        <button class="secondary outline">Filter</button>
        {Object.values(query).some(Boolean) && <a href={AUDIT}>Clear</a>}
      </div>
      <Names id="actors" names={events.map(({ actor }) => actor.name)} />
      <Names id="targets" names={events.map(({ targetName }) => targetName)} />
    </FindForm>
  </search>
);

/** The events in words; one that has none is shown as it is asked for. */
const EventChoice: FC<{ chosen: string }> = ({ chosen }) => {
  const known: readonly string[] = [...Object.keys(AUDIT_SUBJECTS), ...AUDIT_EVENTS];
  const event = eventOf(chosen);
  return (
    <select name="action">
      <option value="">Any event</option>
      {event !== "" && !known.includes(event) && (
        <option value={event} selected>
          {event}
        </option>
      )}
      {known.map((each) => (
        <option value={each} selected={each === event}>
          {nameOfEvents(each)}
        </option>
      ))}
    </select>
  );
};

const Names: FC<{ id: string; names: readonly (string | null)[] }> = ({ id, names }) => (
  <datalist id={id}>{[...new Set(names)].map((name) => name !== null && <option value={name} />)}</datalist>
);
