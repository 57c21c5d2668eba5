import type { Hono } from "hono";
import type { FC } from "hono/jsx";
import { isRefusal } from "../../core/refusal.ts";
import type { KeyUsage, OrganizationUsage } from "../../api-types/usage.ts";
import { USAGE_WINDOWS } from "../../core/usage/windows.ts";
import type { ConsoleEnv } from "../context.ts";
import { PageHeader, Tabs } from "../parts/ui.tsx";
import { pageForMe } from "../parts/page-for-me.tsx";
import { SERIES, UsageChart, UsageTotals } from "../parts/usage-chart.tsx";
import { HOME, link, USAGE } from "../paths.ts";
import { refusalPage } from "./error-pages.tsx";
import { ListTable } from "../parts/list-table.tsx";

/** Rows of the table by key; the page of each other key has its usage. */
const SHOWN_KEYS = 100;
/** The control API counts so many keys one by one. */
const TOLD_KEYS = 1000;
const NUMBER = new Intl.NumberFormat("en");

/** `/usage`: what the organisation's keys were used for, for admins. */
export function addUsage(app: Hono<ConsoleEnv>): void {
  app.get("/usage", async (c) => {
    const window = USAGE_WINDOWS.find((known) => known === c.req.query("window")) ?? "24h";
    const usage = await c.get("api").get<OrganizationUsage>("/-/usage", { window });
    if (isRefusal(usage)) return refusalPage(c, usage);
    return pageForMe(c, "Usage", "usage", () => (
      <>
        <PageHeader title="Usage">
          <Tabs
            label="Time"
            tabs={USAGE_WINDOWS.map((each) => ({
              label: each,
              href: link(USAGE, { window: each }),
              current: each === window,
            }))}
          />
        </PageHeader>
        <section class="card">
          <UsageTotals totals={usage.totals} />
          <UsageChart usage={usage} />
        </section>
        <ByKey usage={usage} />
      </>
    ));
  });
}

const ByKey: FC<{ usage: OrganizationUsage }> = ({ usage: { keys, window } }) => {
  if (keys.length === 0) return null;
  const most = Math.max(...keys.map((key) => key.succeeded));
  return (
    <section aria-labelledby="by-key">
      <h2 id="by-key" class="section">
        By key
      </h2>
      <ListTable kind="numbers" columns={["Key", ...SERIES.map(([, label]) => label)]}>
        {keys.slice(0, SHOWN_KEYS).map((key) => (
          <KeyRow key_={key} window={window} most={most} />
        ))}
      </ListTable>
      {keys.length > SHOWN_KEYS && (
        <p class="soft">
          The {SHOWN_KEYS} busiest of {keys.length >= TOLD_KEYS && "at least "}
          {NUMBER.format(keys.length)} keys.
        </p>
      )}
    </section>
  );
};

const KeyRow: FC<{ key_: KeyUsage; window: string; most: number }> = ({ key_: key, window, most }) => (
  <tr>
    <th scope="row">
      <a href={link(`${HOME}/${key.keyId}`, { window })}>{key.name}</a>
      <code>{key.keyId}</code>
    </th>
    <td data-label="Succeeded">
      {NUMBER.format(key.succeeded)}
      <meter min={0} max={Math.max(most, 1)} value={key.succeeded} aria-hidden="true" />
    </td>
    {SERIES.slice(1).map(([name, label]) => (
      <td data-label={label}>
        <Count count={key[name]} kind={name === "limited" || name === "clientErrors" ? "warned" : "bad"} />
      </td>
    ))}
  </tr>
);

/** A number that should be zero. */
const Count: FC<{ count: number; kind: "warned" | "bad" }> = ({ count, kind }) =>
  count === 0 ? <span class="soft">0</span> : <b class={`badge ${kind}`}>{NUMBER.format(count)}</b>;
