import type { Hono } from "hono";
import type { FC } from "hono/jsx";
import { isRefusal } from "../../core/refusal.ts";
import type { ServiceUser, ServiceUserImpact } from "../../api-types/service-users.ts";
import type { ConsoleContext, ConsoleEnv } from "../context.ts";
import { textOf } from "../key-form/form-data.ts";
import { knownVaults, type KnownVaults } from "../key-form/known.ts";
import { unknownAmong } from "../key-form/unknown-vaults.ts";
import { UnknownVaults, UnprovenVaults } from "../key-form/unknown-vault-text.tsx";
import { rememberNew } from "../new-vaults.ts";
import { PageHeader } from "../parts/ui.tsx";
import { Box, FieldGroup, TextArea, TextField } from "../parts/fields.tsx";
import { Cancel, Form } from "../parts/form.tsx";
import { Codes } from "../parts/many.tsx";
import { ImpactReport } from "../parts/impact.tsx";
import { OwnedKeysReport } from "../parts/owned-keys-report.tsx";
import { Banner } from "../parts/banner.tsx";
import { NotSaved, Unchanged } from "../parts/outcome-banners.tsx";
import { pageForMe } from "../parts/page-for-me.tsx";
import { problemsOf, type Problems } from "../parts/problems.ts";
import { link, SERVICE_USERS } from "../paths.ts";
import {
  BEGAN,
  beganWith,
  EMPTY,
  fieldsOf,
  idsIn,
  isSame,
  mergedInto,
  problemsToSave,
  unknownIn,
  valuesFrom,
  valuesOf,
  vaultProblems,
  type Values,
} from "../service-user-values.ts";
import { refusalPage, unconfirmedPage } from "./error-pages.tsx";
import type { ServiceUserDone } from "./service-users.tsx";

/** `/service-users/new` and `/service-users/<id>/edit`. */
export function addServiceUserForms(app: Hono<ConsoleEnv>): void {
  app.get("/service-users/new", (c) => newPage(c, { values: EMPTY }));

  app.post("/service-users/new", async (c) => {
    const form = await c.req.formData();
    const values = valuesOf(form);
    if (textOf(form, "do") === "check") return newPage(c, { values, problems: vaultProblems(values) });
    const wrong = problemsToSave(values);
    if (wrong !== null) return newPage(c, { values, problems: wrong, refused: true });
    const known = await knownVaults(c);
    const created = await c.get("api").change<ServiceUser>("POST", "/-/service-users", fieldsOf(values));
    if (!isRefusal(created)) {
      rememberNew(c, unknownIn(values, known));
      return c.redirect(doneAt(created.id, "created"), 303);
    }
    const problems = problemsOf(created, LABELS);
    return problems === null ? refusalPage(c, created) : newPage(c, { values, problems, refused: true });
  });

  app.get("/service-users/:id/edit", (c) =>
    withUser(c, (user) => editPage(c, user, { values: valuesFrom(user) })),
  );

  app.post("/service-users/:id/edit", async (c) => {
    const form = await c.req.formData();
    return withUser(c, (user) => save(c, user, form));
  });
}

async function withUser(
  c: ConsoleContext,
  page: (user: ServiceUser) => Promise<Response>,
): Promise<Response> {
  const user = await c.get("api").get<ServiceUser>(apiPath(c.req.param("id") ?? ""));
  return isRefusal(user) ? refusalPage(c, user) : page(user);
}

async function save(c: ConsoleContext, user: ServiceUser, form: FormData): Promise<Response> {
  const began = beganWith(form, user);
  const sent = valuesOf(form);
  const step = textOf(form, "do");
  if (step === "back" || step === "check")
    return editPage(c, user, { values: sent, began, problems: vaultProblems(sent) });
  const wrong = problemsToSave(sent);
  if (wrong !== null) return editPage(c, user, { values: sent, began, problems: wrong, refused: true });
  const values = mergedInto(user, began, sent);
  if (isSame(values, user)) return editPage(c, user, { values: valuesFrom(user), unchanged: true });
  const impact = textOf(form, "reviewed") === "yes" ? null : await impactOf(c, user.id, values);
  if (impact !== null && takesSomething(impact)) return reviewPage(c, user, values, impact);
  const known = await knownVaults(c);
  const updated = await c.get("api").change<ServiceUser>("PATCH", apiPath(user.id), fieldsOf(values));
  if (!isRefusal(updated)) {
    rememberNew(c, unknownIn(values, known));
    return c.redirect(doneAt(user.id, "updated"), 303);
  }
  if (updated.code === "admission_unavailable") return unconfirmedPage(c, updated);
  const problems = problemsOf(updated, LABELS);
  return problems === null ? refusalPage(c, updated) : editPage(c, user, { values, problems, refused: true });
}

const LABELS = { name: "Name", description: "Description", vaultRoles: "Vault ids" };

/** What a change would take from its keys; `null` where that cannot be told, which the change itself then says. */
async function impactOf(c: ConsoleContext, id: string, values: Values): Promise<ServiceUserImpact | null> {
  const { vaultRoles } = fieldsOf(values);
  const impact = await c
    .get("api")
    .change<ServiceUserImpact>("POST", `${apiPath(id)}/impact`, { vaultRoles });
  return isRefusal(impact) ? null : impact;
}

function takesSomething({ keys }: ServiceUserImpact): boolean {
  return keys.some(({ change }) => change !== "same");
}

/** What the change would take, with numbers, before it is made. */
function reviewPage(
  c: ConsoleContext,
  user: ServiceUser,
  values: Values,
  impact: ServiceUserImpact,
): Promise<Response> {
  const { id, name } = user;
  const title = `Review the change of ${name}`;
  return pageForMe(c, title, "service-users", () => (
    <>
      <PageHeader title={title} back={{ label: name, href: `${SERVICE_USERS}/${encodeURIComponent(id)}` }} />
      {impact.calls > 0 ? (
        <ImpactReport impact={impact} names={c.get("operationNames")} keys="several" />
      ) : (
        <Banner kind="warn" title="No calls in the last 24 hours to compare with">
          <p>
            Its keys let no call through in that time. Clients that call less often may still be affected.
          </p>
        </Banner>
      )}
      <OwnedKeysReport keys={impact.keys} />
      <Form action={c.req.path} csrf={c.get("session").csrf} keep="service-user" class="decision">
        <Hidden values={values} />
        <Hidden values={valuesFrom(user)} prefix={BEGAN} />
        <input type="hidden" name="reviewed" value="yes" data-kept="" />
        <button class="danger">Save and narrow the keys</button>
        <button class="secondary outline" name="do" value="back">
          Back to the form
        </button>
      </Form>
    </>
  ));
}

const Hidden: FC<{ values: Values; prefix?: string }> = ({ values, prefix = "" }) => (
  <>
    <input type="hidden" name={`${prefix}name`} value={values.name} data-kept="" />
    <input type="hidden" name={`${prefix}description`} value={values.description} data-kept="" />
    <input type="hidden" name={`${prefix}vaultRoles`} value={values.vaults} data-kept="" />
    {values.everyVault && <input type="hidden" name={`${prefix}everyVault`} value="yes" data-kept="" />}
  </>
);

/** Where a service user is in the control API. */
export function apiPath(id: string): string {
  return `/-/service-users/${encodeURIComponent(id)}`;
}

/** The page of a service user, which says what was done. */
export function doneAt(id: string, done: ServiceUserDone): string {
  return link(`${SERVICE_USERS}/${encodeURIComponent(id)}`, { done });
}

/** The form as it is shown, with its problems and warnings. */
interface Shown {
  readonly values: Values;
  /** What the form of a service user that is there began with. */
  readonly began?: Values;
  readonly problems?: Problems;
  /** Whether it was to be saved with these problems. */
  readonly refused?: boolean;
  readonly unchanged?: boolean;
}

function newPage(c: ConsoleContext, shown: Shown): Promise<Response> {
  return formPage(c, "New service user", shown, {
    button: "Create service user",
    back: { label: "Service users", href: SERVICE_USERS },
  });
}

function editPage(c: ConsoleContext, user: ServiceUser, shown: Shown): Promise<Response> {
  const { id, name } = user;
  const began = shown.began ?? valuesFrom(user);
  return formPage(
    c,
    `Edit ${name}`,
    { ...shown, began },
    {
      button: "Save",
      back: { label: name, href: `${SERVICE_USERS}/${encodeURIComponent(id)}` },
      warning: "Keys lose access to the vaults that you remove. You see which ones before anything is saved.",
    },
  );
}

interface Around {
  readonly button: string;
  readonly back: { readonly label: string; readonly href: string };
  readonly warning?: string;
}

async function formPage(
  c: ConsoleContext,
  title: string,
  { values, began, problems = {}, refused = false, unchanged = false }: Shown,
  { button, back, warning }: Around,
): Promise<Response> {
  const known = await knownVaults(c);
  return pageForMe(
    c,
    title,
    "service-users",
    () => (
      <>
        <PageHeader title={title} back={back} />
        {refused && <NotSaved problems={problems} labels={LABELS} />}
        {unchanged && <Unchanged what="service user" />}
        <Form action={c.req.path} csrf={c.get("session").csrf} keep="service-user" live unsaved class="sheet">
          {began && <Hidden values={began} prefix={BEGAN} />}
          <Fields values={values} problems={problems} known={known} />
          {warning && <p class="soft">{warning}</p>}
          <div class="decision">
            <button>{button}</button>
            <noscript>
              <button name="do" value="check" class="secondary outline">
                Check the vault ids
              </button>
            </noscript>
            <Cancel href={back.href} />
          </div>
        </Form>
      </>
    ),
    refused ? { status: 422 } : {},
  );
}

const Fields: FC<{ values: Values; problems: Problems; known: KnownVaults | null }> = ({
  values,
  problems,
  known,
}) => (
  <>
    <section class="card">
      <TextField
        name="name"
        label="Name"
        value={values.name}
        problem={problems["name"]}
        hint="The program or system that it stands for."
      />
      <TextArea
        name="description"
        label="Description"
        value={values.description}
        problem={problems["description"]}
        rows={2}
      />
    </section>
    <FieldGroup
      name="vaults"
      title="Vaults"
      hint="What its keys may use. Each key can be limited to some of them."
    >
      <TextArea
        name="vaultRoles"
        label="Vault ids"
        value={values.vaults}
        problem={problems["vaultRoles"]}
        hint="One on each line."
        rows={3}
        code
      />
      <UnknownVaults vaults={unknownAmong(idsIn(values), known)} />
      {known !== null && known.inUse.length > 0 && (
        <div class="known soft">
          Ids in use: <Codes items={known.inUse} />
        </div>
      )}
      <UnprovenVaults ids={known?.unproven ?? []} />
      <Box
        name="everyVault"
        label="Every vault, now and later"
        checked={values.everyVault}
        hint="The ids above are then ignored."
      />
    </FieldGroup>
  </>
);
