import type { Hono } from "hono";
import type { Child, FC } from "hono/jsx";
import { ADMIN } from "../../core/organization.ts";
import { formatScope } from "../../core/scope.ts";
import { ApiRefusal } from "../api.ts";
import { USAGE_WINDOWS, type AuditEvent, type Key, type Page, type Usage } from "../api-types.ts";
import type { ConsoleContext, ConsoleEnv } from "../context.ts";
import { AuditList } from "../parts/audit-list.tsx";
import { Facts, PageHeader, StatusBadge, Tabs } from "../parts/bits.tsx";
import { pageForMe } from "../parts/page-for-me.tsx";
import { Moment } from "../parts/time.tsx";
import { UsageChart, UsageTotals } from "../parts/usage-chart.tsx";
import { HOME, link } from "../paths.ts";
import { refusalPage } from "./messages.tsx";

const AUDIT_EVENTS = "20";

/** `/keys/<id>`: all about a key, but for its secret, which nobody has. */
export function addKeyDetail(app: Hono<ConsoleEnv>): void {
  app.get("/keys/:id", async (c) => {
    const id = c.req.param("id");
    const window = USAGE_WINDOWS.find((known) => known === c.req.query("window")) ?? "24h";
    const path = `/-/api-keys/${encodeURIComponent(id)}`;
    // Before the key itself: to be counted, what its guard knows is brought in, the last use too.
    const [usage, events] = await Promise.all([
      c.get("api").get<Usage>(`${path}/usage`, { window }),
      auditOf(c, id),
    ]);
    if (usage instanceof ApiRefusal) return refusalPage(c, usage);
    const key = await c.get("api").get<Key>(path);
    if (key instanceof ApiRefusal) return refusalPage(c, key);
    return pageForMe(c, key.name, "keys", () => <KeyDetail key_={key} usage={usage} events={events} />);
  });
}

/** What has happened to a key, the latest first; `null` for whoever may not read that. */
async function auditOf(c: ConsoleContext, id: string): Promise<readonly AuditEvent[] | null> {
  const me = await c.get("me");
  if (me instanceof ApiRefusal || !me.roles.includes(ADMIN)) return null;
  const events = await c
    .get("api")
    .get<Page<AuditEvent>>("/-/audit-events", { target: id, limit: AUDIT_EVENTS });
  return events instanceof ApiRefusal ? null : events.data;
}

const KeyDetail: FC<{ key_: Key; usage: Usage; events: readonly AuditEvent[] | null }> = ({
  key_: key,
  usage,
  events,
}) => (
  <>
    <PageHeader
      back={{ label: "My keys", href: HOME }}
      title={
        <>
          {key.name} <StatusBadge status={key.status} />
        </>
      }
    />
    {key.description && <p class="lead">{key.description}</p>}
    <div class="columns">
      <section class="card">
        <h2>Settings</h2>
        <Facts rows={settingsOf(key)} />
      </section>
      <section class="card">
        <h2>Record</h2>
        <Facts rows={recordOf(key)} />
      </section>
    </div>
    <section class="card" aria-labelledby="usage">
      <header class="card-header">
        <h2 id="usage">Usage</h2>
        <Tabs
          label="Time"
          tabs={USAGE_WINDOWS.map((window) => ({
            label: window,
            href: `${link(`${HOME}/${key.id}`, { window })}#usage`,
            current: window === usage.window,
          }))}
        />
      </header>
      <UsageTotals totals={usage.totals} />
      <UsageChart usage={usage} />
    </section>
    {events && (
      <section class="card">
        <h2>Audit</h2>
        <AuditList events={events} />
      </section>
    )}
  </>
);

function settingsOf(key: Key): (readonly [string, Child])[] {
  return [
    ["Scopes", <Codes items={key.scopes.map(formatScope)} />],
    [
      "Vaults",
      key.vaults === "*" ? "Every vault that the owner may use, now and later" : <Codes items={key.vaults} />,
    ],
    [
      "Allowed addresses",
      key.allowedIps.length === 0 ? <b class="warn">Any address</b> : <Codes items={key.allowedIps} />,
    ],
    [
      "Rate limit",
      key.rateLimit === null
        ? "As the deployment has it"
        : `${NUMBER.format(key.rateLimit.requests)} requests ${perWindow(key.rateLimit.windowSeconds)}`,
    ],
    ["Expires", <Moment time={key.expiresAt} otherwise="Never" />],
  ];
}

const NUMBER = new Intl.NumberFormat("en");
const UNITS: Readonly<Record<number, string>> = { 1: "second", 60: "minute", 3600: "hour", 86_400: "day" };

function perWindow(seconds: number): string {
  const unit = UNITS[seconds];
  return unit === undefined
    ? `in ${NUMBER.format(seconds)} seconds`
    : `a ${unit}`.replace("a hour", "an hour");
}

function recordOf(key: Key): (readonly [string, Child])[] {
  const rows: (readonly [string, Child])[] = [
    ["Key", <code>{key.keyPrefix}…</code>],
    ["Id", <code>{key.id}</code>],
    ["Owner", key.owner.kind === "service" ? `${key.owner.name} (service user)` : key.owner.name],
    ["Created", <Moment time={key.createdAt} otherwise="" />],
    [
      "Last used",
      <>
        <Moment time={key.lastUsedAt} otherwise="Never" />
        {key.lastUsedIp && (
          <>
            {" "}
            from <code>{key.lastUsedIp}</code>
          </>
        )}
      </>,
    ],
    ["Version", `${key.version}`],
  ];
  if (key.revokedAt !== null) {
    rows.push(["Revoked", <Moment time={key.revokedAt} otherwise="" />], ["Revoked by", key.revokedBy]);
    if (key.revocationReason !== null) rows.push(["Reason", key.revocationReason]);
  }
  return rows;
}

const Codes: FC<{ items: readonly string[] }> = ({ items }) => (
  <ul class="codes">
    {items.map((item) => (
      <li>
        <code>{item}</code>
      </li>
    ))}
  </ul>
);
