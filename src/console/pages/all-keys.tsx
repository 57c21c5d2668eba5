import type { Hono } from "hono";
import type { FC } from "hono/jsx";
import { z } from "zod";
import { isRefusal } from "../../core/refusal.ts";
import type { Page } from "../../api-types/common.ts";
import type { KeyCounts } from "../../api-types/key-acts.ts";
import type { Key } from "../../api-types/keys.ts";
import { VAULT } from "../../core/policy/resource-types.ts";
import type { Console, ConsoleContext, ConsoleEnv } from "../context.ts";
import { PageHeader, Tabs } from "../parts/ui.tsx";
import { HygieneFilters, SeesVault, StatusTabs, VaultField } from "../parts/key-filters.tsx";
import { KeyList } from "../parts/key-list.tsx";
import { askedOf, fromTheStart, KeyQuery } from "../parts/key-query.ts";
import { pageForMe } from "../parts/page-for-me.tsx";
import { FindForm, MAX_SEARCH, SearchForm } from "../parts/search-form.tsx";
import { ALL_KEYS, link } from "../paths.ts";
import { refusalPage } from "./error-pages.tsx";

const KINDS = { "": "Everybody", user: "People", service: "Service users" } as const;

const Query = KeyQuery.extend({
  /** An owner's id. */
  owner: z.string().trim().catch(""),
  /** Part of an owner's name. */
  ownerName: z.string().trim().catch(""),
  kind: z.enum(["user", "service"]).optional().catch(undefined),
});
type Query = z.output<typeof Query>;

/** `/all-keys`: the keys of the whole organisation, for admins. */
export function addAllKeys(app: Hono<ConsoleEnv>, { policy }: Pick<Console, "policy">): void {
  const hasVaults = policy.resourceTypes.has(VAULT);
  app.get("/all-keys", async (c) => {
    const query = Query.parse(c.req.query());
    const owner = query.owner || "*";
    const [keys, counted] = await Promise.all([
      c.get("api").get<Page<Key>>("/-/api-keys", {
        ...askedOf(query, Date.now()),
        owner,
        ownerName: query.ownerName,
        ownerKind: query.kind,
      }),
      c.get("api").get<KeyCounts>("/-/api-keys/counts", { owner }),
    ]);
    if (isRefusal(keys)) return refusalPage(c, keys);
    const all = isRefusal(counted) ? null : counted.counts;
    // Counts are of all keys, so they say nothing of those of some.
    const counts = query.q || query.kind || query.ownerName || query.vault ? null : all;
    const ownerName = query.owner && (keys.data[0]?.owner.name ?? (await ownerNamed(c, query.owner)));
    const { csrf } = c.get("session");
    return pageForMe(c, "All keys", "all-keys", () => (
      <>
        <PageHeader title="All keys" />
        <div class="filters">
          <StatusTabs path={ALL_KEYS} query={query} counts={counts} />
          <Tabs
            label="Whose"
            tabs={Object.entries(KINDS).map(([kind, label]) => ({
              label,
              href: link(ALL_KEYS, { ...fromTheStart(query), kind, owner: undefined }),
              current: kind === (query.kind ?? ""),
            }))}
          />
        </div>
        <Filters query={query} csrf={csrf} ownerName={ownerName} hasVaults={hasVaults} />
        <SeesVault path={ALL_KEYS} query={query} />
        <HygieneFilters path={ALL_KEYS} query={query} counts={counts} />
        <KeyList
          path={ALL_KEYS}
          query={query}
          keys={keys}
          whose={ownerName ? { name: ownerName } : "everybody's"}
          owners
          counts={counts}
        />
      </>
    ));
  });
}

/** The name of an owner without a key to tell it; the id of one that there is not. */
async function ownerNamed(c: ConsoleContext, id: string): Promise<string> {
  const kind = id.startsWith("svc_") ? "service-users" : "people";
  const owner = await c.get("api").get<{ readonly name: string }>(`/-/${kind}/${encodeURIComponent(id)}`);
  return isRefusal(owner) ? id : owner.name;
}

interface FiltersProps {
  query: Query;
  csrf: string;
  ownerName: string;
  hasVaults: boolean;
}

const Filters: FC<FiltersProps> = ({ query, csrf, ownerName, hasVaults }) => {
  const { status, show, sort, kind, owner, vault } = query;
  return (
    <div class="filters">
      <SearchForm
        csrf={csrf}
        value={query.q}
        label="Name, id or whole key"
        at="all-keys"
        keep={{ status, show, sort, kind, owner, ownerName: query.ownerName, vault }}
      />
      {query.owner && (
        <p class="narrowed">
          Keys of <b>{ownerName}</b>{" "}
          <a href={link(ALL_KEYS, { ...fromTheStart(query), owner: undefined })}>Everybody’s keys</a>
        </p>
      )}
      {(hasVaults || !query.owner) && (
        <FindForm csrf={csrf} at="all-keys" keep={{ status, show, sort, kind, owner, q: query.q }}>
          {!query.owner && (
            <input
              name="ownerName"
              value={query.ownerName}
              maxlength={MAX_SEARCH}
              placeholder="Owner’s name"
              aria-label="Owner’s name"
              autocomplete="off"
              data-finds-keys=""
            />
          )}
          {hasVaults && <VaultField value={vault} />}
          <button class="secondary outline">Filter</button>
        </FindForm>
      )}
    </div>
  );
};
