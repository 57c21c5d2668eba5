import type { Hono } from "hono";
import type { FC } from "hono/jsx";
import { isRefusal } from "../../core/refusal.ts";
import type { Page } from "../../api-types/common.ts";
import type { KeyCounts } from "../../api-types/key-acts.ts";
import type { Key } from "../../api-types/keys.ts";
import type { Me } from "../../api-types/me.ts";
import { ADMIN, developerVaults } from "../../core/organization/organization.ts";
import { VAULT } from "../../core/policy/resource-types.ts";
import type { Console, ConsoleEnv } from "../context.ts";
import { Empty, PageHeader } from "../parts/ui.tsx";
import { Icon } from "../parts/icons.tsx";
import { HygieneFilters, SeesVault, StatusTabs, VaultField } from "../parts/key-filters.tsx";
import { KeyList } from "../parts/key-list.tsx";
import { askedOf, KeyQuery } from "../parts/key-query.ts";
import { pageForMe } from "../parts/page-for-me.tsx";
import { FindForm, SearchForm } from "../parts/search-form.tsx";
import { HOME } from "../paths.ts";
import { refusalPage } from "./error-pages.tsx";

/** `/keys`: one's own keys. */
export function addKeyList(app: Hono<ConsoleEnv>, { policy }: Pick<Console, "policy">): void {
  const hasVaults = policy.resourceTypes.has(VAULT);
  app.get("/keys", async (c) => {
    const query = KeyQuery.parse(c.req.query());
    const api = c.get("api");
    const [keys, counted] = await Promise.all([
      api.get<Page<Key>>("/-/api-keys", askedOf(query, Date.now())),
      api.get<KeyCounts>("/-/api-keys/counts"),
    ]);
    if (isRefusal(keys)) return refusalPage(c, keys);
    // Counts are of all keys, so they say nothing of those of some.
    const counts = isRefusal(counted) || query.vault !== "" ? null : counted.counts;
    const { csrf } = c.get("session");
    const { status, show, sort, vault, q } = query;
    return pageForMe(c, "My keys", "keys", (me) => (
      <>
        <PageHeader title="My keys">
          {mayMakeKeys(me) && (
            <a href={`${HOME}/new`} role="button">
              <Icon name="plus" /> New key
            </a>
          )}
        </PageHeader>
        <div class="filters">
          <StatusTabs path={HOME} query={query} counts={counts} />
          <SearchForm
            csrf={csrf}
            value={query.q}
            label="Name, id or whole key"
            at="keys"
            keep={{ status, show, sort, vault }}
          />
          {hasVaults && (
            <FindForm csrf={csrf} at="keys" keep={{ status, show, sort, q }}>
              <VaultField value={query.vault} />
              <button class="secondary outline">Filter</button>
            </FindForm>
          )}
        </div>
        <SeesVault path={HOME} query={query} />
        {counts !== null && counts.active > 0 && <HygieneFilters path={HOME} query={query} counts={counts} />}
        {keys.data.length === 0 &&
        query.q === "" &&
        query.vault === "" &&
        developerVaults(me.vaultRoles).length === 0 ? (
          <NoRole me={me} />
        ) : (
          <KeyList path={HOME} query={query} keys={keys} whose="mine" counts={counts} />
        )}
      </>
    ));
  });
}

/** Admins make them for service users, too. */
function mayMakeKeys({ roles, vaultRoles }: Me): boolean {
  return roles.includes(ADMIN) || developerVaults(vaultRoles).length > 0;
}

/** For a person who may have no keys. */
const NoRole: FC<{ me: Me }> = ({ me }) => (
  <Empty icon="lock" title="You have no role on any vault yet">
    <p>
      A key can do no more than you may, and you have no role yet. Roles come from your identity provider: ask
      an admin of <b>{me.orgId}</b> to make you a developer on the vaults that you work with, then sign in
      again.
    </p>
    {me.roles.includes(ADMIN) && (
      <p>As an admin you can create keys for service users and manage those of others.</p>
    )}
  </Empty>
);
