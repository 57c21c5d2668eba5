import type { Hono } from "hono";
import type { FC } from "hono/jsx";
import type { KeyOutcomes } from "../../api-types/key-acts.ts";
import type { Key, KeyDetails } from "../../api-types/keys.ts";
import { isRefusal } from "../../core/refusal.ts";
import { keysOf } from "../../core/keys-of.ts";
import { REFUSALS, type RefusalCode } from "../../core/refusal-table.ts";
import type { ApiResult } from "../api.ts";
import type { ConsoleContext, ConsoleEnv } from "../context.ts";
import { textOf } from "../key-form/form-data.ts";
import { Empty, KeyStanding, PageHeader } from "../parts/ui.tsx";
import { TextField } from "../parts/fields.tsx";
import { Cancel, Form } from "../parts/form.tsx";
import { Banner } from "../parts/banner.tsx";
import { NotSaved } from "../parts/outcome-banners.tsx";
import { problemsOf, type Problems } from "../parts/problems.ts";
import { pageForMe } from "../parts/page-for-me.tsx";
import { KEYS_AT_ONCE, ReceiptList } from "../parts/receipts.tsx";
import { receiptRecord } from "../parts/receipt.tsx";
import { Ago } from "../parts/time.tsx";
import { counted } from "../parts/wording.ts";
import { ALL_KEYS, HOME, keyPage, link, pathOf, SELECTED_KEYS } from "../paths.ts";
import { callsThrough } from "./calls-through.ts";
import { refusalPage } from "./error-pages.tsx";
import { ListTable } from "../parts/list-table.tsx";

const ACTS = {
  revoke: {
    verb: "Revoke",
    done: "revoked",
    text: "A revoked key never works again. Its receipt says when that took effect.",
  },
  disable: {
    verb: "Disable",
    done: "disabled",
    text: "Once this is confirmed, a disabled key is refused everywhere. It can be enabled again.",
  },
} as const;
type Act = keyof typeof ACTS;

/** `/selected-keys`: what is done to several keys at once, with a receipt for each. */
export function addSelectedKeys(app: Hono<ConsoleEnv>): void {
  app.get("/selected-keys", async (c) => {
    const act = actOf(c);
    const keys = await readKeys(c, c.req.queries("id") ?? []);
    if (isRefusal(keys)) return refusalPage(c, keys);
    const open = keys.filter((key) => canBe(act, key));
    return open.length === 0 ? nothingPage(c, keys.length > 0) : askPage(c, act, open);
  });

  app.post("/selected-keys", async (c) => {
    const act = actOf(c);
    const form = await c.req.formData();
    const reason = textOf(form, "reason");
    const keyIds = (c.req.queries("id") ?? []).slice(0, KEYS_AT_ONCE);
    const body = { act, keyIds, ...(reason !== "" && { reason }) };
    const done = await c.get("api").change<KeyOutcomes>("POST", "/-/api-keys/acts", body);
    if (!isRefusal(done)) return c.redirect(doneAt(act, done.outcomes), 303);
    const problems = problemsOf(done, LABELS);
    if (problems === null) return refusalPage(c, done);
    const keys = await readKeys(c, keyIds);
    return isRefusal(keys) ? refusalPage(c, keys) : askPage(c, act, keys, { reason, problems });
  });

  app.get("/selected-keys/done", async (c) => {
    const keys = await readKeys(c, idsIn(c.req.query("ids")));
    if (isRefusal(keys)) return refusalPage(c, keys);
    const refused = refusedIn(c.req.query("refused"));
    return keys.length + refused.size === 0 ? nothingPage(c) : donePage(c, actOf(c), keys, refused);
  });

  app.get("/selected-keys/receipts.json", async (c) => {
    const keys = await readKeys(c, idsIn(c.req.query("ids")));
    if (isRefusal(keys)) return refusalPage(c, keys);
    const receipts = keys.flatMap((key) =>
      key.receipt === undefined ? [] : [receiptRecord(key, key.receipt)],
    );
    c.header("Content-Disposition", `attachment; filename="receipts.json"`);
    return c.body(`${JSON.stringify(receipts, null, 2)}\n`, 200, { "Content-Type": "application/json" });
  });
}

function actOf(c: ConsoleContext): Act {
  return c.req.query("act") === "disable" ? "disable" : "revoke";
}

const KEY_ID = /^key_[0-9A-Za-z]{12}$/;

/** Those of some keys that the reader may see. One that cannot be read is not taken for one that is not there. */
async function readKeys(c: ConsoleContext, ids: readonly string[]): Promise<ApiResult<KeyDetails[]>> {
  const known = [...new Set(ids)].filter((id) => KEY_ID.test(id)).slice(0, KEYS_AT_ONCE);
  const read = await Promise.all(known.map((id) => c.get("api").get<KeyDetails>(`/-/api-keys/${id}`)));
  const unread = read.filter((key) => isRefusal(key)).find(({ code }) => code !== "not_found");
  return unread ?? read.flatMap((key) => (isRefusal(key) ? [] : [key]));
}

/** Whether an act makes anything else of a key. */
function canBe(act: Act, { status, disabled }: Key): boolean {
  return status !== "revoked" && (act === "revoke" || !disabled);
}

/** `selected`: whether there were keys, of which nothing can be made. */
function nothingPage(c: ConsoleContext, selected = false): Promise<Response> {
  return pageForMe(c, "Selected keys", "keys", () => (
    <>
      <PageHeader title="Selected keys" back={{ label: "My keys", href: HOME }} />
      <Empty icon="keys" title={selected ? "There is nothing to do" : "No key was selected"}>
        <p>
          {selected
            ? "Every selected key is disabled or revoked already."
            : "Select keys in a list first. Revoked keys cannot be changed."}
        </p>
      </Empty>
    </>
  ));
}

/** One's own keys are in one list, everybody's in the other. */
async function placeOf(c: ConsoleContext, keys: readonly Key[]) {
  const me = await c.get("me");
  const isMine = isRefusal(me) || keys.every(({ owner }) => owner.id === me.id);
  return isMine
    ? ({ section: "keys", back: { label: "My keys", href: HOME } } as const)
    : ({ section: "all-keys", back: { label: "All keys", href: ALL_KEYS } } as const);
}

const LABELS = { reason: "Why" };
const UNTOUCHED = { reason: "", problems: {} };

async function askPage(
  c: ConsoleContext,
  act: Act,
  keys: readonly Key[],
  { reason, problems }: { readonly reason: string; readonly problems: Problems } = UNTOUCHED,
): Promise<Response> {
  const { verb, done, text } = ACTS[act];
  const what = counted(keys.length, "key");
  const title = `${verb} ${what}?`;
  const [{ section, back }, calls] = await Promise.all([placeOf(c, keys), callsThrough(c, keys)]);
  const isWrong = Object.keys(problems).length > 0;
  const content = (
    <>
      <PageHeader title={title} back={back} />
      <NotSaved problems={problems} labels={LABELS} title={`No key was ${done} yet`} />
      <KeyTable keys={keys} />
      <section class="card question">
        <p>
          {calls} {text}
        </p>
        <Form action={pathOf(c.req.raw)} csrf={c.get("session").csrf} keep="selected-keys">
          {act === "revoke" && (
            <TextField
              name="reason"
              label="Why (optional)"
              value={reason}
              problem={problems["reason"]}
              hint="It is kept with the keys and in the audit log."
            />
          )}
          <div class="decision">
            <button class={act === "revoke" ? "danger" : undefined}>
              {verb} {what}
            </button>
            <Cancel href={back.href} />
          </div>
        </Form>
      </section>
    </>
  );
  return pageForMe(c, title, section, () => content, isWrong ? { status: 422 } : {});
}

const KeyTable: FC<{ keys: readonly Key[] }> = ({ keys }) => (
  <ListTable kind="spaced" columns={["Name", "Owner", "Status", "Last used"]}>
    {keys.map((key) => (
      <tr>
        <th scope="row">
          <a href={keyPage(key.id)}>{key.name}</a>
          <code>{key.keyPrefix}…</code>
        </th>
        <td data-label="Owner">{key.owner.name}</td>
        <td data-label="Status">
          <KeyStanding key_={key} />
        </td>
        <td data-label="Last used">
          <Ago time={key.lastUsedAt} otherwise="Never" />
        </td>
      </tr>
    ))}
  </ListTable>
);

/** The page of receipts, which can be opened again later. */
function doneAt(act: Act, outcomes: KeyOutcomes["outcomes"]): string {
  const refused = outcomes.flatMap(({ keyId, code }) => (code === null ? [] : [`${keyId}:${code}`]));
  const ids = outcomes.map(({ keyId }) => keyId);
  return link(`${SELECTED_KEYS}/done`, { act, ids: ids.join(" "), refused: refused.join(" ") });
}

function idsIn(text = ""): string[] {
  return text.split(" ");
}

/** Why keys were refused, by their ids. */
function refusedIn(text = ""): ReadonlyMap<string, RefusalCode> {
  const pairs = text.split(" ").map((pair) => pair.split(":"));
  return new Map(
    pairs.flatMap(([id = "", code]) => {
      const known = CODES.find((each) => each === code);
      return known === undefined ? [] : [[id, known] as const];
    }),
  );
}

const CODES = keysOf(REFUSALS);

/** What the organisation has on record of keys that were acted on. */
async function donePage(
  c: ConsoleContext,
  act: Act,
  keys: readonly KeyDetails[],
  refused: ReadonlyMap<string, RefusalCode>,
): Promise<Response> {
  const names = new Map(keys.map(({ id, name }) => [id, name]));
  const receipts = keys.flatMap(({ receipt }) => receipt ?? []);
  const isDone = ({ status, disabled }: Key) => status === "revoked" || (act === "disable" && disabled);
  const done = keys.filter(isDone);
  const unread = [...refused.keys()].filter((id) => KEY_ID.test(id) && !names.has(id));
  const others = [...keys.filter((key) => !isDone(key)), ...unread.map((id) => ({ id, name: id }))];
  const pending = done.filter(
    ({ id, status, receipt }) =>
      refused.has(id) || (act === "revoke" && status === "revoked" && receipt === undefined),
  );
  const title = `${counted(done.length, "key")} ${ACTS[act].done}`;
  const { section, back } = await placeOf(c, keys);
  return pageForMe(c, title, section, () => (
    <>
      <PageHeader title={title} back={back} />
      {others.length > 0 && (
        <Banner kind="bad" title={`${counted(others.length, "key")} not ${ACTS[act].done}`}>
          <Reasons keys={others} refused={refused} otherwise={`It is not ${ACTS[act].done} any more.`} />
        </Banner>
      )}
      {pending.length > 0 && (
        <Banner kind="warn" title={`${counted(pending.length, "key")} not confirmed everywhere yet`}>
          <Reasons keys={pending} refused={new Map()} otherwise={UNCONFIRMED} />
        </Banner>
      )}
      {act === "disable" && done.length > 0 && pending.length === 0 && (
        <Banner
          kind="good"
          title={`${done.length === 1 ? "It is" : "They are"} disabled and refused everywhere.`}
        />
      )}
      {receipts.length > 0 && <ReceiptList receipts={receipts} names={names} />}
    </>
  ));
}

const UNCONFIRMED = "It is recorded, and Portcullis keeps trying until every location has confirmed it.";

const Reasons: FC<{
  keys: readonly Pick<Key, "id" | "name">[];
  refused: ReadonlyMap<string, RefusalCode>;
  otherwise: string;
}> = ({ keys, refused, otherwise }) => (
  <ul>
    {keys.map(({ id, name }) => {
      const code = refused.get(id);
      return (
        <li>
          <a href={keyPage(id)}>{name}</a>: {code === undefined ? otherwise : REFUSALS[code].message}
        </li>
      );
    })}
  </ul>
);
