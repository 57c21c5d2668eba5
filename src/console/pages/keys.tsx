import type { Hono } from "hono";
import type { FC } from "hono/jsx";
import type { Page } from "../../api-types/common.ts";
import type { Key } from "../../api-types/keys.ts";
import type { Me } from "../../api-types/me.ts";
import { ADMIN, developerVaults } from "../../core/organization.ts";
import { ApiRefusal } from "../api.ts";
import type { ConsoleEnv } from "../context.ts";
import { Empty, PageHeader } from "../parts/bits.tsx";
import { Icon } from "../parts/icons.tsx";
import { KeyList, KeyQuery, PAGE_SIZE, StatusTabs, type ListQuery } from "../parts/key-list.tsx";
import { pageForMe } from "../parts/page-for-me.tsx";
import { HOME } from "../paths.ts";
import { refusalPage } from "./messages.tsx";

/** `/keys`: one's own keys. */
export function addKeyList(app: Hono<ConsoleEnv>): void {
  app.get("/keys", async (c) => {
    const query = KeyQuery.parse(c.req.query());
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
        {keys.data.length === 0 && query.q === "" && developerVaults(me.vaultRoles).length === 0 ? (
          <NoRole me={me} />
        ) : (
          <KeyList path={HOME} query={query} keys={keys} />
        )}
      </>
    ));
  });
}

/** Admins make them for service users, too. */
function mayMakeKeys({ roles, vaultRoles }: Me): boolean {
  return roles.includes(ADMIN) || developerVaults(vaultRoles).length > 0;
}

/** Narrows a list of keys by status and by name. */
const KeyFilters: FC<{ path: string; query: ListQuery }> = ({ path, query }) => (
  <div class="filters">
    <StatusTabs path={path} query={query} />
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

/** For somebody who may have no keys. */
const NoRole: FC<{ me: Me }> = ({ me }) => (
  <Empty icon="lock" title="You have no role on any vault yet">
    <p>
      A key of yours can do what you may do, and so far that is nothing. Roles come from your identity
      provider: ask an admin of <b>{me.orgId}</b> to make you a developer on the vaults that you work with,
      then sign in again.
    </p>
    {me.roles.includes(ADMIN) && (
      <p>As an admin you can make keys for service users, and manage those of others.</p>
    )}
  </Empty>
);
