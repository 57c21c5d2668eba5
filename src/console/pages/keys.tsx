import type { Hono } from "hono";
import type { FC } from "hono/jsx";
import { z } from "zod";
import { ADMIN, developerVaults } from "../../core/organization.ts";
import { formatScope } from "../../core/scope.ts";
import { ApiRefusal } from "../api.ts";
import { KEY_STATUSES, type Key, type Me, type Page } from "../api-types.ts";
import type { ConsoleEnv } from "../context.ts";
import { capitalized, Empty, PageHeader, StatusBadge, Tabs } from "../parts/bits.tsx";
import { Icon } from "../parts/icons.tsx";
import { pageForMe } from "../parts/page-for-me.tsx";
import { Ago } from "../parts/time.tsx";
import { HOME, link } from "../paths.ts";
import { refusalPage } from "./messages.tsx";

const PAGE_SIZE = "25";
const FILTERS = [...KEY_STATUSES, "all"] as const;

/** What a list is asked for; a value that cannot be is as good as none. */
const Query = z.object({
  status: z.enum(FILTERS).catch("active"),
  q: z.string().max(100).catch(""),
  cursor: z.string().optional().catch(undefined),
});
type Query = z.output<typeof Query>;

/** `/keys`: one's own keys. */
export function addKeyList(app: Hono<ConsoleEnv>): void {
  app.get("/keys", async (c) => {
    const query = Query.parse(c.req.query());
    const keys = await c.get("api").get<Page<Key>>("/-/api-keys", {
      status: query.status,
      q: query.q,
      nextCursor: query.cursor,
      limit: PAGE_SIZE,
    });
    if (keys instanceof ApiRefusal) return refusalPage(c, keys);
    return pageForMe(c, "My keys", "keys", (me) => (
      <>
        <PageHeader title="My keys">
          {mayMakeKeys(me) && (
            <a href={`${HOME}/new`} role="button">
              <Icon name="plus" /> New key
            </a>
          )}
        </PageHeader>
        <KeyFilters path={HOME} query={query} />
        <KeyList path={HOME} query={query} keys={keys} />
      </>
    ));
  });
}

/** Admins make them for service users, too. */
function mayMakeKeys({ roles, vaultRoles }: Me): boolean {
  return roles.includes(ADMIN) || developerVaults(vaultRoles).length > 0;
}

/** Narrows a list of keys by status and by name. */
export const KeyFilters: FC<{ path: string; query: Query }> = ({ path, query }) => (
  <div class="filters">
    <Tabs
      label="Status"
      tabs={FILTERS.map((status) => ({
        label: capitalized(status),
        href: link(path, { status, q: query.q }),
        current: status === query.status,
      }))}
    />
    <search>
      <form method="get" action={path}>
        <input type="hidden" name="status" value={query.status} />
        <input
          type="search"
          name="q"
          value={query.q}
          maxlength={100}
          placeholder="Search by name"
          aria-label="Search by name"
        />
        <button class="secondary outline">Search</button>
      </form>
    </search>
  </div>
);

/** A page of keys as a table, or what to say when there are none. */
export const KeyList: FC<{ path: string; query: Query; keys: Page<Key> }> = ({ path, query, keys }) => {
  if (keys.data.length === 0) return <NoKeys path={path} query={query} />;
  const { nextCursor } = keys.pagination;
  return (
    <>
      <table class="list">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Status</th>
            <th scope="col">Scopes</th>
            <th scope="col">Expires</th>
            <th scope="col">Last used</th>
            <th scope="col">Created</th>
          </tr>
        </thead>
        <tbody>
          {keys.data.map((key) => (
            <KeyRow key_={key} />
          ))}
        </tbody>
      </table>
      <nav class="pages" aria-label="Pages">
        {query.cursor && <a href={link(path, { status: query.status, q: query.q })}>First page</a>}
        {nextCursor && (
          <a rel="next" href={link(path, { status: query.status, q: query.q, cursor: nextCursor })}>
            Next page <Icon name="chevron" />
          </a>
        )}
      </nav>
    </>
  );
};

const KeyRow: FC<{ key_: Key }> = ({ key_: key }) => (
  <tr>
    <th scope="row">
      <a href={`${HOME}/${key.id}`}>{key.name}</a>
      <code>{key.keyPrefix}…</code>
    </th>
    <td data-label="Status">
      <StatusBadge status={key.status} />
    </td>
    <td data-label="Scopes">
      <Shortened items={key.scopes.map(formatScope)} />
    </td>
    <td data-label="Expires">
      <Ago time={key.expiresAt} otherwise="Never" />
    </td>
    <td data-label="Last used">
      <Ago time={key.lastUsedAt} otherwise="Never" />
    </td>
    <td data-label="Created">
      <Ago time={key.createdAt} otherwise="" />
    </td>
  </tr>
);

/** The first of some names, and how many more there are. */
const Shortened: FC<{ items: readonly string[] }> = ({ items: [first = "", ...more] }) => (
  <>
    <code>{first}</code>
    {more.length > 0 && <span class="soft"> +{more.length}</span>}
  </>
);

const NoKeys: FC<{ path: string; query: Query }> = ({ path, query }) => {
  if (query.q !== "") {
    return (
      <Empty icon="search" title="No key has such a name">
        <p>
          Nothing matches <b>{query.q}</b> among {query.status === "all" ? "all" : `the ${query.status}`}{" "}
          keys.
        </p>
        <a href={link(path, { status: query.status })}>Clear the search</a>
      </Empty>
    );
  }
  if (query.status === "active" || query.status === "all") {
    return (
      <Empty icon="key" title={query.status === "active" ? "No active keys" : "No keys yet"}>
        <p>An API key lets a program call the API in your name, within the limits that you set.</p>
      </Empty>
    );
  }
  return (
    <Empty icon="key" title={`No ${query.status} keys`}>
      <a href={link(path, { status: "all" })}>Show all keys</a>
    </Empty>
  );
};
