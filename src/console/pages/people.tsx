import type { Hono } from "hono";
import type { Child, FC } from "hono/jsx";
import { z } from "zod";
import { isRefusal } from "../../core/refusal.ts";
import type { Page } from "../../api-types/common.ts";
import type { Key } from "../../api-types/keys.ts";
import type { Organization } from "../../api-types/organization.ts";
import type { Person } from "../../api-types/people.ts";
import type { ConsoleEnv } from "../context.ts";
import { ActiveBadge, Empty, Facts, PageHeader } from "../parts/ui.tsx";
import { Icon } from "../parts/icons.tsx";
import { Many } from "../parts/many.tsx";
import { SearchForm } from "../parts/search-form.tsx";
import { OwnedKeys } from "../parts/owned-keys.tsx";
import { Banner } from "../parts/banner.tsx";
import { Sort, type ListQuery } from "../parts/key-query.ts";
import { Pages } from "../parts/pages.tsx";
import { pageForMe } from "../parts/page-for-me.tsx";
import { Ago, Moment } from "../parts/time.tsx";
import { counted, listed } from "../parts/wording.ts";
import { AUDIT, link, ownerPage, PEOPLE } from "../paths.ts";
import { receiptsPath } from "./person-keys.tsx";
import { Role } from "../parts/role.tsx";
import { refusalPage } from "./error-pages.tsx";
import { ListTable } from "../parts/list-table.tsx";

const PAGE_SIZE = 50;
/** The list shows so many roles of each person. */
const IN_A_ROW = 3;
/** A person's page shows so many keys. */
const SHOWN_KEYS = "25";

const Query = z.object({
  q: z.string().trim().catch(""),
  cursor: z.string().optional().catch(undefined),
  trail: z.string().max(2000).optional().catch(undefined),
});
type Query = z.output<typeof Query>;

/** `/people` and `/people/<id>`: who has a role or a key here, whence, and since when, for admins. */
export function addPeople(app: Hono<ConsoleEnv>): void {
  app.get("/people", async (c) => {
    const query = Query.parse(c.req.query());
    const [people, organization] = await Promise.all([
      c
        .get("api")
        .get<Page<Person>>("/-/people", { q: query.q, nextCursor: query.cursor, limit: `${PAGE_SIZE}` }),
      c.get("organization"),
    ]);
    if (isRefusal(people)) return refusalPage(c, people);
    if (isRefusal(organization)) return refusalPage(c, organization);
    const { csrf } = c.get("session");
    return pageForMe(c, "People", "people", () => (
      <>
        <PageHeader title="People" />
        <div class="filters">
          <SearchForm csrf={csrf} value={query.q} label="Name, address or id" at="people" />
        </div>
        <WithoutRole organization={organization} />
        <PeopleList query={query} people={people} />
      </>
    ));
  });

  app.get("/people/:id", async (c) => {
    const id = c.req.param("id");
    const sort = Sort.parse(c.req.query("sort"));
    const [person, keys] = await Promise.all([
      c.get("api").get<Person>(`/-/people/${encodeURIComponent(id)}`),
      c.get("api").get<Page<Key>>("/-/api-keys", { owner: id, status: "all", sort, limit: SHOWN_KEYS }),
    ]);
    if (isRefusal(person)) return refusalPage(c, person);
    if (isRefusal(keys)) return refusalPage(c, keys);
    return pageForMe(c, person.name, "people", () => <PersonPage person={person} keys={keys} sort={sort} />);
  });
}

const WithoutRole: FC<{ organization: Organization }> = ({
  organization: { groupsWithoutRole: groups = [] },
}) =>
  groups.length === 0 ? null : (
    <Banner
      kind="warn"
      title={`${counted(groups.length, "group")} of your identity provider ${groups.length === 1 ? "gives" : "give"} no role`}
    >
      <p>
        {groups.length > 5 ? groups.slice(0, 5).join(", ") : listed(groups)}
        {groups.length > 5 && ` and ${groups.length - 5} more`}. A group gives the role that it is named
        after, such as <code>admin</code> or <code>*:developer</code>. Rename{" "}
        {groups.length === 1 ? "it" : "them"} there, or map the {groups.length === 1 ? "name" : "names"} to
        roles in <code>SCIM_ROLE_NAMES</code>.
      </p>
    </Banner>
  );

const PeopleList: FC<{ query: Query; people: Page<Person> }> = ({ query, people }) => {
  if (people.data.length === 0) {
    return (
      <Empty icon="person" title="Nobody found">
        <p>
          Everyone with a role or a key is listed here, and everyone that your identity provider provisions by
          SCIM.
        </p>
        {query.q && <a href={PEOPLE}>Show everybody</a>}
      </Empty>
    );
  }
  return (
    <>
      <ListTable columns={["Name", "Status", "Roles", "Keys", "Last sign-in", "SCIM"]}>
        {people.data.map((person) => (
          <PersonRow person={person} />
        ))}
      </ListTable>
      <Pages
        path={PEOPLE}
        query={query}
        nextCursor={people.pagination.nextCursor}
        shown={people.data.length}
        pageSize={PAGE_SIZE}
      />
    </>
  );
};

const PersonRow: FC<{ person: Person }> = ({ person }) => (
  <tr>
    <th scope="row">
      <a href={ownerPage({ id: person.id, kind: "user" })}>{person.name}</a>
      {person.email && person.email !== person.name && <small>{person.email}</small>}
    </th>
    <td data-label="Status">
      <ActiveBadge active={person.active} />
    </td>
    <td data-label="Roles">
      <Roles roles={person.roles} first={IN_A_ROW} />
    </td>
    <td data-label="Keys">{person.keys}</td>
    <td data-label="Last sign-in">
      <Ago time={person.lastSignInAt} otherwise="Never" />
    </td>
    <td data-label="SCIM">
      <Scim scim={person.scim} />
    </td>
  </tr>
);

const ROLE_SOURCES = { token: "by their sign-in", scim: "by SCIM" } as const;

/** Each role once, with all that gives it. */
const Roles: FC<{ roles: Person["roles"]; first?: number | undefined }> = ({ roles, first }) => {
  if (roles.length === 0) return <span class="soft">None</span>;
  const sources = new Map<string, string[]>();
  for (const { role, from } of roles) sources.set(role, [...(sources.get(role) ?? []), ROLE_SOURCES[from]]);
  const items = [...sources].map(([role, from]) => (
    <>
      <Role role={role} /> <small>{listed(from)}</small>
    </>
  ));
  return <Many items={items} first={first} />;
};

const SCIM_STATES = {
  matched: "Known",
  deleted: "Deleted there",
  unmatched: "Has not signed in",
} as const;

const Scim: FC<{ scim: Person["scim"] }> = ({ scim }) => {
  if (scim === null) return <span class="soft">Not known</span>;
  return scim === "matched" ? (
    <>{SCIM_STATES[scim]}</>
  ) : (
    <span class="badge warned">{SCIM_STATES[scim]}</span>
  );
};

const PersonPage: FC<{ person: Person; keys: Page<Key>; sort: ListQuery["sort"] }> = ({
  person,
  keys,
  sort,
}) => {
  const path = ownerPage({ id: person.id, kind: "user" });
  return (
    <>
      <PageHeader
        back={{ label: "People", href: PEOPLE }}
        title={
          <>
            {person.name} <ActiveBadge active={person.active} />
          </>
        }
      >
        <a role="button" class="secondary outline" href={link(AUDIT, { actor: person.id })}>
          <Icon name="list" /> Activity
        </a>
        {person.keys > 0 && (
          <a role="button" class="danger outline" href={`${path}/revoke-keys`}>
            <Icon name="trash" /> Revoke all keys
          </a>
        )}
      </PageHeader>
      <section class="card">
        <Facts rows={factsOf(person)} />
      </section>
      <section aria-labelledby="their-keys">
        <header class="section-header">
          <h2 id="their-keys">Keys</h2>
        </header>
        <OwnedKeys owner={{ id: person.id, kind: "user", name: person.name }} keys={keys} sort={sort} />
      </section>
    </>
  );
};

function factsOf(person: Person): (readonly [string, Child])[] {
  return [
    ["Email", person.email ?? <span class="soft">Not known</span>],
    ["Id", <code>{person.id}</code>],
    ["Roles", <Roles roles={person.roles} />],
    ["Last sign-in", <Moment time={person.lastSignInAt} otherwise="Never" />],
    ["SCIM", <Scim scim={person.scim} />],
    [
      "Keys",
      <>
        {person.keys === 0 ? "None that is not revoked" : counted(person.keys, "key")}{" "}
        <a class="open" href={receiptsPath(person.id)}>
          Receipts of revoked keys
        </a>
      </>,
    ],
  ];
}
