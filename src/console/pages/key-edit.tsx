import type { Hono } from "hono";
import type { Impact } from "../../api-types/impact.ts";
import type { Key } from "../../api-types/keys.ts";
import type { Me } from "../../api-types/me.ts";
import { ApiRefusal } from "../api.ts";
import type { Console, ConsoleContext, ConsoleEnv } from "../context.ts";
import { KeyEditor } from "../key-form/editor.tsx";
import { textOf } from "../key-form/form-data.ts";
import { ownerOfKey } from "../key-form/owner.ts";
import { previewOf } from "../key-form/preview.ts";
import { problemsSoFar } from "../key-form/check.ts";
import { fieldProblems, noticeOf, type Notice } from "../key-form/problems.ts";
import { EVERYTHING } from "../key-form/scope-rows.ts";
import { SETTING_NAMES, SETTINGS, settingText } from "../key-form/settings.tsx";
import { afterStep } from "../key-form/steps.ts";
import { bodyOf, changeOf, formOf, readForm, type KeyBody, type KeyForm } from "../key-form/values.ts";
import { Facts, PageHeader } from "../parts/bits.tsx";
import { Banner } from "../parts/notice.tsx";
import { allProblems, type Problems } from "../parts/problems.ts";
import { sectionOf } from "../parts/key-banners.tsx";
import { navigable } from "../parts/page.tsx";
import { keyPage, pathOf } from "../paths.ts";
import { withKey } from "./key-actions.tsx";
import { reviewPage } from "./key-review.tsx";
import { refusalPage } from "./messages.tsx";

const UNCONFIRMED =
  "The change is saved, but it is not confirmed yet that it is in force everywhere. Portcullis goes on trying until it is. Save again to hear when it is done.";
/** What a change of these alone cannot break. */
const HARMLESS = ["name", "description"];

/** `/keys/<id>/edit`: changes a key, after telling what the change would have refused. */
export function addKeyEditing(app: Hono<ConsoleEnv>, console_: Console): void {
  const [firstType = EVERYTHING] = console_.policy.resourceTypes.keys();

  app.get("/keys/:id/edit", (c) =>
    withKey(c, (me, key) => show(c, console_, { me, key, form: formOf(key), version: key.version })),
  );

  app.post("/keys/:id/edit", async (c) => {
    const data = await c.req.formData();
    const form = readForm(data);
    const step = textOf(data, "do");
    const version = Number(textOf(data, "version"));
    return withKey(c, async (me, key) => {
      const edit = { me, key, form, version };
      // Whatever was changed meanwhile is to be seen before anything is decided.
      if (version !== key.version) return conflict(c, console_, edit);
      const change = changeOf(bodyOf(form), key);
      if (step === "review") return review(c, console_, edit, change);
      if (step === "save") return save(c, console_, edit, change);
      return show(c, console_, { ...edit, ...afterStep(form, step, firstType) });
    });
  });
}

interface Edit {
  readonly me: Me;
  readonly key: Key;
  readonly form: KeyForm;
  /** The one that the form was made from. */
  readonly version: number;
}

interface Shown extends Edit {
  readonly focus?: number | null;
  readonly problems?: Problems;
  readonly notice?: Notice;
  readonly changedMeanwhile?: boolean;
}

async function show(
  c: ConsoleContext,
  console_: Console,
  { me, key, form, version, focus = null, problems = {}, notice, changedMeanwhile = false }: Shown,
  status: 200 | 409 | 412 | 422 | 500 | 503 = 200,
): Promise<Response> {
  const owner = await ownerOfKey(c, key, me);
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
        preview={previewOf(form, owner, console_.policy, c.get("address"))}
        problems={allProblems(problems, found)}
        notice={notice ?? null}
        address={c.get("address")}
        focus={focus}
        expiresAt={key.expiresAt}
        hidden={{ version: `${version}` }}
        submit={{ label: "Review the change", value: "review" }}
        cancel={keyPage(key.id)}
      >
        {changedMeanwhile && <ChangedMeanwhile key_={key} form={form} />}
      </KeyEditor>
    </>
  );
  return navigable(c, `Edit ${key.name}`, me, sectionOf(key, me), content, { status });
}

/** The form as it was filled in, on top of what the key has become; saved again, it is a change of that. */
function conflict(c: ConsoleContext, console_: Console, edit: Edit): Promise<Response> {
  return show(c, console_, { ...edit, version: edit.key.version, changedMeanwhile: true }, 412);
}

const ChangedMeanwhile = ({ key_: key, form }: { key_: Key; form: KeyForm }) => {
  const change = changeOf(bodyOf(form), key);
  const differing = SETTINGS.filter(
    (setting) => setting in change || (setting === "expiresAt" && "expiresIn" in change),
  );
  return (
    <Banner kind="bad" title="Somebody has changed this key meanwhile">
      {differing.length === 0 ? (
        <p>What you have filled in is what the key has now.</p>
      ) : (
        <>
          <p>
            Nothing of yours was saved. Below is what you have filled in; where it differs, the key now has
            this. Go on, and yours takes its place, or{" "}
            <a href={`${keyPage(key.id)}/edit`}>start from what the key has now</a>.
          </p>
          <Facts
            rows={differing.map((setting) => [SETTING_NAMES[setting], settingText(setting, key)] as const)}
          />
        </>
      )}
    </Banner>
  );
};

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
  if (impact instanceof ApiRefusal) return refused(c, console_, edit, impact);
  return reviewPage(c, me, key, form, change, impact);
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
  if (saved instanceof ApiRefusal) return refused(c, console_, edit, saved);
  return c.redirect(keyPage(key.id, "saved"), 303);
}

function refused(
  c: ConsoleContext,
  console_: Console,
  edit: Edit,
  refusal: ApiRefusal,
): Response | Promise<Response> {
  const { code, status } = refusal;
  // Changed just between reading and saving: what it has become is read by the page.
  if (code === "version_conflict")
    return withKey(c, (me, key) => conflict(c, console_, { ...edit, me, key }));
  if (["mfa_required", "identity_token_invalid", "not_found"].includes(code)) return refusalPage(c, refusal);
  c.set("reason", `${code} (${refusal.correlationId})`);
  const problems = fieldProblems(refusal);
  const said = problems === null ? { notice: noticeOf(refusal, UNCONFIRMED) } : { problems };
  // What could not be confirmed is saved nevertheless, and has made a version.
  if (code === "admission_unavailable") {
    return withKey(c, (me, key) =>
      show(c, console_, { ...edit, me, key, version: key.version, ...said }, 503),
    );
  }
  return show(c, console_, { ...edit, ...said }, status as 422);
}
