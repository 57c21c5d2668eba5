import type { Hono } from "hono";
import type { Child, FC } from "hono/jsx";
import { isRefusal } from "../../core/refusal.ts";
import type { Page } from "../../api-types/common.ts";
import type { KeyCounts } from "../../api-types/key-acts.ts";
import type { Key } from "../../api-types/keys.ts";
import type { Webhook } from "../../api-types/webhook.ts";
import type { OrganizationUsage } from "../../api-types/usage.ts";
import type { ApiResult } from "../api.ts";
import type { ConsoleContext, ConsoleEnv } from "../context.ts";
import { PageHeader } from "../parts/ui.tsx";
import { Icon } from "../parts/icons.tsx";
import { NONE_SOON } from "../parts/key-filters.tsx";
import { endOf } from "../parts/key-end.tsx";
import { askedOf, HYGIENE, KeyQuery, type Hygiene } from "../parts/key-query.ts";
import { pageForMe } from "../parts/page-for-me.tsx";
import { Ago } from "../parts/time.tsx";
import { SERIES, UsageChart, UsageTotals } from "../parts/usage-chart.tsx";
import { counted, NUMBER } from "../parts/wording.ts";
import { ALL_KEYS, AUDIT, keyPage, link, ORGANIZATION, PEOPLE, USAGE } from "../paths.ts";
import { refusalPage } from "./error-pages.tsx";

/** So many of each kind are named. */
const NAMED = 5;
const SHOWN: readonly Hygiene[] = ["expiring", "unused", "never-used", "any-address", "no-expiry"];

/** `/overview`: what wants to be looked at in the organisation, for admins. */
export function addOverview(app: Hono<ConsoleEnv>): void {
  app.get("/overview", async (c) => {
    const api = c.get("api");
    const [counts, usage, webhook, expiring, organization] = await Promise.all([
      api.get<KeyCounts>("/-/api-keys/counts", { owner: "*" }),
      api.get<OrganizationUsage>("/-/usage", { window: "24h" }),
      api.get<Webhook>("/-/organization/webhook"),
      soonest(c),
      c.get("organization"),
    ]);
    if (isRefusal(counts)) return refusalPage(c, counts);
    if (isRefusal(usage)) return refusalPage(c, usage);
    if (isRefusal(expiring)) return refusalPage(c, expiring);
    const groups = isRefusal(organization) ? [] : (organization.groupsWithoutRole ?? []);
    const deaf = !isRefusal(webhook) && webhook.disabledReason !== null;
    return pageForMe(c, "Overview", "overview", () => (
      <>
        <PageHeader title="Overview">
          <a role="button" class="secondary outline" href={AUDIT}>
            <Icon name="list" /> Latest changes
          </a>
        </PageHeader>
        <Counts counts={counts.counts} />
        <div class="columns">
          <Card title="Expiring next" more={link(ALL_KEYS, { show: "expiring", sort: "expiresAt" })}>
            <Expiring keys={expiring} />
          </Card>
          <Card title="Failing in the last 24 hours" more={USAGE}>
            <Failing usage={usage} />
          </Card>
        </div>
        {(groups.length > 0 || deaf) && (
          <Card title="To fix" more={null}>
            <ul class="found">
              {groups.length > 0 && (
                <li>
                  <a href={PEOPLE}>
                    {counted(groups.length, "group")} of your identity provider{" "}
                    {groups.length === 1 ? "gives" : "give"} no role
                  </a>
                </li>
              )}
              {deaf && (
                <li>
                  <a href={`${ORGANIZATION}/webhook`}>The webhook gets no events</a>
                </li>
              )}
            </ul>
          </Card>
        )}
        <Card title="Requests in the last 24 hours" more={USAGE}>
          <UsageTotals totals={usage.totals} />
          <UsageChart usage={usage} />
        </Card>
      </>
    ));
  });
}

/** The active keys that end first. Those that were rotated have an end before their expiry. */
async function soonest(c: ConsoleContext): Promise<ApiResult<readonly Key[]>> {
  const query = KeyQuery.parse({ show: "expiring", sort: "expiresAt" });
  const asked = { ...askedOf(query, Date.now()), owner: "*", limit: "100" };
  const keys = await c.get("api").get<Page<Key>>("/-/api-keys", asked);
  const end = (key: Key) => Date.parse(endOf(key) ?? "");
  return isRefusal(keys) ? keys : keys.data.toSorted((a, b) => end(a) - end(b)).slice(0, NAMED);
}

/** How many active keys there are, and how many of them want to be looked at, each with the way to them. */
const Counts: FC<{ counts: KeyCounts["counts"] }> = ({ counts }) =>
  counts === null ? null : (
    <ul class="tiles">
      <Tile label="Active keys" count={counts.active} href={ALL_KEYS} />
      {SHOWN.map((show) => (
        <Tile
          label={HYGIENE[show].label}
          count={counts[HYGIENE[show].count]}
          href={link(ALL_KEYS, { show })}
          warned
        />
      ))}
    </ul>
  );

const Tile: FC<{ label: string; count: number; href: string; warned?: boolean }> = ({
  label,
  count,
  href,
  warned = false,
}) => (
  <li class={warned && count > 0 ? "warned" : undefined}>
    <a href={href}>
      <span>{label}</span> <b>{NUMBER.format(count)}</b>
    </a>
  </li>
);

const Card: FC<{ title: string; more: string | null; children?: Child }> = ({ title, more, children }) => (
  <section class="card" aria-label={title}>
    <header class="card-header">
      <h2>{title}</h2>
      {more && (
        <a href={more}>
          Show all <Icon name="chevron" />
        </a>
      )}
    </header>
    {children}
  </section>
);

const Expiring: FC<{ keys: readonly Key[] }> = ({ keys }) =>
  keys.length === 0 ? (
    <p class="soft">{NONE_SOON}</p>
  ) : (
    <ul class="found">
      {keys.map((key) => (
        <li>
          <a href={keyPage(key.id)}>{key.name}</a>{" "}
          <small>
            <Ago time={endOf(key)} otherwise="" />, of {key.owner.name}
          </small>
        </li>
      ))}
    </ul>
  );

/** The keys with the most requests that did not succeed. */
const Failing: FC<{ usage: OrganizationUsage }> = ({ usage }) => {
  const failing = usage.keys
    .map((key) => ({ ...key, failed: SERIES.slice(1).reduce((sum, [name]) => sum + key[name], 0) }))
    .filter(({ failed }) => failed > 0)
    .toSorted((a, b) => b.failed - a.failed);
  if (failing.length === 0) return <p class="soft">No request has failed.</p>;
  return (
    <ul class="found">
      {failing.slice(0, NAMED).map((key) => (
        <li>
          <a href={keyPage(key.keyId)}>{key.name}</a>{" "}
          <small>
            {SERIES.slice(1)
              .filter(([name]) => key[name] > 0)
              .map(([name, label]) => `${NUMBER.format(key[name])} ${label.toLowerCase()}`)
              .join(", ")}
            {`; ${NUMBER.format(key.succeeded)} succeeded`}
          </small>
        </li>
      ))}
    </ul>
  );
};
