import type { Hono } from "hono";
import type { FC } from "hono/jsx";
import type { KeyOutcomes } from "../../api-types/key-acts.ts";
import type { Key, KeyDetails } from "../../api-types/keys.ts";
import { isRefusal } from "../../core/refusal.ts";
import { REFUSALS } from "../../core/refusal-table.ts";
import type { ConsoleContext, ConsoleEnv } from "../context.ts";
import { textOf } from "../key-form/form-data.ts";
import { Empty, KeyStanding, PageHeader } from "../parts/ui.tsx";
import { TextField } from "../parts/fields.tsx";
import { Cancel, Form } from "../parts/form.tsx";
import { Banner } from "../parts/banner.tsx";
import { pageForMe } from "../parts/page-for-me.tsx";
import { KEYS_AT_ONCE, ReceiptList } from "../parts/receipts.tsx";
import { receiptRecord } from "../parts/receipt.tsx";
import { Ago } from "../parts/time.tsx";
import { counted } from "../parts/wording.ts";
import { ALL_KEYS, HOME, keyPage, pathOf } from "../paths.ts";
import { callsThrough } from "./calls-through.ts";
import { refusalPage } from "./error-pages.tsx";

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
    const keys = await keysOf(c, c.req.queries("id") ?? []);
    const open = keys.filter(({ status }) => status !== "revoked");
    return open.length === 0 ? nothingPage(c) : askPage(c, act, open);
  });

  app.post("/selected-keys", async (c) => {
    const act = actOf(c);
    const form = await c.req.formData();
    const reason = textOf(form, "reason");
    const keyIds = (c.req.queries("id") ?? []).slice(0, KEYS_AT_ONCE);
    const body = { act, keyIds, ...(reason !== "" && { reason }) };
    const done = await c.get("api").change<KeyOutcomes>("POST", "/-/api-keys/acts", body);
    if (isRefusal(done)) return refusalPage(c, done);
    return donePage(c, act, done.outcomes, await keysOf(c, keyIds));
  });

  app.get("/selected-keys/receipts.json", async (c) => {
    const keys = await keysOf(c, (c.req.query("ids") ?? "").split(" "));
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

/** Those of some keys that the reader may see. */
async function keysOf(c: ConsoleContext, ids: readonly string[]): Promise<KeyDetails[]> {
  const known = [...new Set(ids)].filter((id) => /^key_[0-9A-Za-z]{12}$/.test(id)).slice(0, KEYS_AT_ONCE);
  const read = await Promise.all(known.map((id) => c.get("api").get<KeyDetails>(`/-/api-keys/${id}`)));
  return read.flatMap((key) => (isRefusal(key) ? [] : [key]));
}

function nothingPage(c: ConsoleContext): Promise<Response> {
  return pageForMe(c, "Selected keys", "keys", () => (
    <>
      <PageHeader title="Selected keys" back={{ label: "My keys", href: HOME }} />
      <Empty icon="keys" title="No key was selected">
        <p>Select keys in a list first. Revoked keys cannot be changed.</p>
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

async function askPage(c: ConsoleContext, act: Act, keys: readonly Key[]): Promise<Response> {
  const { verb, text } = ACTS[act];
  const what = counted(keys.length, "key");
  const title = `${verb} ${what}?`;
  const [{ section, back }, calls] = await Promise.all([placeOf(c, keys), callsThrough(c, keys)]);
  return pageForMe(c, title, section, () => (
    <>
      <PageHeader title={title} back={back} />
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
              value=""
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
  ));
}

const KeyTable: FC<{ keys: readonly Key[] }> = ({ keys }) => (
  <table class="list spaced">
    <thead>
      <tr>
        <th scope="col">Name</th>
        <th scope="col">Owner</th>
        <th scope="col">Status</th>
        <th scope="col">Last used</th>
      </tr>
    </thead>
    <tbody>
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
    </tbody>
  </table>
);

async function donePage(
  c: ConsoleContext,
  act: Act,
  outcomes: KeyOutcomes["outcomes"],
  keys: readonly Key[],
): Promise<Response> {
  const names = new Map(keys.map(({ id, name }) => [id, name]));
  const receipts = outcomes.flatMap(({ receipt }) => (receipt === null ? [] : [receipt]));
  const done = outcomes.filter(({ status }) => status === "done").length;
  const refused = outcomes.filter(({ status }) => status === "refused");
  const title = `${counted(done, "key")} ${ACTS[act].done}`;
  const { section, back } = await placeOf(c, keys);
  return pageForMe(c, title, section, () => (
    <>
      <PageHeader title={title} back={back} />
      {refused.length > 0 && (
        <Banner kind="bad" title={`${counted(refused.length, "key")} not ${ACTS[act].done}`}>
          <ul>
            {refused.map(({ keyId, code }) => (
              <li>
                <a href={keyPage(keyId)}>{names.get(keyId) ?? keyId}</a>:{" "}
                {code === null ? "" : REFUSALS[code].message}
              </li>
            ))}
          </ul>
        </Banner>
      )}
      {done > 0 && act === "disable" && (
        <Banner kind="good" title={`${done === 1 ? "It is" : "They are"} disabled and refused everywhere.`} />
      )}
      {receipts.length > 0 && <ReceiptList receipts={receipts} names={names} />}
    </>
  ));
}
