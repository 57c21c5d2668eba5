import type { Hono } from "hono";
import type { FC } from "hono/jsx";
import { z } from "zod";
import { isRefusal } from "../../core/refusal.ts";
import type { Page } from "../../api-types/common.ts";
import type { Key } from "../../api-types/keys.ts";
import type { ServiceUser } from "../../api-types/service-users.ts";
import { developerVaults, type VaultRoles } from "../../core/organization/organization.ts";
import type { ConsoleEnv } from "../context.ts";
import { UnknownVaultText } from "../key-form/unknown-vault-text.tsx";
import type { UnknownVault } from "../key-form/unknown-vaults.ts";
import { newAmong } from "../new-vaults.ts";
import { Banner } from "../parts/banner.tsx";
import { ActiveBadge, Empty, Facts, PageHeader } from "../parts/ui.tsx";
import { Icon } from "../parts/icons.tsx";
import { Done } from "../parts/outcome-banners.tsx";
import { Codes } from "../parts/many.tsx";
import { SearchForm } from "../parts/search-form.tsx";
import { OwnedKeys } from "../parts/owned-keys.tsx";
import { Sort, type ListQuery as KeyListQuery } from "../parts/key-query.ts";
import { Pages } from "../parts/pages.tsx";
import { pageForMe } from "../parts/page-for-me.tsx";
import { Ago, Moment } from "../parts/time.tsx";
import { HOME, link, SERVICE_USERS } from "../paths.ts";
import { DeletedServiceUser } from "./deleted-service-user.tsx";
import { refusalPage } from "./error-pages.tsx";
import { ListTable } from "../parts/list-table.tsx";

const PAGE_SIZE = 25;

const ListQuery = z.object({
  q: z.string().trim().catch(""),
  cursor: z.string().optional().catch(undefined),
  trail: z.string().max(2000).optional().catch(undefined),
});
type ListQuery = z.output<typeof ListQuery>;

/** The list shows so many vaults of each. */
const IN_A_ROW = 3;

/** A service user's page shows so many keys. */
const SHOWN_KEYS = "10";

const DONE = {
  created: "The service user is created. It needs a key to do anything.",
  updated: "Saved, and in force for its keys everywhere.",
  activated: "The service user is active again. Keys that were revoked stay revoked: create new ones.",
  deactivated: "The service user is deactivated, and its keys are revoked everywhere.",
} as const;
const DELETED = { deleted: "The service user is deleted, and its keys are revoked everywhere." } as const;
export type ServiceUserDone = keyof typeof DONE | keyof typeof DELETED;

/** What was done to a service user, unless somebody has changed it since: an address can be opened again. */
function stillDone(done: string | undefined, { active }: ServiceUser): string | undefined {
  return done === (active ? "deactivated" : "activated") ? undefined : done;
}

/** `/service-users` and `/service-users/<id>`: users that have keys and cannot sign in, for admins. */
export function addServiceUsers(app: Hono<ConsoleEnv>): void {
  app.get("/service-users", async (c) => {
    const query = ListQuery.parse(c.req.query());
    const users = await c.get("api").get<Page<ServiceUser>>("/-/service-users", {
      limit: `${PAGE_SIZE}`,
      nextCursor: query.cursor,
      q: query.q,
      include: "keys",
    });
    if (isRefusal(users)) return refusalPage(c, users);
    const { csrf } = c.get("session");
    return pageForMe(c, "Service users", "service-users", () => (
      <>
        <PageHeader title="Service users">
          <a role="button" href={`${SERVICE_USERS}/new`}>
            <Icon name="plus" /> New service user
          </a>
        </PageHeader>
        <Done done={c.req.query("done")} texts={DELETED} />
        {(users.data.length > 0 || query.q !== "") && (
          <div class="filters">
            <SearchForm csrf={csrf} value={query.q} label="Name or id" at="service-users" />
          </div>
        )}
        <Users users={users} query={query} />
      </>
    ));
  });

  app.get("/service-users/:id", async (c) => {
    const id = c.req.param("id");
    const sort = Sort.parse(c.req.query("sort"));
    const [user, keys] = await Promise.all([
      c.get("api").get<ServiceUser>(`/-/service-users/${encodeURIComponent(id)}`),
      c.get("api").get<Page<Key>>("/-/api-keys", { owner: id, status: "all", sort, limit: SHOWN_KEYS }),
    ]);
    if (isRefusal(keys)) return refusalPage(c, keys);
    if (isRefusal(user)) {
      const owner = keys.data[0]?.owner;
      if (user.code !== "not_found" || owner?.kind !== "service") return refusalPage(c, user);
      return pageForMe(c, owner.name, "service-users", () => (
        <DeletedServiceUser owner={owner} keys={keys} sort={sort} />
      ));
    }
    const done = c.req.query("done");
    const check = done === undefined ? [] : await newAmong(c, Object.keys(user.vaultRoles));
    return pageForMe(c, user.name, "service-users", () => (
      <UserDetail user={user} keys={keys} sort={sort} done={done} check={check} />
    ));
  });
}

const Users: FC<{ users: Page<ServiceUser>; query: ListQuery }> = ({ users, query }) => {
  if (users.data.length === 0 && query.q !== "") {
    return (
      <Empty icon="robot" title="No service user found">
        <a href={SERVICE_USERS}>Show all service users</a>
      </Empty>
    );
  }
  if (users.data.length === 0) {
    return (
      <Empty icon="robot" title="No service users yet">
        <p>
          A service user has keys but cannot sign in, so its access does not depend on a person who may leave.
          Create one for each program that calls the API.
        </p>
        <a role="button" href={`${SERVICE_USERS}/new`}>
          <Icon name="plus" /> New service user
        </a>
      </Empty>
    );
  }
  return (
    <>
      <ListTable columns={["Name", "Status", "Vaults", "Keys", "Last used", "Created"]}>
        {users.data.map((user) => (
          <tr>
            <th scope="row">
              <a href={`${SERVICE_USERS}/${user.id}`}>{user.name}</a>
              {user.description && <small>{user.description}</small>}
            </th>
            <td data-label="Status">
              <ActiveBadge active={user.active} />
            </td>
            <td data-label="Vaults">
              <Vaults roles={user.vaultRoles} first={IN_A_ROW} />
            </td>
            <td data-label="Keys">{user.keys}</td>
            <td data-label="Last used">
              <Ago time={user.lastUsedAt ?? null} otherwise="Never" />
            </td>
            <td data-label="Created">
              <Ago time={user.createdAt} otherwise="" />
            </td>
          </tr>
        ))}
      </ListTable>
      <Pages
        path={SERVICE_USERS}
        query={query}
        nextCursor={users.pagination.nextCursor}
        shown={users.data.length}
        pageSize={PAGE_SIZE}
      />
    </>
  );
};

const CheckVaults: FC<{ vaults: readonly UnknownVault[] }> = ({ vaults }) =>
  vaults.length === 0 ? null : (
    <Banner kind="warn" title="Check the new vault ids">
      <ul>
        {vaults.map((vault) => (
          <li>
            <UnknownVaultText vault={vault} />
          </li>
        ))}
      </ul>
    </Banner>
  );

interface Detail {
  user: ServiceUser;
  keys: Page<Key>;
  sort: KeyListQuery["sort"];
  done: string | undefined;
  check: readonly UnknownVault[];
}

const UserDetail: FC<Detail> = ({ user, keys, sort, done, check }) => {
  const path = `${SERVICE_USERS}/${user.id}`;
  const newKey = link(`${HOME}/new`, { owner: user.id });
  return (
    <>
      <PageHeader
        back={{ label: "Service users", href: SERVICE_USERS }}
        title={
          <>
            {user.name} <ActiveBadge active={user.active} />
          </>
        }
      >
        <a role="button" class="secondary outline" href={`${path}/edit`}>
          <Icon name="pencil" /> Edit
        </a>
        <a
          role="button"
          class="secondary outline"
          href={`${path}/${user.active ? "deactivate" : "activate"}`}
        >
          <Icon name={user.active ? "pause" : "play"} /> {user.active ? "Deactivate" : "Activate"}
        </a>
        <a role="button" class="danger outline" href={`${path}/delete`}>
          <Icon name="trash" /> Delete
        </a>
      </PageHeader>
      <Done done={stillDone(done, user)} texts={DONE} />
      <CheckVaults vaults={check} />
      <section class="card">
        <Facts
          rows={[
            ["Description", user.description ?? <span class="soft">None</span>],
            ["Vaults", <Vaults roles={user.vaultRoles} />],
            ["Id", <code>{user.id}</code>],
            ["Created", <Moment time={user.createdAt} otherwise="" />],
          ]}
        />
      </section>
      <section aria-labelledby="its-keys">
        <header class="section-header">
          <h2 id="its-keys">Keys</h2>
          {user.active && (
            <a role="button" href={newKey}>
              <Icon name="plus" /> New key
            </a>
          )}
        </header>
        {keys.data.length === 0 ? (
          <Empty icon="key" title="No keys yet">
            <p>
              {user.active
                ? "Create the first one for the program that this service user stands for."
                : "A deactivated service user cannot have keys."}
            </p>
          </Empty>
        ) : (
          <OwnedKeys owner={{ id: user.id, kind: "service", name: user.name }} keys={keys} sort={sort} />
        )}
      </section>
    </>
  );
};

const Vaults: FC<{ roles: VaultRoles; first?: number | undefined }> = ({ roles, first }) => {
  const vaults = developerVaults(roles);
  if (vaults === "*") return <>Every vault, now and later</>;
  if (vaults.length === 0) return <span class="soft">None</span>;
  return <Codes items={vaults} first={first} />;
};
