import type { FC } from "hono/jsx";
import type { KeyCounts } from "../../api-types/key-acts.ts";
import { SOON_DAYS, UNUSED_DAYS } from "../../core/key/hygiene.ts";
import { link } from "../paths.ts";
import { MAX_SEARCH } from "./search-form.tsx";
import { capitalized, Empty, Tabs } from "./ui.tsx";
import { FILTERS, fromTheStart, HYGIENE, type Hygiene, type ListQuery } from "./key-query.ts";
import { NUMBER } from "./wording.ts";
import { keysOf } from "../../core/keys-of.ts";

interface Props {
  path: string;
  query: ListQuery;
  counts?: KeyCounts["counts"];
}

/** The statuses of keys to choose from, with how many there are. */
export const StatusTabs: FC<Props> = ({ path, query, counts = null }) => (
  <Tabs
    label="Status"
    tabs={FILTERS.map((status) => ({
      label: capitalized(status),
      count: status === "all" ? undefined : counts?.[status],
      href: link(path, { ...fromTheStart(query), show: undefined, status }),
      current: status === query.status && query.show === undefined,
    }))}
  />
);

/** What may want to be looked at in the active keys. */
export const HygieneFilters: FC<Props> = ({ path, query, counts = null }) => (
  <nav class="chips" aria-label="Keys to look at">
    {keysOf(HYGIENE).map((show) => {
      const isChosen = show === query.show;
      const { label, count } = HYGIENE[show];
      return (
        <a
          href={link(path, { ...fromTheStart(query), status: undefined, show: isChosen ? undefined : show })}
          aria-current={isChosen ? "true" : undefined}
        >
          {label}
          {counts !== null && <span class="count"> {NUMBER.format(counts[count])}</span>}
        </a>
      );
    })}
  </nav>
);

/** Narrows a list down to the keys that can see a vault. */
export const VaultField: FC<{ value: string }> = ({ value }) => (
  <input
    name="vault"
    value={value}
    maxlength={MAX_SEARCH}
    placeholder="Vault id"
    aria-label="Vault id"
    autocomplete="off"
    spellcheck={false}
    data-finds-keys=""
  />
);

/** What a list that is narrowed down to a vault has in it. */
export const SeesVault: FC<{ path: string; query: ListQuery }> = ({ path, query }) =>
  query.vault === "" ? null : (
    <p class="sees">
      Keys that can see <code>{query.vault}</code> now. A key without a list of vaults sees every vault of its
      owner, so it is among them if its owner may use this one.{" "}
      <a href={link(path, { ...fromTheStart(query), vault: undefined })}>Keys of any vault</a>
    </p>
  );

type Whose = "mine" | "everybody's" | { readonly name: string };

export const NoKeys: FC<{ path: string; query: ListQuery; whose: Whose }> = ({ path, query, whose }) => {
  const among = query.status === "all" ? "all keys" : `the ${query.status} keys`;
  if (query.q !== "") {
    return (
      <Empty icon="search" title="No key found">
        <p>
          Nothing matches <b>{query.q}</b> among {among}: no name, no id and no beginning of a key.
        </p>
        <a href={link(path, { ...fromTheStart(query), q: undefined, status: "all" })}>Clear the search</a>
      </Empty>
    );
  }
  if (query.vault !== "") {
    return (
      <Empty
        icon="key"
        title={query.status === "all" ? "No key can see it" : `No ${query.status} key can see it`}
      >
        <p>
          No key among {query.show === undefined ? among : "those"} can see <code>{query.vault}</code> now.
        </p>
        {(query.status !== "all" || query.show !== undefined) && (
          <a href={link(path, { ...fromTheStart(query), show: undefined, status: "all" })}>
            Show keys of any status that can
          </a>
        )}
      </Empty>
    );
  }
  if (query.show !== undefined) {
    const isNarrowed = Boolean(query.owner || query.ownerName || query.kind);
    return (
      <Empty icon="check" title="No such keys">
        <p>{isNarrowed ? "None among the active keys that match the filters." : NOTHING_TO_DO[query.show]}</p>
        <a href={link(path, { ...fromTheStart(query), show: undefined })}>Show all active keys</a>
      </Empty>
    );
  }
  if (query.owner) {
    return (
      <Empty icon="key" title={query.status === "all" ? "No keys" : `No ${query.status} keys`}>
        <p>{typeof whose === "object" ? whose.name : query.owner} has none.</p>
        {query.status !== "all" && (
          <a href={link(path, { ...fromTheStart(query), status: "all" })}>Show keys of any status</a>
        )}
      </Empty>
    );
  }
  if (query.ownerName || query.kind) {
    return (
      <Empty icon="key" title={query.status === "all" ? "No keys" : `No ${query.status} keys`}>
        <p>No owner that matches the filters has one.</p>
        <a href={path}>Show everybody’s keys</a>
      </Empty>
    );
  }
  return <None path={path} query={query} whose={whose} />;
};

export const NONE_SOON = `No active key ends within ${SOON_DAYS} days.`;

const NOTHING_TO_DO: Readonly<Record<Hygiene, string>> = {
  expiring: NONE_SOON,
  unused: `Every active key was used in the last ${UNUSED_DAYS} days or is newer.`,
  "never-used": "Every active key has been used.",
  "no-expiry": "Every active key has an expiry.",
  "any-address": "Every active key is limited to addresses.",
};

const None: FC<{ path: string; query: ListQuery; whose: Whose }> = ({ path, query, whose }) => {
  if (query.status !== "active" && query.status !== "all") {
    return (
      <Empty icon="key" title={`No ${query.status} keys`}>
        <a href={link(path, { ...fromTheStart(query), status: "all" })}>Show all keys</a>
      </Empty>
    );
  }
  return (
    <Empty icon="key" title={query.status === "active" ? "No active keys" : "No keys yet"}>
      <p>{introductionOf(whose)}</p>
    </Empty>
  );
};

function introductionOf(whose: Whose): string {
  if (whose === "mine")
    return "An API key lets a program call the API in your name, within the limits that you set.";
  if (whose === "everybody's")
    return "The organisation has no active key. Developers create keys for themselves, admins for service users.";
  return `${whose.name} has none.`;
}
