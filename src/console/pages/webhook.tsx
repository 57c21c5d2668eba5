import type { Hono } from "hono";
import type { FC } from "hono/jsx";
import { isRefusal } from "../../core/refusal.ts";
import type { Page } from "../../api-types/common.ts";
import type { Webhook, WebhookDelivery, WebhookWithSecret } from "../../api-types/webhook.ts";
import type { ApiRefusal } from "../api.ts";
import type { ConsoleContext, ConsoleEnv } from "../context.ts";
import { textOf } from "../key-form/form-data.ts";
import { PageHeader } from "../parts/ui.tsx";
import { confirmPage } from "../parts/confirm.tsx";
import { DELIVERIES_SHOWN, DeliveryList } from "../parts/delivery-list.tsx";
import { Box, TextField } from "../parts/fields.tsx";
import { Form } from "../parts/form.tsx";
import { Icon } from "../parts/icons.tsx";
import { Banner } from "../parts/banner.tsx";
import { Done, NotSaved } from "../parts/outcome-banners.tsx";
import { pageForMe } from "../parts/page-for-me.tsx";
import { problemsOf, type Problems } from "../parts/problems.ts";
import { Moment } from "../parts/time.tsx";
import { link, ORGANIZATION } from "../paths.ts";
import { refusalPage } from "./error-pages.tsx";
import { ORGANIZATION_BACK } from "./organization.tsx";
import { secretPage } from "./secret.tsx";

const API = "/-/organization/webhook";
const PATH = `${ORGANIZATION}/webhook`;
/** Longer ones are cut: an address holds no more. */
const MAX_TRAIL_LENGTH = 2000;
const LABELS = { url: "Where events go", description: "Description", disabled: "Pause deliveries" };

const DONE = {
  saved: "Saved.",
  unchanged: "Nothing was changed: the form is the same as the webhook.",
  resent: "The event is being sent again, with the same id.",
  tested: "An event is on its way. Its status is in the list below.",
} as const;

/** `/organization/webhook`: the endpoint that receives key events, for admins. */
export function addWebhook(app: Hono<ConsoleEnv>): void {
  app.get("/organization/webhook", async (c) => {
    const webhook = await c.get("api").get<Webhook>(API);
    if (!isRefusal(webhook)) return webhookPage(c, webhook, valuesFrom(webhook), {});
    return webhook.code === "not_found" ? webhookPage(c, null, EMPTY, {}) : refusalPage(c, webhook);
  });

  app.post("/organization/webhook", async (c) => {
    const form = await c.req.formData();
    const values = {
      url: textOf(form, "url"),
      description: textOf(form, "description"),
      disabled: textOf(form, "disabled") !== "",
    };
    const now = await c.get("api").get<Webhook>(API);
    if (!isRefusal(now) && isSame(values, valuesFrom(now)))
      return c.redirect(link(PATH, { done: "unchanged" }), 303);
    const body = { ...values, description: values.description || null };
    const put = await c.get("api").change<Webhook & { secret?: string }>("PUT", API, body);
    if (isRefusal(put)) return wrongPage(c, values, put);
    return put.secret === undefined
      ? c.redirect(link(PATH, { done: "saved" }), 303)
      : signingSecretPage(c, put.secret);
  });

  app.get("/organization/webhook/test", (c) => c.redirect(PATH, 303));
  app.post("/organization/webhook/test", async (c) => {
    const sent = await c.get("api").change<WebhookDelivery>("POST", `${API}/test`);
    return isRefusal(sent) ? refusalPage(c, sent) : c.redirect(link(PATH, { done: "tested" }), 303);
  });

  app.post("/organization/webhook/deliveries/:id/resend", async (c) => {
    const id = encodeURIComponent(c.req.param("id"));
    const sent = await c.get("api").change<WebhookDelivery>("POST", `${API}/deliveries/${id}/resend`);
    return isRefusal(sent) ? refusalPage(c, sent) : c.redirect(link(PATH, { done: "resent" }), 303);
  });
  app.get("/organization/webhook/deliveries/:id/resend", (c) => c.redirect(PATH, 303));

  app.get("/organization/webhook/rotate-secret", (c) => confirmPage(c, "organization", ROTATION));
  app.post("/organization/webhook/rotate-secret", async (c) => {
    const rotated = await c.get("api").change<WebhookWithSecret>("POST", `${API}/rotate-secret`);
    return isRefusal(rotated) ? refusalPage(c, rotated) : signingSecretPage(c, rotated.secret);
  });

  app.get("/organization/webhook/delete", (c) => confirmPage(c, "organization", DELETION));
  app.post("/organization/webhook/delete", async (c) => {
    const deleted = await c.get("api").change("DELETE", API);
    if (isRefusal(deleted)) return refusalPage(c, deleted);
    return c.redirect(link(ORGANIZATION, { done: "webhook-deleted" }), 303);
  });
}

const BACK = { label: "Webhook", href: PATH };

const ROTATION = {
  title: "Make a new signing secret?",
  action: "Make a new secret",
  text: (
    <p>
      For a day, messages are also signed with the previous secret. Give the receiver the new one in that
      time.
    </p>
  ),
  back: BACK,
};

const DELETION = {
  title: "Delete the webhook?",
  action: "Delete",
  danger: true,
  text: <p>No more events are sent. Pending ones are dropped.</p>,
  back: BACK,
};

function signingSecretPage(c: ConsoleContext, secret: string): Promise<Response> {
  return secretPage(c, {
    title: "Store the signing secret now",
    what: "The receiver uses it to verify that messages come from here (Standard Webhooks).",
    secret,
    file: "portcullis-webhook-secret.txt",
    onward: BACK.href,
  });
}

interface Values {
  readonly url: string;
  readonly description: string;
  readonly disabled: boolean;
}

const EMPTY: Values = { url: "", description: "", disabled: false };

function valuesFrom({ url, description, disabled }: Webhook): Values {
  return { url, description: description ?? "", disabled };
}

function isSame(a: Values, b: Values): boolean {
  return a.url.trim() === b.url && a.description.trim() === b.description && a.disabled === b.disabled;
}

/** The form again with what is wrong in it, or the page of another refusal. */
async function wrongPage(c: ConsoleContext, values: Values, refusal: ApiRefusal): Promise<Response> {
  const problems = problemsOf(refusal, LABELS);
  if (problems === null) return refusalPage(c, refusal);
  const webhook = await c.get("api").get<Webhook>(API);
  return webhookPage(c, isRefusal(webhook) ? null : webhook, values, problems);
}

async function webhookPage(
  c: ConsoleContext,
  webhook: Webhook | null,
  values: Values,
  problems: Problems,
): Promise<Response> {
  const { cursor, trail } = c.req.query();
  const asked = { limit: `${DELIVERIES_SHOWN}`, nextCursor: cursor };
  const deliveries = await c.get("api").get<Page<WebhookDelivery>>(`${API}/deliveries`, asked);
  if (isRefusal(deliveries)) return refusalPage(c, deliveries);
  const { csrf } = c.get("session");
  const isWrong = Object.keys(problems).length > 0;
  return pageForMe(
    c,
    "Webhook",
    "organization",
    () => (
      <>
        <PageHeader title="Webhook" back={ORGANIZATION_BACK}>
          {webhook && <Actions csrf={csrf} disabled={webhook.disabled} />}
        </PageHeader>
        <Done done={c.req.query("done")} texts={DONE} />
        {webhook?.disabledReason && (
          <Banner kind="warn" title={`Nothing is sent: ${webhook.disabledReason}.`} />
        )}
        {isWrong && <NotSaved problems={problems} labels={LABELS} />}
        <Form action={PATH} csrf={csrf} keep="webhook" unsaved class="card sheet">
          <Fields values={values} problems={problems} isNew={webhook === null} />
          {webhook?.previousSecretUntil && (
            <p class="soft">
              Messages are also signed with the previous secret until{" "}
              <Moment time={webhook.previousSecretUntil} otherwise="" />.
            </p>
          )}
          <div class="decision">
            <button>{webhook === null ? "Set the webhook up" : "Save"}</button>
          </div>
        </Form>
        {(webhook !== null || deliveries.data.length > 0) && (
          <DeliveryList
            path={PATH}
            deliveries={deliveries}
            place={{ cursor, trail: trail?.slice(0, MAX_TRAIL_LENGTH) }}
            csrf={webhook === null || webhook.disabled ? null : csrf}
          />
        )}
      </>
    ),
    isWrong ? { status: 422 } : {},
  );
}

const Actions: FC<{ csrf: string; disabled: boolean }> = ({ csrf, disabled }) => (
  <>
    {!disabled && (
      <Form action={`${PATH}/test`} csrf={csrf}>
        <button class="secondary outline">Send a test event</button>
      </Form>
    )}
    <a role="button" class="secondary outline" href={`${PATH}/rotate-secret`}>
      <Icon name="rotate" /> New secret
    </a>
    <a role="button" class="danger outline" href={`${PATH}/delete`}>
      <Icon name="trash" /> Delete
    </a>
  </>
);

const Fields: FC<{ values: Values; problems: Problems; isNew: boolean }> = ({ values, problems, isNew }) => (
  <>
    <TextField
      name="url"
      label="Where events go"
      value={values.url}
      problem={problems["url"]}
      hint="Receives a signed POST request for each event. Failed ones are sent again for several days."
      placeholder="https://hooks.example.com/portcullis"
    />
    <TextField
      name="description"
      label="Description"
      value={values.description}
      problem={problems["description"]}
    />
    {!isNew && (
      <Box
        name="disabled"
        label="Pause deliveries"
        checked={values.disabled}
        hint="Pending events are dropped."
      />
    )}
  </>
);
