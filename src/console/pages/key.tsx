import type { Hono } from "hono";
import type { Child, FC } from "hono/jsx";
import { isRefusal } from "../../core/refusal.ts";
import type { AuditEvent } from "../../api-types/audit.ts";
import type { Page } from "../../api-types/common.ts";
import type { Key, KeyDetails } from "../../api-types/keys.ts";
import type { Me } from "../../api-types/me.ts";
import type { RateLimit } from "../../core/key/key-record.ts";
import { ADMIN } from "../../core/organization/organization.ts";
import type { Usage } from "../../api-types/usage.ts";
import { USAGE_WINDOWS } from "../../core/usage/windows.ts";
import type { Console, ConsoleContext, ConsoleEnv, OperationNames } from "../context.ts";
import { SETTING_NAMES, settingText } from "../key-form/settings.tsx";
import { AuditList } from "../parts/audit-list.tsx";
import { Facts, KeyStanding, PageHeader, Tabs } from "../parts/ui.tsx";
import { Icon } from "../parts/icons.tsx";
import { End, isRetiring } from "../parts/key-end.tsx";
import { KeyBanners, KeyLink, sectionOf } from "../parts/key-banners.tsx";
import { LastRefusals, MostUsed } from "../parts/key-usage.tsx";
import { Banner } from "../parts/banner.tsx";
import { namedBy, NamedPerson, type Named } from "../parts/named.tsx";
import { pageForMe } from "../parts/page-for-me.tsx";
import { ReceiptCard } from "../parts/receipt.tsx";
import { Moment } from "../parts/time.tsx";
import { UsageChart, UsageTotals } from "../parts/usage-chart.tsx";
import {
  ALL_KEYS,
  AUDIT,
  duplicatePage,
  HOME,
  keyPage,
  link,
  OUTCOMES,
  ownerPage,
  type Outcome,
} from "../paths.ts";
import { refusalPage } from "./error-pages.tsx";
import { successorOf } from "./key-actions.tsx";

const AUDIT_EVENTS = "20";
/** The settings that the heading does not show. */
const SHOWN = ["scopes", "vaults", "allowedIps", "rateLimit", "expiresAt"] as const;

/** `/keys/<id>`: all about a key, but for its secret, which nobody has. */
export function addKeyDetail(app: Hono<ConsoleEnv>, { config }: Console): void {
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
    if (isRefusal(usage)) return refusalPage(c, usage);
    const key = await c.get("api").get<KeyDetails>(path);
    if (isRefusal(key)) return refusalPage(c, key);
    const csrf = c.get("session").csrf;
    const [creator, revoker] = await Promise.all([
      namedBy(c, key.createdBy, key),
      key.revokedBy === null ? null : namedBy(c, key.revokedBy, key),
    ]);
    const successor = isRetiring(key) ? await successorOf(c, key) : null;
    return pageForMe(c, key.name, sectionOf(key, await c.get("me")), (me) => (
      <KeyDetail
        {...{
          key_: key,
          successor,
          me,
          csrf,
          usage,
          events,
          outcome,
          creator,
          revoker,
          names: c.get("operationNames"),
          usual: config.rateLimit,
        }}
      />
    ));
  });
}

/** A key's events, the latest first; `null` for people who may not read them. */
async function auditOf(c: ConsoleContext, id: string): Promise<readonly AuditEvent[] | null> {
  const me = await c.get("me");
  if (isRefusal(me) || !me.roles.includes(ADMIN)) return null;
  const events = await c
    .get("api")
    .get<Page<AuditEvent>>("/-/audit-events", { target: id, limit: AUDIT_EVENTS });
  return isRefusal(events) ? null : events.data;
}

interface DetailProps {
  key_: KeyDetails;
  me: Me;
  csrf: string;
  usage: Usage;
  events: readonly AuditEvent[] | null;
  /** The one that it was rotated to. */
  successor: Key | null;
  /** What has just been done to it. */
  outcome: Outcome | undefined;
  creator: Named;
  /** `null` for a key that is not revoked. */
  revoker: Named | null;
  names: OperationNames;
  /** The rate limit of a key without its own. */
  usual: RateLimit;
}

const KeyDetail: FC<DetailProps> = ({
  key_: key,
  successor,
  me,
  csrf,
  usage,
  events,
  outcome,
  creator,
  revoker,
  names,
  usual,
}) => (
  <>
    <PageHeader
      back={key.owner.id === me.id ? { label: "My keys", href: HOME } : { label: "All keys", href: ALL_KEYS }}
      title={
        <>
          {key.name} <KeyStanding key_={key} />
        </>
      }
    >
      <Actions key_={key} me={me} />
    </PageHeader>
    {outcome && isStill(outcome, key) && <Banner kind="good" title={DONE[outcome]} />}
    <KeyBanners key_={key} csrf={csrf} successor={successor} />
    {key.description && <p class="lead">{key.description}</p>}
    {key.receipt && revoker && <ReceiptCard key_={key} receipt={key.receipt} by={revoker} />}
    <div class="columns">
      <section class="card">
        <h2>Settings</h2>
        <Facts
          rows={SHOWN.map((setting) => {
            const text = setting === "expiresAt" ? <End key_={key} /> : settingText(setting, key, usual);
            return [SETTING_NAMES[setting], text] as const;
          })}
        />
      </section>
      <section class="card">
        <h2>Record</h2>
        <Facts rows={recordOf(key, { me, creator, revoker })} />
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
      <MostUsed usage={usage} names={names} />
    </section>
    {usage.refusals.length > 0 && (
      <section class="card">
        <header class="card-header">
          <h2>Last refusals</h2>
          <span class="soft">The latest 50 of the last 30 days</span>
        </header>
        <LastRefusals refusals={usage.refusals} names={names} />
      </section>
    )}
    {events && (
      <section class="card">
        <h2>Audit</h2>
        <AuditList events={events} usual={usual} />
        {events.length >= Number(AUDIT_EVENTS) && (
          <a href={link(AUDIT, { target: key.id })}>All events of this key</a>
        )}
      </section>
    )}
  </>
);

/** What can be done with a key, and by whom: a person's key is that person's alone to rotate. */
const Actions: FC<{ key_: Key; me: Me }> = ({ key_: key, me }) => {
  const page = keyPage(key.id);
  const duplicate = (
    <a href={duplicatePage(key.id)} role="button" class="secondary outline">
      <Icon name="copy" /> Duplicate
    </a>
  );
  if (key.status === "revoked") return duplicate;
  return (
    <>
      <a href={`${page}/edit`} role="button" class="secondary outline">
        <Icon name="pencil" /> Edit
      </a>
      {duplicate}
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

const DONE: Readonly<Record<Outcome, string>> = {
  saved: "The change is saved and in force everywhere.",
  disabled: "The key is disabled and refused everywhere.",
  enabled: "The key is enabled again.",
};

/** Whether the key is yet as it was left: an address can be opened again when somebody has changed it since. */
function isStill(outcome: Outcome, { status, disabled }: Key): boolean {
  if (status === "revoked") return false;
  return outcome === "saved" || disabled === (outcome === "disabled");
}

function recordOf(
  key: Key,
  { me, creator, revoker }: Pick<DetailProps, "me" | "creator" | "revoker">,
): (readonly [string, Child])[] {
  return [
    ["Begins with", <code>{key.keyPrefix}</code>],
    ["Id", <code>{key.id}</code>],
    ["Owner", <Owner owner={key.owner} linked={me.roles.includes(ADMIN)} />],
    ["Created", <Moment time={key.createdAt} otherwise="" />],
    ...(creator.id === key.owner.id ? [] : [["Created by", <NamedPerson who={creator} />] as const]),
    ["Last used", <Use time={key.lastUsedAt} address={key.lastUsedIp} />],
    ["Last refused", <Use time={key.lastRefusedAt} address={key.lastRefusedIp} />],
    [
      "Version",
      me.roles.includes(ADMIN) ? (
        <>
          {key.version}{" "}
          <a class="open" href={link(AUDIT, { target: key.id })}>
            Changes
          </a>
        </>
      ) : (
        `${key.version}`
      ),
    ],
    ...kinOf(key),
    ...endOf(key, revoker),
  ];
}

/** The key whose place it took, and the one that took its place. */
function kinOf({ predecessorId, successorId }: Key): (readonly [string, Child])[] {
  return [
    ...(predecessorId === null ? [] : [["Replaces", <KeyLink id={predecessorId} />] as const]),
    ...(successorId === null ? [] : [["Replaced by", <KeyLink id={successorId} />] as const]),
  ];
}

function endOf({ revokedAt, revocationReason }: Key, revoker: Named | null): (readonly [string, Child])[] {
  if (revokedAt === null) return [];
  return [
    ["Revoked", <Moment time={revokedAt} otherwise="" />],
    ["Revoked by", revoker && <NamedPerson who={revoker} />],
    ...(revocationReason === null ? [] : [["Reason", revocationReason] as const]),
  ];
}

const Use: FC<{ time: string | null; address: string | null }> = ({ time, address }) => (
  <>
    <Moment time={time} otherwise="Never" />
    {address && (
      <>
        {" "}
        from <code>{address}</code>
      </>
    )}
  </>
);

/** Whose key it is; admins get to the page of the person, who can be cut off there. */
const Owner: FC<{ owner: Key["owner"]; linked: boolean }> = ({ owner, linked }) => (
  <>
    {linked ? <a href={ownerPage(owner)}>{owner.name}</a> : owner.name}
    {owner.kind === "service" && <span class="soft"> (service user)</span>}
  </>
);
