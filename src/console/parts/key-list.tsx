import type { FC } from "hono/jsx";
import { z } from "zod";
import type { Page } from "../../api-types/common.ts";
import { KEY_STATUSES, type Key } from "../../api-types/keys.ts";
import { formatScope } from "../../core/scope.ts";
import { HOME, link } from "../paths.ts";
import { capitalized, Empty, KeyStanding, Tabs } from "./bits.tsx";
import { Icon } from "./icons.tsx";
import { Ago } from "./time.tsx";

/** Keys on a page. */
export const PAGE_SIZE = "25";
const FILTERS = [...KEY_STATUSES, "all"] as const;

/** What a list is asked for; a value that cannot be is as good as none. */
export const KeyQuery = z.object({
  status: z.enum(FILTERS).catch("active"),
  q: z.string().max(100).catch(""),
  cursor: z.string().optional().catch(undefined),
});

/** What a list of keys shows: of which status, and what else of it has been narrowed down. */
export interface ListQuery extends z.output<typeof KeyQuery> {
  readonly owner?: string | undefined;
  readonly kind?: string | undefined;
}

/** The statuses of keys to choose from. */
export const StatusTabs: FC<{ path: string; query: ListQuery }> = ({ path, query }) => (
  <Tabs
    label="Status"
    tabs={FILTERS.map((status) => ({
      label: capitalized(status),
      href: link(path, { ...query, status, cursor: undefined }),
      current: status === query.status,
    }))}
  />
);

interface ListProps {
  path: string;
  query: ListQuery;
  keys: Page<Key>;
  /** Where the keys of one owner are; absent where all are one owner's. */
  ownerPath?: (ownerId: string) => string;
}

/** A page of keys as a table, or what to say when there are none. */
export const KeyList: FC<ListProps> = ({ path, query, keys, ownerPath }) => {
  if (keys.data.length === 0) return <NoKeys path={path} query={query} />;
  const { nextCursor } = keys.pagination;
  return (
    <>
      <table class="list">
        <thead>
          <tr>
            <th scope="col">Name</th>
            {ownerPath && <th scope="col">Owner</th>}
            <th scope="col">Status</th>
            <th scope="col">Scopes</th>
            <th scope="col">Expires</th>
            <th scope="col">Last used</th>
            {!ownerPath && <th scope="col">Created</th>}
          </tr>
        </thead>
        <tbody>
          {keys.data.map((key) => (
            <KeyRow key_={key} ownerPath={ownerPath} />
          ))}
        </tbody>
      </table>
      <nav class="pages" aria-label="Pages">
        {query.cursor && <a href={link(path, { ...query, cursor: undefined })}>First page</a>}
        {nextCursor && (
          <a rel="next" href={link(path, { ...query, cursor: nextCursor })}>
            Next page <Icon name="chevron" />
          </a>
        )}
      </nav>
    </>
  );
};

const KeyRow: FC<{ key_: Key; ownerPath: ListProps["ownerPath"] }> = ({ key_: key, ownerPath }) => (
  <tr>
    <th scope="row">
      <a href={`${HOME}/${key.id}`}>{key.name}</a>
      <code>{key.keyPrefix}…</code>
    </th>
    {ownerPath && (
      <td data-label="Owner">
        <a class="quiet" href={ownerPath(key.owner.id)}>
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
    </td>
    <td data-label="Expires">
      <Ago time={endOf(key)} otherwise={key.status === "revoked" ? "" : "Never"} />
    </td>
    <td data-label="Last used">
      <Ago time={key.lastUsedAt} otherwise="Never" />
    </td>
    {!ownerPath && (
      <td data-label="Created">
        <Ago time={key.createdAt} otherwise="" />
      </td>
    )}
  </tr>
);

/** The first of some names, and how many more there are. */
const Shortened: FC<{ items: readonly string[] }> = ({ items: [first = "", ...more] }) => (
  <>
    <code>{first}</code>
    {more.length > 0 && <span class="soft"> +{more.length}</span>}
  </>
);

const NoKeys: FC<{ path: string; query: ListQuery }> = ({ path, query }) => {
  if (query.q !== "") {
    return (
      <Empty icon="search" title="No key has such a name">
        <p>
          Nothing matches <b>{query.q}</b> among {query.status === "all" ? "all" : `the ${query.status}`}{" "}
          keys.
        </p>
        <a href={link(path, { ...query, q: undefined, cursor: undefined })}>Clear the search</a>
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
      <a href={link(path, { ...query, status: "all", cursor: undefined })}>Show all keys</a>
    </Empty>
  );
};

/** When the key ends by itself: when it expires or, once rotated, retires. A revoked one has ended. */
function endOf({ status, expiresAt, retiresAt }: Key): string | null {
  if (status === "revoked") return null;
  const ends = [expiresAt, retiresAt].filter((end) => end !== null);
  return ends.toSorted()[0] ?? null;
}
