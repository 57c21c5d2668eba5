import type { Hono } from "hono";
import type { FC } from "hono/jsx";
import { isRefusal } from "../../core/refusal.ts";
import type { ServiceUser, ServiceUserImpact } from "../../api-types/service-users.ts";
import { DEVELOPER, developerVaults, type VaultRoles } from "../../core/organization/organization.ts";
import type { ConsoleContext, ConsoleEnv } from "../context.ts";
import { textOf } from "../key-form/form-data.ts";
import { PageHeader } from "../parts/ui.tsx";
import { Box, FieldGroup, TextArea, TextField } from "../parts/fields.tsx";
import { Cancel, Form } from "../parts/form.tsx";
import { ImpactReport } from "../parts/impact.tsx";
import { OwnedKeysReport } from "../parts/owned-keys-report.tsx";
import { Banner } from "../parts/banner.tsx";
import { NotSaved } from "../parts/outcome-banners.tsx";
import { pageForMe } from "../parts/page-for-me.tsx";
import { problemsOf, type Problems } from "../parts/problems.ts";
import { link, SERVICE_USERS } from "../paths.ts";
import { refusalPage } from "./error-pages.tsx";
import type { ServiceUserDone } from "./service-users.tsx";

/** What the form holds, as it was filled in. */
interface Values {
  readonly name: string;
  readonly description: string;
  /** Ids by white space. */
  readonly vaults: string;
  readonly everyVault: boolean;
}

const EMPTY: Values = { name: "", description: "", vaults: "", everyVault: false };

/** `/service-users/new` and `/service-users/<id>/edit`. */
export function addServiceUserForms(app: Hono<ConsoleEnv>): void {
  app.get("/service-users/new", (c) => newPage(c, EMPTY, {}));

  app.post("/service-users/new", async (c) => {
    const values = await valuesOf(c);
    const created = await c.get("api").change<ServiceUser>("POST", "/-/service-users", fieldsOf(values));
    if (!isRefusal(created)) return c.redirect(doneAt(created.id, "created"), 303);
    const problems = problemsOf(created, LABELS);
    return problems === null ? refusalPage(c, created) : newPage(c, values, problems);
  });

  app.get("/service-users/:id/edit", async (c) => {
    const user = await c.get("api").get<ServiceUser>(apiPath(c.req.param("id")));
    return isRefusal(user) ? refusalPage(c, user) : editPage(c, user.id, valuesFrom(user), {});
  });

  app.post("/service-users/:id/edit", async (c) => {
    const id = c.req.param("id");
    const values = await valuesOf(c);
    const form = await c.req.formData();
    if (textOf(form, "do") === "back") return editPage(c, id, values, {});
    const impact = textOf(form, "reviewed") === "yes" ? null : await impactOf(c, id, values);
    if (impact !== null && takesSomething(impact)) return reviewPage(c, id, values, impact);
    const updated = await c.get("api").change<ServiceUser>("PATCH", apiPath(id), fieldsOf(values));
    if (!isRefusal(updated)) return c.redirect(doneAt(id, "updated"), 303);
    const problems = problemsOf(updated, LABELS);
    return problems === null ? refusalPage(c, updated) : editPage(c, id, values, problems);
  });
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
  id: string,
  values: Values,
  impact: ServiceUserImpact,
): Promise<Response> {
  const title = "Review the change";
  return pageForMe(c, title, "service-users", () => (
    <>
      <PageHeader
        title={title}
        back={{ label: "Service user", href: `${SERVICE_USERS}/${encodeURIComponent(id)}` }}
      />
      {impact.calls > 0 ? (
        <ImpactReport impact={impact} keys="several" />
      ) : (
        <Banner kind="warn" title="No calls in the last 24 hours to compare with">
          <p>
            Its keys let no call through in that time. Clients that call less often may still be affected.
          </p>
        </Banner>
      )}
      <OwnedKeysReport keys={impact.keys} />
      <Form action={c.req.path} csrf={c.get("session").csrf} keep="service-user" class="decision">
        <input type="hidden" name="name" value={values.name} data-kept="" />
        <input type="hidden" name="description" value={values.description} data-kept="" />
        <input type="hidden" name="vaultRoles" value={values.vaults} data-kept="" />
        {values.everyVault && <input type="hidden" name="everyVault" value="yes" data-kept="" />}
        <input type="hidden" name="reviewed" value="yes" data-kept="" />
        <button class="danger">Save and narrow the keys</button>
        <button class="secondary outline" name="do" value="back">
          Back to the form
        </button>
      </Form>
    </>
  ));
}

/** Where a service user is in the control API. */
export function apiPath(id: string): string {
  return `/-/service-users/${encodeURIComponent(id)}`;
}

/** The page of a service user, which says what was done. */
export function doneAt(id: string, done: ServiceUserDone): string {
  return link(`${SERVICE_USERS}/${encodeURIComponent(id)}`, { done });
}

async function valuesOf(c: ConsoleContext): Promise<Values> {
  const form = await c.req.formData();
  return {
    name: textOf(form, "name"),
    description: textOf(form, "description"),
    vaults: textOf(form, "vaultRoles"),
    everyVault: textOf(form, "everyVault") !== "",
  };
}

function valuesFrom({ name, description, vaultRoles }: ServiceUser): Values {
  const vaults = developerVaults(vaultRoles);
  return {
    name,
    description: description ?? "",
    vaults: vaults === "*" ? "" : vaults.join("\n"),
    everyVault: vaults === "*",
  };
}

/** What the control API is sent. */
function fieldsOf({ name, description, vaults, everyVault }: Values) {
  const ids = everyVault ? ["*"] : vaults.split(/[\s,]+/).filter(Boolean);
  const vaultRoles: VaultRoles = Object.fromEntries(ids.map((id) => [id, [DEVELOPER]]));
  return { name, description: description || null, vaultRoles };
}

function newPage(c: ConsoleContext, values: Values, problems: Problems): Promise<Response> {
  return formPage(c, "New service user", values, problems, {
    button: "Create service user",
    back: { label: "Service users", href: SERVICE_USERS },
  });
}

function editPage(c: ConsoleContext, id: string, values: Values, problems: Problems): Promise<Response> {
  return formPage(c, "Edit service user", values, problems, {
    button: "Save",
    back: { label: "Service user", href: `${SERVICE_USERS}/${encodeURIComponent(id)}` },
    warning: "Its keys lose what you take away, everywhere, at once. You review that first.",
  });
}

interface Around {
  readonly button: string;
  readonly back: { readonly label: string; readonly href: string };
  readonly warning?: string;
}

function formPage(
  c: ConsoleContext,
  title: string,
  values: Values,
  problems: Problems,
  { button, back, warning }: Around,
): Promise<Response> {
  const isWrong = Object.keys(problems).length > 0;
  return pageForMe(
    c,
    title,
    "service-users",
    () => (
      <>
        <PageHeader title={title} back={back} />
        {isWrong && <NotSaved problems={problems} labels={LABELS} />}
        <Form action={c.req.path} csrf={c.get("session").csrf} keep="service-user" unsaved class="sheet">
          <Fields values={values} problems={problems} />
          {warning && <p class="soft">{warning}</p>}
          <div class="decision">
            <button>{button}</button>
            <Cancel href={back.href} />
          </div>
        </Form>
      </>
    ),
    isWrong ? { status: 422 } : {},
  );
}

const Fields: FC<{ values: Values; problems: Problems }> = ({ values, problems }) => (
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
      <Box
        name="everyVault"
        label="Every vault, now and later"
        checked={values.everyVault}
        hint="Then the ids above do not matter."
      />
    </FieldGroup>
  </>
);
