import type { Hono } from "hono";
import type { ApiResult } from "../api.ts";
import { isRefusal } from "../../core/refusal.ts";
import type { Page } from "../../api-types/common.ts";
import type { Key } from "../../api-types/keys.ts";
import type { Person, PersonRevoked } from "../../api-types/people.ts";
import type { ConsoleContext, ConsoleEnv } from "../context.ts";
import { textOf } from "../key-form/form-data.ts";
import { PageHeader } from "../parts/ui.tsx";
import { TextField } from "../parts/fields.tsx";
import { Cancel, Form } from "../parts/form.tsx";
import { Banner } from "../parts/banner.tsx";
import { pageForMe } from "../parts/page-for-me.tsx";
import { problemsOf, type Problems } from "../parts/problems.ts";
import { ReceiptList } from "../parts/receipts.tsx";
import { NotSaved } from "../parts/outcome-banners.tsx";
import { counted, NUMBER } from "../parts/wording.ts";
import { ownerPage } from "../paths.ts";
import { callsThrough } from "./calls-through.ts";
import { refusalPage, unconfirmedPage } from "./error-pages.tsx";

const LABELS = { reason: "Why" };

/** `/people/<id>/revoke-keys`: cuts somebody off, with a receipt for each key. */
export function addPersonKeys(app: Hono<ConsoleEnv>): void {
  app.get("/people/:id/revoke-keys", (c) => ask(c, c.req.param("id"), "", {}));

  app.post("/people/:id/revoke-keys", async (c) => {
    const id = c.req.param("id");
    const reason = textOf(await c.req.formData(), "reason");
    if (reason.trim() === "") return ask(c, id, "", { reason: "Say why: it is kept with the keys." });
    const [unrevoked, earlier] = await Promise.all([unrevokedKeysOf(c, id), lastRevokedKeysOf(c, id)]);
    const path = `/-/people/${encodeURIComponent(id)}`;
    const revoked = await c.get("api").change<PersonRevoked>("POST", `${path}/revoke-keys`, { reason });
    if (!isRefusal(revoked)) return receiptsPage(c, id, revoked, unrevoked, earlier);
    if (revoked.code === "admission_unavailable") return unconfirmedPage(c, revoked);
    const problems = problemsOf(revoked, LABELS);
    return problems === null ? refusalPage(c, revoked) : ask(c, id, reason, problems);
  });
}

async function ask(c: ConsoleContext, id: string, reason: string, problems: Problems): Promise<Response> {
  const person = await c.get("api").get<Person>(`/-/people/${encodeURIComponent(id)}`);
  if (isRefusal(person)) return refusalPage(c, person);
  const ended = await unrevokedKeysOf(c, id);
  const calls = ended.length === 0 ? "" : await callsThrough(c, ended);
  const title = `Revoke all keys of ${person.name}?`;
  const back = { label: person.name, href: ownerPage({ id, kind: "user" }) };
  const isWrong = Object.keys(problems).length > 0;
  return pageForMe(
    c,
    title,
    "people",
    () => (
      <>
        <PageHeader title={title} back={back} />
        <NotSaved problems={problems} labels={LABELS} />
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

/** The keys that are revoked with the person, whose names the receipts tell. */
async function unrevokedKeysOf(c: ConsoleContext, owner: string): Promise<readonly Key[]> {
  const statuses = ["active", "disabled", "expired"];
  return (await Promise.all(statuses.map((status) => keysOf(c, owner, status)))).flat();
}

async function keysOf(c: ConsoleContext, owner: string, status: string): Promise<readonly Key[]> {
  const keys: Key[] = [];
  for (let nextCursor: string | undefined = ""; nextCursor !== undefined;) {
    const page = await pageOf(c, { owner, status, nextCursor });
    if (isRefusal(page)) break;
    keys.push(...page.data);
    nextCursor = page.pagination.nextCursor ?? undefined;
  }
  return keys;
}

/** The newest of somebody's revoked keys: those stay on record, and grow in number for ever. */
async function lastRevokedKeysOf(c: ConsoleContext, owner: string): Promise<readonly Key[]> {
  const page = await pageOf(c, { owner, status: "revoked", sort: "-createdAt" });
  return isRefusal(page) ? [] : page.data;
}

function pageOf(c: ConsoleContext, query: Readonly<Record<string, string>>): Promise<ApiResult<Page<Key>>> {
  return c.get("api").get<Page<Key>>("/-/api-keys", { limit: "500", ...query });
}

function receiptsPage(
  c: ConsoleContext,
  id: string,
  { receipts }: PersonRevoked,
  unrevoked: readonly Key[],
  earlier: readonly Key[],
): Promise<Response> {
  const keys = [...unrevoked, ...earlier];
  const lived = new Set(unrevoked.map((key) => key.id));
  const before = receipts.filter(({ keyId }) => !lived.has(keyId)).length;
  // What is asked for again is all confirmed by now.
  const count = before === receipts.length ? before : receipts.length - before;
  const title = `${counted(count, "key")} revoked`;
  const back = { label: keys[0]?.owner.name ?? id, href: ownerPage({ id, kind: "user" }) };
  const banner = count === 1 ? "It is dead everywhere" : "They are dead everywhere";
  return pageForMe(c, title, "people", () => (
    <>
      <PageHeader title={title} back={back} />
      {receipts.length > 0 && <Banner kind="good" title={banner} />}
      {count < receipts.length && (
        <p class="soft">
          {before === 1 ? "One more was" : `${NUMBER.format(before)} more were`} revoked before; the list has
          the receipt{before === 1 ? "" : "s"}, too.
        </p>
      )}
      <ReceiptList receipts={receipts} names={new Map(keys.map((key) => [key.id, key.name]))} />
    </>
  ));
}
