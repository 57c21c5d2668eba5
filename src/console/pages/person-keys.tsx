import type { Hono } from "hono";
import { z } from "zod";
import { isRefusal } from "../../core/refusal.ts";
import type { Page } from "../../api-types/common.ts";
import type { Key, KeyDetails } from "../../api-types/keys.ts";
import type { Person, PersonRevoked } from "../../api-types/people.ts";
import type { ConsoleContext, ConsoleEnv } from "../context.ts";
import { textOf } from "../key-form/form-data.ts";
import { Empty, PageHeader } from "../parts/ui.tsx";
import { TextField } from "../parts/fields.tsx";
import { Cancel, Form } from "../parts/form.tsx";
import { Banner } from "../parts/banner.tsx";
import { pageForMe } from "../parts/page-for-me.tsx";
import { Pages } from "../parts/pages.tsx";
import { problemsOf, type Problems } from "../parts/problems.ts";
import { KEYS_AT_ONCE, ReceiptList } from "../parts/receipts.tsx";
import { NotSaved } from "../parts/outcome-banners.tsx";
import { counted, NUMBER } from "../parts/wording.ts";
import { link, ownerPage } from "../paths.ts";
import { callsThrough } from "./calls-through.ts";
import { refusalPage, unconfirmedPage } from "./error-pages.tsx";

const LABELS = { reason: "Why" };

/** What a list of receipts is asked for: those of one cut, of how many keys and when; else of all revoked keys. */
const ReceiptsQuery = z.object({
  at: z.iso.datetime().optional().catch(undefined),
  done: z
    .string()
    .regex(/^\d{1,6}$/)
    .transform(Number)
    .optional()
    .catch(undefined),
  cursor: z.string().optional().catch(undefined),
  trail: z.string().max(2000).optional().catch(undefined),
});

/** `/people/<id>/revoke-keys`: cuts somebody off; `/people/<id>/receipts`: since when each of their keys is dead. */
export function addPersonKeys(app: Hono<ConsoleEnv>): void {
  app.get("/people/:id/revoke-keys", (c) => ask(c, c.req.param("id"), "", {}));

  app.post("/people/:id/revoke-keys", async (c) => {
    const id = c.req.param("id");
    const reason = textOf(await c.req.formData(), "reason");
    if (reason.trim() === "") return ask(c, id, "", { reason: "Must not be empty" });
    const person = await c.get("api").get<Person>(apiPath(id));
    const revoked = await c
      .get("api")
      .change<PersonRevoked>("POST", `${apiPath(id)}/revoke-keys`, { reason });
    if (!isRefusal(revoked)) {
      // What is asked for again is all confirmed by now.
      const done = isRefusal(person) || person.keys === 0 ? revoked.receipts.length : person.keys;
      const at = revoked.receipts
        .map(({ requestedAt }) => requestedAt)
        .toSorted()
        .at(-1);
      return c.redirect(link(receiptsPath(id), { done: `${done}`, at }), 303);
    }
    if (revoked.code === "admission_unavailable") return unconfirmedPage(c, revoked);
    const problems = problemsOf(revoked, LABELS);
    return problems === null ? refusalPage(c, revoked) : ask(c, id, reason, problems);
  });

  app.get("/people/:id/receipts", (c) => receiptsPage(c, c.req.param("id")));
}

function apiPath(id: string): string {
  return `/-/people/${encodeURIComponent(id)}`;
}

/** Where the receipts of somebody's revoked keys are. */
export function receiptsPath(id: string): string {
  return `${ownerPage({ id, kind: "user" })}/receipts`;
}

async function ask(c: ConsoleContext, id: string, reason: string, problems: Problems): Promise<Response> {
  const person = await c.get("api").get<Person>(apiPath(id));
  if (isRefusal(person)) return refusalPage(c, person);
  if (person.keys === 0) return nothingPage(c, person);
  const ended = await liveKeysOf(c, id);
  const calls = ended.length === 0 ? "" : await callsThrough(c, ended);
  const title = `Revoke all keys of ${person.name}?`;
  const back = backTo(person);
  const isWrong = Object.keys(problems).length > 0;
  return pageForMe(
    c,
    title,
    "people",
    () => (
      <>
        <PageHeader title={title} back={back} />
        <NotSaved problems={problems} labels={LABELS} title="No key was revoked yet" />
        <section class="card question">
          <p>
            {person.keys === 1 ? "One key is" : `${counted(person.keys, "key")} are`} revoked for good,
            everywhere, at once. {calls} You get a receipt for each. Roles do not change: this person can
            create new keys until your identity provider removes the role or the account.
          </p>
          <Form action={c.req.path} csrf={c.get("session").csrf} keep="revoke-keys">
            <TextField
              name="reason"
              label={LABELS.reason}
              value={reason}
              problem={problems["reason"]}
              hint="It is kept with the keys and in the audit log."
              placeholder="Laptop stolen"
              focus
            />
            <div class="decision">
              <button class="danger">Revoke all keys</button>
              <Cancel href={back.href} />
            </div>
          </Form>
        </section>
      </>
    ),
    isWrong ? { status: 422 } : {},
  );
}

function backTo({ id, name }: Person): { label: string; href: string } {
  return { label: name, href: ownerPage({ id, kind: "user" }) };
}

function nothingPage(c: ConsoleContext, person: Person): Promise<Response> {
  const title = `Keys of ${person.name}`;
  return pageForMe(c, title, "people", () => (
    <>
      <PageHeader title={title} back={backTo(person)} />
      <Empty icon="key" title="There is no key to revoke">
        <p>{person.name} has no key that is not revoked.</p>
        <a href={receiptsPath(person.id)}>Receipts of revoked keys</a>
      </Empty>
    </>
  ));
}

/** Somebody's keys that are not revoked, as far as there are not very many. */
async function liveKeysOf(c: ConsoleContext, owner: string): Promise<readonly Key[]> {
  const pages = await Promise.all(
    (["active", "disabled", "expired"] as const).map((status) =>
      c.get("api").get<Page<Key>>("/-/api-keys", { owner, status, limit: "500" }),
    ),
  );
  return pages.flatMap((page) => (isRefusal(page) ? [] : page.data));
}

/** The receipts as the organisation has them, the newest keys first. */
async function receiptsPage(c: ConsoleContext, id: string): Promise<Response> {
  const query = ReceiptsQuery.parse(c.req.query());
  const { api } = c.var;
  const [person, keys] = await Promise.all([
    api.get<Person>(apiPath(id)),
    api.get<Page<Key>>("/-/api-keys", {
      owner: id,
      status: "revoked",
      limit: `${KEYS_AT_ONCE}`,
      nextCursor: query.cursor,
    }),
  ]);
  if (isRefusal(person)) return refusalPage(c, person);
  if (isRefusal(keys)) return refusalPage(c, keys);
  const cut = keys.data.filter(({ revokedAt }) => query.at === undefined || revokedAt === query.at);
  const read = await Promise.all(cut.map((key) => api.get<KeyDetails>(`/-/api-keys/${key.id}`)));
  const unread = read.find((key) => isRefusal(key));
  if (isRefusal(unread)) return refusalPage(c, unread);
  const receipts = read.flatMap((key) => (isRefusal(key) ? [] : (key.receipt ?? [])));
  const missing = cut.length - receipts.length;
  const { at, cursor, trail } = query;
  const done = cut.length === 0 ? 0 : (query.done ?? 0);
  const title = done > 0 ? `${counted(done, "key")} revoked` : `Revoked keys of ${person.name}`;
  return pageForMe(c, title, "people", () => (
    <>
      <PageHeader title={title} back={backTo(person)} />
      {done > 0 && missing === 0 && (
        <Banner kind="good" title={done === 1 ? "It is dead everywhere" : "They are dead everywhere"} />
      )}
      {cut.length < keys.data.length && (
        <p class="soft">
          Other keys were revoked at other times. <a href={receiptsPath(id)}>Receipts of all revoked keys</a>
        </p>
      )}
      {missing > 0 && (
        <Banner kind="warn" title={`${NUMBER.format(missing)} not confirmed everywhere yet`}>
          <p>Portcullis keeps trying. A receipt is here once every location has confirmed it.</p>
        </Banner>
      )}
      {receipts.length > 0 ? (
        <ReceiptList receipts={receipts} names={new Map(cut.map((key) => [key.id, key.name]))} />
      ) : (
        missing === 0 && <Empty icon="key" title="No revoked keys" />
      )}
      <Pages
        path={receiptsPath(id)}
        query={{ done: done > 0 ? `${done}` : undefined, at, cursor, trail }}
        nextCursor={keys.pagination.nextCursor}
        // Of one cut these are not the keys that stand here.
        shown={at === undefined ? keys.data.length : 0}
        pageSize={KEYS_AT_ONCE}
      />
    </>
  ));
}
