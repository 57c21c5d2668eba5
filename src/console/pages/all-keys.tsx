import type { Hono } from "hono";
import type { FC } from "hono/jsx";
import { z } from "zod";
import type { Page } from "../../api-types/common.ts";
import type { Key } from "../../api-types/keys.ts";
import type { ServiceUser } from "../../api-types/service-users.ts";
import { ApiRefusal } from "../api.ts";
import type { ConsoleEnv } from "../context.ts";
import { PageHeader, Tabs } from "../parts/bits.tsx";
import { KeyList, KeyQuery, PAGE_SIZE, StatusTabs } from "../parts/key-list.tsx";
import { pageForMe } from "../parts/page-for-me.tsx";
import { ALL_KEYS, link } from "../paths.ts";
import { refusalPage } from "./messages.tsx";

const KINDS = { "": "Everybody", user: "People", service: "Service users" } as const;

const Query = KeyQuery.extend({
  /** An owner's id. */
  owner: z.string().trim().max(200).catch(""),
  kind: z.enum(["user", "service"]).optional().catch(undefined),
});
type Query = z.output<typeof Query>;

/** `/all-keys`: the keys of the whole organisation, for admins. */
export function addAllKeys(app: Hono<ConsoleEnv>): void {
  app.get("/all-keys", async (c) => {
    const query = Query.parse(c.req.query());
    const [keys, serviceUsers] = await Promise.all([
      c.get("api").get<Page<Key>>("/-/api-keys", {
        status: query.status,
        q: query.q,
        owner: query.owner || "*",
        ownerKind: query.kind,
        nextCursor: query.cursor,
        limit: PAGE_SIZE,
      }),
      c.get("api").get<Page<ServiceUser>>("/-/service-users"),
    ]);
    if (keys instanceof ApiRefusal) return refusalPage(c, keys);
    if (serviceUsers instanceof ApiRefusal) return refusalPage(c, serviceUsers);
    const owners = new Map([...serviceUsers.data, ...keys.data.map(({ owner }) => owner)].map(idAndName));
    return pageForMe(c, "All keys", "all-keys", () => (
      <>
        <PageHeader title="All keys" />
        <Filters query={query} owners={owners} />
        <KeyList path={ALL_KEYS} query={query} keys={keys} ownerPath={(owner) => link(ALL_KEYS, { owner })} />
      </>
    ));
  });
}

function idAndName({ id, name }: { readonly id: string; readonly name: string }): [string, string] {
  return [id, name];
}

const Filters: FC<{ query: Query; owners: ReadonlyMap<string, string> }> = ({ query, owners }) => (
  <>
    <div class="filters">
      <StatusTabs path={ALL_KEYS} query={query} />
      <Tabs
        label="Whose"
        tabs={Object.entries(KINDS).map(([kind, label]) => ({
          label,
          href: link(ALL_KEYS, { ...query, kind, owner: undefined, cursor: undefined }),
          current: kind === (query.kind ?? ""),
        }))}
      />
    </div>
    <search class="filters">
      <form method="get" action={ALL_KEYS}>
        <input type="hidden" name="status" value={query.status} />
        {query.kind && <input type="hidden" name="kind" value={query.kind} />}
        <input
          type="search"
          name="q"
          value={query.q}
          maxlength={100}
          placeholder="Search by name"
          aria-label="Search by name"
        />
        <input
          name="owner"
          list="owners"
          value={query.owner}
          placeholder="Any owner"
          aria-label="Owner"
          autocomplete="off"
        />
        <datalist id="owners">
          {[...owners].map(([id, name]) => (
            <option value={id}>{name}</option>
          ))}
        </datalist>
        <button class="secondary outline">Search</button>
      </form>
      {query.owner && (
        <a href={link(ALL_KEYS, { ...query, owner: undefined, cursor: undefined })}>
          Keys of everybody, not of {owners.get(query.owner) ?? query.owner} alone
        </a>
      )}
    </search>
  </>
);
