import type { Child, FC } from "hono/jsx";
import type { Page } from "../../api-types/common.ts";
import type { KeyCounts } from "../../api-types/key-acts.ts";
import type { Key } from "../../api-types/keys.ts";
import { isOpen } from "../../core/key/ip-allowlist.ts";
import { formatScope } from "../../core/policy/scope.ts";
import { HOME, link, ownerPage, SELECTED_KEYS } from "../paths.ts";
import { KeyStanding } from "./ui.tsx";
import { End } from "./key-end.tsx";
import { NoKeys } from "./key-filters.tsx";
import { fromTheStart, HYGIENE, PAGE_SIZE, type ListQuery } from "./key-query.ts";
import { Pages } from "./pages.tsx";
import { Ago } from "./time.tsx";
import { Code } from "./code.tsx";

interface ListProps {
  path: string;
  query: ListQuery;
  keys: Page<Key>;
  /** Whose keys these are, for what is said when there are none: the reader's, everybody's, or somebody's. */
  whose: "mine" | "everybody's" | { readonly name: string };
  /** Whether each row says whose key it is; not where all are one owner's. */
  owners?: boolean;
  counts?: KeyCounts["counts"];
  /** Where the keys are that are not on this page, if this is no list to leaf through. */
  elsewhere?: Child;
}

/** A page of keys as a table, or what to say when there are none. What is chosen in it is acted on together. */
export const KeyList: FC<ListProps> = ({
  path,
  query,
  keys,
  whose,
  owners = false,
  counts = null,
  elsewhere = null,
}) => {
  if (keys.data.length === 0) return <NoKeys path={path} query={query} whose={whose} />;
  const head = (by: string, label: string) => <SortHead path={path} query={query} by={by} label={label} />;
  return (
    <>
      <form method="get" action={SELECTED_KEYS} class="choose" data-choose="">
        <table class="list keys">
          <thead>
            <tr>
              <th scope="col" class="box">
                <input type="checkbox" data-choose-all="" aria-label="All keys of this page" hidden />
                <span class="visually-hidden">Select</span>
              </th>
              {head("name", "Name")}
              {owners && <th scope="col">Owner</th>}
              <th scope="col">Status</th>
              <th scope="col">Scopes</th>
              {head("endsAt", "Expires")}
              {head("lastUsedAt", "Last used")}
              {head("createdAt", "Created")}
            </tr>
          </thead>
          <tbody>
            {keys.data.map((key) => (
              <KeyRow key_={key} owners={owners} />
            ))}
          </tbody>
        </table>
        {keys.data.some(({ status }) => status !== "revoked") && (
          <p class="chosen">
            <span data-chosen="" class="soft">
              With those selected:
            </span>
            {keys.data.some(({ status, disabled }) => status !== "revoked" && !disabled) && (
              <button name="act" value="disable" class="secondary outline">
                Disable
              </button>
            )}
            <button name="act" value="revoke" class="danger outline">
              Revoke
            </button>
          </p>
        )}
      </form>
      <p class="soft lag">The last use of a key is here within about a minute; its own page is up to date.</p>
      {elsewhere ?? (
        <Pages
          path={path}
          query={{ ...query }}
          nextCursor={keys.pagination.nextCursor}
          shown={keys.data.length}
          pageSize={PAGE_SIZE}
          total={totalOf(query, counts)}
        />
      )}
    </>
  );
};

/** How many keys the whole list has, where that has been counted. */
function totalOf(query: ListQuery, counts: KeyCounts["counts"]): number | null {
  const narrowed =
    query.q !== "" || query.vault !== "" || query.kind !== undefined || Boolean(query.ownerName);
  if (counts === null || narrowed) return null;
  if (query.show !== undefined) return counts[HYGIENE[query.show].count];
  if (query.status !== "all") return counts[query.status];
  return counts.active + counts.disabled + counts.expired + counts.revoked;
}

/** A column's heading, by which the list is sorted; once more, the other way. */
const SortHead: FC<{ path: string; query: ListQuery; by: string; label: string }> = ({
  path,
  query,
  by,
  label,
}) => {
  const sorted = query.sort ?? "-createdAt";
  const isAscending = sorted === by;
  const isThis = isAscending || sorted === `-${by}`;
  // Names from A, dates from the latest.
  const first = by === "name" || by === "endsAt" ? by : `-${by}`;
  const next = isThis ? (isAscending ? `-${by}` : by) : first;
  const direction = isAscending ? "ascending" : "descending";
  return (
    <th scope="col" aria-sort={isThis ? direction : undefined}>
      <a class="sort" href={link(path, { ...fromTheStart(query), sort: next })}>
        {label}
        {isThis && <span aria-hidden="true">{isAscending ? " ↑" : " ↓"}</span>}
      </a>
    </th>
  );
};

const KeyRow: FC<{ key_: Key; owners: boolean }> = ({ key_: key, owners }) => (
  <tr>
    <td class="box">
      {key.status !== "revoked" && (
        <input type="checkbox" name="id" value={key.id} aria-label={`Select ${key.name}`} />
      )}
    </td>
    <th scope="row">
      <a href={`${HOME}/${key.id}`}>{key.name}</a>
      <code>{key.keyPrefix}…</code>
    </th>
    {owners && (
      <td data-label="Owner">
        <a class="quiet" href={ownerPage(key.owner)}>
          {key.owner.name}
        </a>
        {key.owner.kind === "service" && <span class="tag">Service</span>}
      </td>
    )}
    <td data-label="Status">
      <KeyStanding key_={key} />
    </td>
    <td data-label="Scopes">
      <Shortened items={key.scopes.map(formatScope)} />
      {key.status === "active" && isOpen(key.allowedIps) && <Mark>Any address</Mark>}
    </td>
    <td data-label="Expires">
      <End key_={key} short />
    </td>
    <td data-label="Last used">
      <Ago time={key.lastUsedAt} otherwise="Never" />
    </td>
    <td data-label="Created">
      <Ago time={key.createdAt} otherwise="" />
    </td>
  </tr>
);

/** A mark that asks for attention. */
const Mark: FC<{ children?: Child }> = ({ children }) => <span class="mark">{children}</span>;

/** The first of some names, and how many more there are. */
const Shortened: FC<{ items: readonly string[] }> = ({ items: [first = "", ...more] }) => (
  <>
    <Code text={first} />
    {more.length > 0 && <span class="soft"> +{more.length}</span>}
  </>
);
