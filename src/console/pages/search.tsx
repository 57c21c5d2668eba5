import type { Hono } from "hono";
import type { Child, FC } from "hono/jsx";
import { z } from "zod";
import { isRefusal } from "../../core/refusal.ts";
import type { Page } from "../../api-types/common.ts";
import type { Key } from "../../api-types/keys.ts";
import type { Person } from "../../api-types/people.ts";
import type { ServiceUser } from "../../api-types/service-users.ts";
import { ADMIN } from "../../core/organization/organization.ts";
import type { ApiRefusal, ApiResult } from "../api.ts";
import type { ConsoleContext, ConsoleEnv } from "../context.ts";
import { filterProblems } from "../filters.ts";
import { knownVaults } from "../key-form/known.ts";
import { keysIn, maybeKey, searchedFor } from "../key-text.ts";
import { Empty, KeyStanding, PageHeader } from "../parts/ui.tsx";
import { pageForMe } from "../parts/page-for-me.tsx";
import { MAX_SEARCH, SearchForm, type Searched } from "../parts/search-form.tsx";
import { ALL_KEYS, AUDIT, HOME, PEOPLE, SERVICE_USERS, keyPage, link, ownerPage, SEARCH } from "../paths.ts";
import { formOf } from "../session/form-body.ts";
import { refusalPage, unreadableFilterPage } from "./error-pages.tsx";
import { keysOf } from "../../core/keys-of.ts";

/** So many of each kind are shown. */
const SHOWN = "10";
const LISTS: Readonly<Record<Searched, string>> = {
  keys: HOME,
  "all-keys": ALL_KEYS,
  people: PEOPLE,
  "service-users": SERVICE_USERS,
  audit: AUDIT,
};

const text = z.string().trim().catch("");
/** What somebody types or pastes. */
const TYPED = { actor: text, target: text, ownerName: text, vault: text, q: text };
const Search = z.object({
  /** SHA-256 of what may be the key, the likeliest first. */
  hash: z
    .string()
    .regex(/^[0-9a-f]{64}( [0-9a-f]{64}){0,4}$/)
    .transform((hashes) => hashes.split(" "))
    .catch([]),
  at: z.enum(keysOf(LISTS)).optional().catch(undefined),
  status: text,
  show: text,
  sort: text,
  kind: text,
  owner: text,
  action: text,
  ...TYPED,
  from: text,
  to: text,
});
type Typed = Readonly<Record<keyof typeof TYPED, string>>;

/** `/search`: one search over keys by name, id, beginning and whole string, and over people and service users. */
export function addSearch(app: Hono<ConsoleEnv>): void {
  app.post("/search", async (c) => {
    const { hash, at, ...fields } = Search.parse(await formOf(c));
    const { names, keys, perhaps } = readTyped(fields);
    const narrowed = { ...withoutKeys(fields), ...names };
    const surely = [...hash.map((each) => ({ hash: each })), ...keys.map((key) => ({ key }))];
    const found = await findKey(c, surely.length > 0 ? surely : perhaps.map((key) => ({ key })));
    if (isRefusal(found) && surely.length > 0) return refusalPage(c, found);
    if (found !== null && !isRefusal(found)) {
      return c.redirect(
        at === "audit" ? link(AUDIT, { ...narrowed, target: found.id }) : keyPage(found.id),
        303,
      );
    }
    const problems = filterProblems(narrowed);
    if (problems.length > 0) {
      return unreadableFilterPage(c, problems, {
        path: at === undefined ? SEARCH : LISTS[at],
        query: narrowed,
      });
    }
    const list = at === undefined ? null : link(LISTS[at], narrowed);
    if (surely.length > 0) return noKeyPage(c, list);
    return c.redirect(list ?? link(SEARCH, { q: names.q }), 303);
  });

  app.get("/search", async (c) => {
    const q = text.parse(c.req.query("q"));
    const me = await c.get("me");
    if (isRefusal(me)) return refusalPage(c, me);
    if (q === "") return searchPage(c, "", null);
    const results = await resultsOf(c, q, me.roles.includes(ADMIN));
    return isRefusal(results) ? refusalPage(c, results) : searchPage(c, q, results);
  });
}

/** No key stands in an address, whichever field it is in. */
function withoutKeys<Fields extends Readonly<Record<string, string>>>(fields: Fields): Partial<Fields> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value.length > MAX_SEARCH || keysIn(value).length === 0),
  ) as Partial<Fields>;
}

interface Read {
  /** What is searched for by name, which may stand in an address. */
  readonly names: Typed;
  /** What is a key, and what may be one as well as a name. */
  readonly keys: readonly string[];
  readonly perhaps: readonly string[];
}

function readTyped(fields: Typed): Read {
  const typed = keysOf(TYPED).map((name) => [name, fields[name]] as const);
  const looked = typed.map(([, value]) => value).filter((value) => value.length <= MAX_SEARCH);
  const names = typed.map(([name, value]) => [name, nameIn(value)]);
  return {
    names: Object.fromEntries(names) as Typed,
    keys: looked.flatMap(keysIn),
    perhaps: looked.flatMap((value) => maybeKey(value) ?? []),
  };
}

/** What is searched for by name; a text that is too long to be looked through for keys stays as it is, to be refused. */
function nameIn(value: string): string {
  if (value.length > MAX_SEARCH) return value;
  return keysIn(value).length > 0 ? "" : searchedFor(value);
}

/** The key of the first of some strings or hashes that is one; they are neither kept nor shown. */
async function findKey(c: ConsoleContext, wanted: readonly object[]): Promise<ApiResult<Key | null>> {
  for (const each of wanted) {
    const found = await c.get("api").change<Page<Key>>("POST", "/-/api-keys/search", each);
    if (isRefusal(found)) return found;
    const [key] = found.data;
    if (key !== undefined) return key;
  }
  return null;
}

/** `list`: the list that was searched, as it was narrowed down besides. */
function noKeyPage(c: ConsoleContext, list: string | null): Promise<Response> {
  return searchPage(
    c,
    "",
    <Empty icon="search" title="No key matches">
      <p>
        You can see no key with this secret, and no revoked one either. Check that it was copied in full. The
        text that you entered is not stored.
      </p>
      <p>
        If you have only a part of it, search for its first characters, up to 12 after the underscore. You can
        also search for a part of the key’s name.
      </p>
      {list !== null && (
        <p>
          <a href={list}>Back to the list as it was narrowed down</a>
        </p>
      )}
    </Empty>,
  );
}

function searchPage(c: ConsoleContext, q: string, results: Child): Promise<Response> {
  return pageForMe(c, "Search", "search", () => (
    <>
      <PageHeader title="Search" />
      <div class="filters search-page">
        <SearchForm csrf={c.get("session").csrf} value={q} label="Name, id or whole key" focus={q === ""} />
      </div>
      {results ?? (
        <p class="soft">
          Finds keys, people, service users and vaults. You can paste a whole key, even a leaked one
          <span class="with-scripts">: your browser hashes it, and only the hash is sent</span>.
        </p>
      )}
    </>
  ));
}

async function resultsOf(c: ConsoleContext, q: string, isAdmin: boolean): Promise<Child | ApiRefusal> {
  const api = c.get("api");
  const asked = { q, limit: SHOWN };
  const [keys, people, users, vaults] = await Promise.all([
    api.get<Page<Key>>("/-/api-keys", { ...asked, status: "all", owner: isAdmin ? "*" : undefined }),
    isAdmin ? api.get<Page<Person>>("/-/people", asked) : NOBODY,
    isAdmin ? api.get<Page<ServiceUser>>("/-/service-users", asked) : NOBODY,
    knownVaults(c),
  ]);
  // What could not be asked for is not what is not there.
  if (isRefusal(keys)) return keys;
  if (isRefusal(people)) return people;
  if (isRefusal(users)) return users;
  const found = { keys: keys.data, people: people.data, users: users.data };
  const named = [...(vaults?.inUse ?? []), ...(vaults?.unproven ?? [])].filter((id) => id === q);
  if (found.keys.length + found.people.length + found.users.length + named.length === 0) {
    return (
      <Empty icon="search" title="Nothing found">
        <p>
          No name, key id or beginning of a key matches <b>{q}</b>.
        </p>
      </Empty>
    );
  }
  const all = link(isAdmin ? ALL_KEYS : HOME, { q, status: "all" });
  return (
    <>
      <Group title="Vaults" items={named.map((id) => vaultItem(id, isAdmin ? ALL_KEYS : HOME))} more={null} />
      <Group
        title="Keys"
        items={found.keys.map((key) => keyItem(key))}
        more={found.keys.length >= Number(SHOWN) ? all : null}
      />
      <Group
        title="People"
        items={found.people.map((person) => ownerItem({ ...person, kind: "user" }, person.email))}
        more={found.people.length >= Number(SHOWN) ? link(PEOPLE, { q }) : null}
      />
      <Group
        title="Service users"
        items={found.users.map((user) => ownerItem({ ...user, kind: "service" }, user.description))}
        more={found.users.length >= Number(SHOWN) ? link(SERVICE_USERS, { q }) : null}
      />
    </>
  );
}

const NOBODY: Page<never> = { data: [], pagination: { limit: 0, nextCursor: null } };

function keyItem(key: Key): Child {
  return (
    <>
      <a href={keyPage(key.id)}>{key.name}</a> <KeyStanding key_={key} />
      <small>
        <code>{key.keyPrefix}…</code> of {key.owner.name}
        {key.owner.kind === "service" && " (service user)"}
      </small>
    </>
  );
}

function vaultItem(vault: string, list: string): Child {
  return (
    <>
      <code>{vault}</code> <a href={link(list, { vault })}>Keys that can see it</a>
    </>
  );
}

function ownerItem(
  owner: { id: string; kind: "user" | "service"; name: string },
  detail: string | null,
): Child {
  return (
    <>
      <a href={ownerPage(owner)}>{owner.name}</a>
      {detail && <small>{detail}</small>}
    </>
  );
}

const Group: FC<{ title: string; items: readonly Child[]; more: string | null }> = ({ title, items, more }) =>
  items.length === 0 ? null : (
    <section class="card">
      <h2>{title}</h2>
      <ul class="found">
        {items.map((item) => (
          <li>{item}</li>
        ))}
      </ul>
      {more && <a href={more}>All that are found</a>}
    </section>
  );
