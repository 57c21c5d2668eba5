import type { Hono } from "hono";
import type { Child, FC } from "hono/jsx";
import type { AuditEvent } from "../../api-types/audit.ts";
import type { Page } from "../../api-types/common.ts";
import type { Key } from "../../api-types/keys.ts";
import type { Me } from "../../api-types/me.ts";
import { ADMIN } from "../../core/organization.ts";
import { USAGE_WINDOWS, type Usage } from "../../api-types/usage.ts";
import { ApiRefusal } from "../api.ts";
import type { ConsoleContext, ConsoleEnv } from "../context.ts";
import { SETTING_NAMES, settingText } from "../key-form/settings.tsx";
import { AuditList } from "../parts/audit-list.tsx";
import { Facts, PageHeader, StatusBadge, Tabs } from "../parts/bits.tsx";
import { Icon } from "../parts/icons.tsx";
import { Banner } from "../parts/notice.tsx";
import { pageForMe } from "../parts/page-for-me.tsx";
import { Moment } from "../parts/time.tsx";
import { UsageChart, UsageTotals } from "../parts/usage-chart.tsx";
import { ALL_KEYS, HOME, keyPage, link, OUTCOMES, SERVICE_USERS, type Outcome } from "../paths.ts";
import { refusalPage } from "./messages.tsx";

const AUDIT_EVENTS = "20";
/** Of its settings, those that the heading does not show. */
const SHOWN = ["scopes", "vaults", "allowedIps", "rateLimit", "expiresAt"] as const;

/** `/keys/<id>`: all about a key, but for its secret, which nobody has. */
export function addKeyDetail(app: Hono<ConsoleEnv>): void {
  app.get("/keys/:id", async (c) => {
    const id = c.req.param("id");
    const window = USAGE_WINDOWS.find((known) => known === c.req.query("window")) ?? "24h";
    const outcome = OUTCOMES.find((known) => known === c.req.query("done"));
    const path = `/-/api-keys/${encodeURIComponent(id)}`;
    // Before the key itself: to be counted, what its guard knows is brought in, the last use too.
    const [usage, events] = await Promise.all([
      c.get("api").get<Usage>(`${path}/usage`, { window }),
      auditOf(c, id),
    ]);
    if (usage instanceof ApiRefusal) return refusalPage(c, usage);
    const key = await c.get("api").get<Key>(path);
    if (key instanceof ApiRefusal) return refusalPage(c, key);
    const asker = await c.get("me");
    const isMine = asker instanceof ApiRefusal || key.owner.id === asker.id;
    return pageForMe(c, key.name, isMine ? "keys" : "all-keys", (me) => (
      <KeyDetail key_={key} me={me} usage={usage} events={events} outcome={outcome} />
    ));
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

interface DetailProps {
  key_: Key;
  me: Me;
  usage: Usage;
  events: readonly AuditEvent[] | null;
  /** What has just been done to it. */
  outcome: Outcome | undefined;
}

const KeyDetail: FC<DetailProps> = ({ key_: key, me, usage, events, outcome }) => (
  <>
    <PageHeader
      back={key.owner.id === me.id ? { label: "My keys", href: HOME } : { label: "All keys", href: ALL_KEYS }}
      title={
        <>
          {key.name} <StatusBadge status={key.status} />
        </>
      }
    >
      <Actions key_={key} me={me} />
    </PageHeader>
    {outcome && <Banner kind="good" title={DONE[outcome]} />}
    {isRetiring(key) && (
      <Banner kind="warn" title="This key was rotated">
        <p>
          Its successor has the same settings. This one stops working{" "}
          <Moment time={key.retiresAt} otherwise="" />.
        </p>
      </Banner>
    )}
    {key.description && <p class="lead">{key.description}</p>}
    <div class="columns">
      <section class="card">
        <h2>Settings</h2>
        <Facts rows={SHOWN.map((setting) => [SETTING_NAMES[setting], settingText(setting, key)] as const)} />
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

/** What can be done with a key, and by whom: a person's key is that person's alone to rotate. */
const Actions: FC<{ key_: Key; me: Me }> = ({ key_: key, me }) => {
  const page = keyPage(key.id);
  if (key.status === "revoked") return <></>;
  return (
    <>
      <a href={`${page}/edit`} role="button" class="secondary outline">
        <Icon name="pencil" /> Edit
      </a>
      {(key.owner.id === me.id || key.owner.kind === "service") && !isRetiring(key) && (
        <a href={`${page}/rotate`} role="button" class="secondary outline">
          <Icon name="rotate" /> Rotate
        </a>
      )}
      <a href={`${page}/${key.disabled ? "enable" : "disable"}`} role="button" class="secondary outline">
        <Icon name={key.disabled ? "play" : "pause"} /> {key.disabled ? "Enable" : "Disable"}
      </a>
      <a href={`${page}/revoke`} role="button" class="danger outline">
        <Icon name="trash" /> Revoke
      </a>
    </>
  );
};

/** Whether the key was rotated and works for a while yet. */
function isRetiring(key: Key): boolean {
  return key.retiresAt !== null && key.revokedAt === null;
}

const DONE: Readonly<Record<Outcome, string>> = {
  saved: "The change is saved and in force everywhere.",
  disabled: "The key is disabled and refused everywhere.",
  enabled: "The key is enabled again.",
};

function recordOf(key: Key): (readonly [string, Child])[] {
  const rows: (readonly [string, Child])[] = [
    ["Key", <code>{key.keyPrefix}…</code>],
    ["Id", <code>{key.id}</code>],
    ["Owner", <Owner owner={key.owner} />],
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

const Owner: FC<{ owner: Key["owner"] }> = ({ owner: { id, kind, name } }) =>
  kind === "user" ? (
    <>{name}</>
  ) : (
    <>
      <a href={`${SERVICE_USERS}/${id}`}>{name}</a> <span class="soft">(service user)</span>
    </>
  );
