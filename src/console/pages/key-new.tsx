import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Hono } from "hono";
import { isRefusal } from "../../core/refusal.ts";
import { REFUSALS } from "../../core/refusal-table.ts";
import type { CreatedKey, Key } from "../../api-types/keys.ts";
import type { Me } from "../../api-types/me.ts";
import { ADMIN } from "../../core/organization/organization.ts";
import { freshnessOf } from "../../core/token-times.ts";
import { VAULT } from "../../core/policy/resource-types.ts";
import type { ApiRefusal } from "../api.ts";
import type { Console, ConsoleContext, ConsoleEnv } from "../context.ts";
import { KeyEditor } from "../key-form/editor.tsx";
import { textOf } from "../key-form/form-data.ts";
import { possibleOwners, type Owner } from "../key-form/owner.ts";
import { previewOf } from "../key-form/preview.ts";
import { missingProblems, problemsSoFar } from "../key-form/check.ts";
import { fieldProblems, noticeOf, type Notice } from "../key-form/problems.ts";
import { EVERYTHING } from "../key-form/scope-rows.ts";
import { afterStep } from "../key-form/steps.ts";
import { bodyOf, copyOf, lifetimeOf, newForm, readForm, type KeyForm } from "../key-form/values.ts";
import { countLiveKeys, knownVaults } from "../key-form/known.ts";
import { Quota, SecondFactorFirst, Templates } from "../key-form/start.tsx";
import { fromTemplate, templatesFor } from "../key-form/templates.ts";
import { PageHeader } from "../parts/ui.tsx";
import { allProblems, type Problems } from "../parts/problems.ts";
import { navigable } from "../parts/page.tsx";
import { HOME, pathOf } from "../paths.ts";
import { madeAlreadyPage, noDeveloperPage } from "./key-error-pages.tsx";
import { secretPage } from "./key-secret.tsx";
import { refusalPage } from "./error-pages.tsx";

const UNCONFIRMED =
  "No key was created: it could not be confirmed, so it was revoked again. Try again in a moment.";

/** `/keys/new`: makes a key for oneself or, by an admin, for a service user. */
export function addKeyCreation(app: Hono<ConsoleEnv>, console_: Console): void {
  const { policy, config } = console_;
  const [firstType = EVERYTHING] = policy.resourceTypes.keys();
  const lifetime = lifetimeOf(config.defaultKeyExpiryMs);
  const empty = ({ id, vaults }: Owner) =>
    newForm(id, vaults ?? [], firstType, policy.resourceTypes.has(VAULT), lifetime);

  app.get("/keys/new", async (c) => {
    const { template, from } = c.req.query();
    const model =
      from === undefined ? null : await c.get("api").get<Key>(`/-/api-keys/${encodeURIComponent(from)}`);
    if (isRefusal(model)) return refusalPage(c, model);
    return withOwners(c, c.req.query("owner") ?? "", (me, first, owners) => {
      const owner =
        (model && owners.find(({ id }) => id === (model.owner.id === me.id ? "" : model.owner.id))) ?? first;
      const form =
        model === null ? fromTemplate(empty(owner), template, policy) : copyOf(model, owner.id, lifetime);
      return show(c, console_, {
        me,
        owner,
        owners,
        form,
        isFirst: true,
        template: model === null ? (template ?? "") : null,
      });
    });
  });

  app.post("/keys/new", async (c) => {
    const data = await c.req.formData();
    const sent = readForm(data);
    const attempt = textOf(data, "attempt");
    const ownerId = data.has("owner") ? sent.owner : (c.req.query("owner") ?? "");
    return withOwners(c, ownerId, async (me, owner, owners) => {
      const page = { me, owner, owners, form: sent };
      const step = textOf(data, "do");
      if (step !== "save")
        return show(c, console_, { ...page, ...afterStep(sent, step, firstType), attempt });
      const body = { ...bodyOf(sent), ...(owner.id !== "" && { ownerId: owner.id }) };
      const created = await c
        .get("api")
        .change<CreatedKey>("POST", "/-/api-keys", body, { request: attempt });
      if (isRefusal(created)) return refused(c, console_, page, attempt, created);
      return secretPage(c, console_, created, null);
    });
  });
}

interface Shown {
  readonly me: Me;
  readonly owner: Owner;
  readonly owners: readonly Owner[];
  readonly form: KeyForm;
  readonly focus?: number | null;
  readonly problems?: Problems;
  readonly notice?: Notice;
  /** Whether nothing was filled in yet. */
  readonly isFirst?: boolean;
  /** The template that it was started from; empty for none, `null` where there is no choice any more. */
  readonly template?: string | null;
  /** Names the form, so that it makes one key, however often it is sent. */
  readonly attempt?: string;
}

/** Calls with the owner that is meant, among those that there may be. */
async function withOwners(
  c: ConsoleContext,
  ownerId: string,
  page: (me: Me, owner: Owner, owners: readonly Owner[]) => Response | Promise<Response>,
): Promise<Response> {
  const me = await c.get("me");
  if (isRefusal(me)) return refusalPage(c, me);
  const owners = await possibleOwners(c, me, ownerId);
  if (isRefusal(owners)) return refusalPage(c, owners);
  // The key is made for the owner that was asked for, or not at all.
  const owner = ownerId === "" ? owners[0] : owners.find(({ id }) => id === ownerId);
  return owner === undefined ? noDeveloperPage(c, me.roles.includes(ADMIN)) : page(me, owner, owners);
}

async function show(
  c: ConsoleContext,
  console_: Console,
  { me, owner, owners, form, focus = null, problems = {}, notice, attempt, isFirst, template = null }: Shown,
  status: ContentfulStatusCode = 200,
): Promise<Response> {
  const { policy } = console_;
  // Of another owner of several, too; while somebody types there is nothing new.
  const counts = isFirst === true || owners.length > 1;
  const [known, used] = await Promise.all([
    knownVaults(c),
    counts ? countLiveKeys(c, owner.id || me.id) : null,
  ]);
  const content = (
    <>
      <PageHeader title="New key" back={{ label: "My keys", href: HOME }} />
      {!isSteppedUp(c) && <SecondFactorFirst path={pathOf(c.req.raw)} />}
      {template !== null && (
        <Templates
          templates={templatesFor(policy.resourceTypes)}
          chosen={template}
          owner={c.req.query("owner")}
        />
      )}
      <KeyEditor
        action={pathOf(c.req.raw)}
        csrf={c.get("session").csrf}
        api={console_}
        form={form}
        owner={owner}
        owners={owners}
        preview={previewOf(form, owner, policy, c.get("address"), known)}
        knownVaults={known}
        problems={allProblems(problems, problemsSoFar(form, owner, null, Date.now()))}
        notice={notice ?? null}
        address={c.get("address")}
        focus={focus}
        hidden={{ attempt: attempt || crypto.randomUUID() }}
        submit={{ label: "Create key", value: "save" }}
        cancel={HOME}
      >
        {used !== null && <Quota used={used} most={console_.config.maxKeysPerOwner} owner={owner} />}
      </KeyEditor>
    </>
  );
  return navigable(c, "New key", me, "keys", content, { status });
}

/** A refusal that the form can do something about comes with the form. */
function refused(
  c: ConsoleContext,
  console_: Console,
  page: Shown,
  attempt: string,
  refusal: ApiRefusal,
): Response | Promise<Response> {
  const { code, details } = refusal;
  if (code === "mfa_required" || code === "identity_token_invalid") return refusalPage(c, refusal);
  if (code === "already_exists") return madeAlreadyPage(c, String(details?.["keyId"]));
  c.set("reason", `${code} (${refusal.correlationId})`);
  const problems = fieldProblems(refusal, bodyOf(page.form));
  const said =
    problems === null
      ? { notice: noticeOf(refusal, UNCONFIRMED) }
      : { problems: allProblems(missingProblems(page.form), problems) };
  return show(c, console_, { ...page, ...said, attempt }, REFUSALS[code].status);
}

function isSteppedUp(c: ConsoleContext): boolean {
  const { steppedUp, signedInAt, signIn } = c.get("session");
  const { auth_time: authTime } = signIn;
  const at = typeof authTime === "number" ? authTime : signedInAt / 1000;
  return steppedUp && freshnessOf(at, Date.now()) === "fresh";
}
