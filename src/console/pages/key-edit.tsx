import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Hono } from "hono";
import type { Child } from "hono/jsx";
import { isRefusal } from "../../core/refusal.ts";
import { REFUSALS } from "../../core/refusal-table.ts";
import type { Impact } from "../../api-types/impact.ts";
import type { Key } from "../../api-types/keys.ts";
import type { Me } from "../../api-types/me.ts";
import type { ApiRefusal } from "../api.ts";
import type { Console, ConsoleContext, ConsoleEnv } from "../context.ts";
import { KeyEditor } from "../key-form/editor.tsx";
import { textOf } from "../key-form/form-data.ts";
import { ownerOfKey } from "../key-form/owner.ts";
import { previewOf } from "../key-form/preview.ts";
import { missingProblems, problemsSoFar } from "../key-form/check.ts";
import { fieldProblems, noticeOf, type Notice } from "../key-form/problems.ts";
import { EVERYTHING } from "../key-form/scope-rows.ts";
import { knownVaults } from "../key-form/known.ts";
import { baseOf, merged, parseBase, type Base } from "../key-form/merge.ts";
import { afterStep } from "../key-form/steps.ts";
import { bodyOf, changeOf, formOf, readForm, type KeyBody, type KeyForm } from "../key-form/values.ts";
import { PageHeader } from "../parts/ui.tsx";
import { Unchanged } from "../parts/outcome-banners.tsx";
import { allProblems, type Problems } from "../parts/problems.ts";
import { sectionOf } from "../parts/key-banners.tsx";
import { navigable } from "../parts/page.tsx";
import { keyPage, pathOf } from "../paths.ts";
import { withKey } from "./key-actions.tsx";
import { ChangedMeanwhile, changesSince } from "./key-conflict.tsx";
import { reviewPage } from "./key-review.tsx";
import { refusalPage } from "./error-pages.tsx";

const UNCONFIRMED =
  "The change is saved, but not confirmed everywhere yet. Portcullis keeps trying. Save again to check.";
const REVIEW = { label: "Review the change", value: "review" } as const;
/** For a change that is saved and not confirmed: there is nothing left to review. */
const SAVE_AGAIN = { label: "Save again", value: "save" } as const;
/** What a change of these alone cannot break. */
const HARMLESS = ["name", "description"];

/** `/keys/<id>/edit`: changes a key, after telling what the change would have refused. */
export function addKeyEditing(app: Hono<ConsoleEnv>, console_: Console): void {
  const [firstType = EVERYTHING] = console_.policy.resourceTypes.keys();

  app.get("/keys/:id/edit", (c) =>
    withKey(c, (me, key) => {
      return show(c, console_, { me, key, form: formOf(key), base: baseOf(key), version: key.version });
    }),
  );

  app.post("/keys/:id/edit", async (c) => {
    const data = await c.req.formData();
    const form = readForm(data);
    const step = textOf(data, "do");
    const version = Number(textOf(data, "version"));
    const base = parseBase(textOf(data, "base"));
    return withKey(c, async (me, key) => {
      const edit = { me, key, form, base, version };
      // Changes made meanwhile are shown before anything is decided.
      if (version !== key.version) return conflict(c, console_, edit);
      const change = changeOf(bodyOf(form), key);
      if (step !== "review" && step !== "save")
        return show(c, console_, { ...edit, ...afterStep(form, step, firstType) });
      if (step === "save") return save(c, console_, edit, change);
      if (Object.keys(change).length === 0)
        return show(c, console_, { ...edit, said: <Unchanged what="key" /> });
      return review(c, console_, edit, change);
    });
  });
}

interface Edit {
  readonly me: Me;
  readonly key: Key;
  readonly form: KeyForm;
  /** The key when the form was opened; `null` where that is not known. */
  readonly base: Base | null;
  /** The one that the form was made from. */
  readonly version: number;
}

interface Shown extends Edit {
  readonly focus?: number | null;
  readonly problems?: Problems;
  readonly notice?: Notice;
  /** What else is to be said above the form. */
  readonly said?: Child;
  readonly submit?: { readonly label: string; readonly value: "review" | "save" };
}

async function show(
  c: ConsoleContext,
  console_: Console,
  { me, key, form, base, version, focus = null, problems = {}, notice, said, submit = REVIEW }: Shown,
  status: ContentfulStatusCode = 200,
): Promise<Response> {
  const [owner, known] = await Promise.all([ownerOfKey(c, key, me), knownVaults(c)]);
  const found = problemsSoFar(form, owner, key, Date.now());
  const content = (
    <>
      <PageHeader title={`Edit ${key.name}`} back={{ label: key.name, href: keyPage(key.id) }} />
      <KeyEditor
        action={pathOf(c.req.raw)}
        csrf={c.get("session").csrf}
        api={console_}
        form={form}
        owner={owner}
        preview={previewOf(form, owner, console_.policy, c.get("address"), known)}
        knownVaults={known}
        problems={allProblems(problems, found)}
        notice={notice ?? null}
        address={c.get("address")}
        focus={focus}
        expiresAt={key.expiresAt}
        retiresAt={key.retiresAt}
        hidden={{ version: `${version}`, base: JSON.stringify(base) }}
        submit={submit}
        cancel={keyPage(key.id)}
      >
        {said}
      </KeyEditor>
    </>
  );
  return navigable(c, `Edit ${key.name}`, me, sectionOf(key, me), content, { status });
}

/** The filled-in form over the key as it is now; saving it again changes that version. */
async function conflict(c: ConsoleContext, console_: Console, edit: Edit): Promise<Response> {
  const { key, me, version } = edit;
  const base = baseOf(key);
  const { form, meanwhile } =
    edit.base === null ? { form: edit.form, meanwhile: null } : merged(edit.form, edit.base, base);
  const events = await changesSince(c, me, key.id, version);
  const said = (
    <ChangedMeanwhile key_={key} {...{ form, meanwhile, events }} usual={console_.config.rateLimit} />
  );
  return show(c, console_, { ...edit, form, base, version: key.version, said }, 412);
}

/** Asks before what may break calls; saves what cannot. */
async function review(
  c: ConsoleContext,
  console_: Console,
  edit: Edit,
  change: Partial<KeyBody>,
): Promise<Response> {
  const { key, me, form } = edit;
  if (Object.keys(change).every((field) => HARMLESS.includes(field))) return save(c, console_, edit, change);
  const impact = await c
    .get("api")
    .change<Impact>("POST", `/-/api-keys/${encodeURIComponent(key.id)}/impact`, change);
  if (isRefusal(impact)) return refused(c, console_, edit, impact);
  return reviewPage(c, { me, key, form, base: edit.base, change, impact, usual: console_.config.rateLimit });
}

async function save(
  c: ConsoleContext,
  console_: Console,
  edit: Edit,
  change: Partial<KeyBody>,
): Promise<Response> {
  const { key, version } = edit;
  const path = `/-/api-keys/${encodeURIComponent(key.id)}`;
  const saved = await c.get("api").change<Key>("PATCH", path, change, { version });
  if (isRefusal(saved)) return refused(c, console_, edit, saved);
  return c.redirect(keyPage(key.id, "saved"), 303);
}

function refused(
  c: ConsoleContext,
  console_: Console,
  edit: Edit,
  refusal: ApiRefusal,
): Response | Promise<Response> {
  const { code } = refusal;
  // Changed just between reading and saving: what it has become is read by the page.
  if (code === "version_conflict")
    return withKey(c, (me, key) => conflict(c, console_, { ...edit, me, key }));
  if (["mfa_required", "identity_token_invalid", "not_found"].includes(code)) return refusalPage(c, refusal);
  c.set("reason", `${code} (${refusal.correlationId})`);
  const problems = fieldProblems(refusal, bodyOf(edit.form));
  const said =
    problems === null
      ? { notice: noticeOf(refusal, UNCONFIRMED) }
      : { problems: allProblems(missingProblems(edit.form), problems) };
  // What could not be confirmed is saved nevertheless, and has made a version.
  if (code === "admission_unavailable") {
    return withKey(c, (me, key) =>
      show(
        c,
        console_,
        { ...edit, me, key, base: baseOf(key), version: key.version, submit: SAVE_AGAIN, ...said },
        503,
      ),
    );
  }
  return show(c, console_, { ...edit, ...said }, REFUSALS[code].status);
}
