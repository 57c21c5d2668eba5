import { z, type OpenAPIHono } from "@hono/zod-openapi";
import { PageQuery, type Wire } from "../api-types/common.ts";
import { exactly, type Exact } from "../api-types/exact.ts";
import {
  WebhookDeliveryList,
  WebhookDeliverySchema,
  WebhookHeaders,
  WebhookInput,
  WebhookMessage,
  WebhookSchema,
  WebhookWithSecretSchema,
  type Webhook,
} from "../api-types/webhook.ts";
import type { Actor } from "../core/organization/organization.ts";
import { isoTime } from "../core/iso-time.ts";
import { originOf } from "../core/http/error-response.ts";
import { isRefusal } from "../core/refusal.ts";
import {
  webhookBounds,
  webhookUrlProblem,
  type WebhookDelivery,
  type WebhookEndpoint,
} from "../core/organization/webhook.ts";
import { readCursor, writeCursor } from "./cursor.ts";
import { addEndpoint } from "./endpoint.ts";
import type { Control, ControlEnv } from "./context.ts";

const TAG = "Organisation";
const PATH = "/-/organization/webhook";
const POSITION = { sequence: "number" } as const;

/** `/-/organization/webhook`: the endpoint that receives the organisation's key events. */
export function addWebhookEndpoints(app: OpenAPIHono<ControlEnv>, control: Control): void {
  const organizationOf = ({ orgId }: Actor) => control.env.ORGANIZATION.getByName(orgId);
  const bounds = webhookBounds(control.config);
  describeMessages(app);

  addEndpoint(app, control, {
    method: "get",
    path: PATH,
    operationId: "getWebhook",
    summary: "Read where events go",
    tag: TAG,
    success: { 200: { description: "The webhook.", schema: WebhookSchema } },
    refusals: ["not_found"],
    run: async (_, actor) => {
      const endpoint = await organizationOf(actor).getWebhook(actor);
      return isRefusal(endpoint)
        ? endpoint
        : { status: 200, body: exactly(WebhookSchema, webhookJson(endpoint)) };
    },
  });

  addEndpoint(app, control, {
    method: "put",
    path: PATH,
    operationId: "putWebhook",
    summary: "Set where events go; the answer to the first time is the only one that holds the secret",
    tag: TAG,
    body: WebhookInput,
    check: ({ url }, asked) => {
      const own = [...bounds.own, originOf(asked)];
      const problem = url === undefined ? null : webhookUrlProblem(url, { ...bounds, own });
      return problem === null ? [] : [{ field: "url", problem }];
    },
    success: {
      200: { description: "The webhook as it is now.", schema: WebhookSchema },
      201: { description: "The new webhook, with its secret.", schema: WebhookWithSecretSchema },
    },
    refusals: ["mfa_required"],
    run: async ({ body }, actor) => {
      const { href } = new URL(body.url);
      const { description = null, disabled = false } = body;
      const put = await organizationOf(actor).putWebhook(actor, { url: href, description, disabled });
      if (isRefusal(put)) return put;
      const webhook = webhookJson(put.endpoint);
      return put.secret === null
        ? { status: 200, body: exactly(WebhookSchema, webhook) }
        : { status: 201, body: exactly(WebhookWithSecretSchema, { ...webhook, secret: put.secret }) };
    },
  });

  addEndpoint(app, control, {
    method: "delete",
    path: PATH,
    operationId: "deleteWebhook",
    summary: "Send no more events; what has not arrived is given up",
    tag: TAG,
    success: { 204: { description: "There is no webhook any more." } },
    refusals: ["not_found"],
    run: async (_, actor) => {
      const deleted = await organizationOf(actor).deleteWebhook(actor);
      return isRefusal(deleted) ? deleted : { status: 204 };
    },
  });

  addEndpoint(app, control, {
    method: "post",
    path: `${PATH}/rotate-secret`,
    operationId: "rotateWebhookSecret",
    summary: "Make a new secret; for 24 hours messages are signed with the one before, too",
    tag: TAG,
    success: { 201: { description: "The webhook, with its new secret.", schema: WebhookWithSecretSchema } },
    refusals: ["not_found", "mfa_required"],
    run: async (_, actor) => {
      const rotated = await organizationOf(actor).rotateWebhookSecret(actor);
      if (isRefusal(rotated)) return rotated;
      const { endpoint, secret } = rotated;
      return { status: 201, body: exactly(WebhookWithSecretSchema, { ...webhookJson(endpoint), secret }) };
    },
  });

  addEndpoint(app, control, {
    method: "post",
    path: `${PATH}/test`,
    operationId: "testWebhook",
    summary: "Send an event of the type `webhook.test`",
    tag: TAG,
    success: { 201: { description: "The event, on its way.", schema: WebhookDeliverySchema } },
    refusals: ["not_found", "invalid_value"],
    run: async (_, actor) => {
      const delivery = await organizationOf(actor).testWebhook(actor);
      return isRefusal(delivery) ? delivery : { status: 201, body: deliveryJson(delivery) };
    },
  });

  addEndpoint(app, control, {
    method: "post",
    path: `${PATH}/deliveries/{id}/resend`,
    operationId: "resendWebhookDelivery",
    summary: "Send an event once more, under the same `webhook-id`, whether or not it has arrived",
    tag: TAG,
    params: z.strictObject({ id: z.string() }),
    success: { 201: { description: "The event, on its way.", schema: WebhookDeliverySchema } },
    refusals: ["not_found", "invalid_value"],
    run: async ({ params }, actor) => {
      const delivery = await organizationOf(actor).resendWebhookDelivery(actor, params.id);
      return isRefusal(delivery) ? delivery : { status: 201, body: deliveryJson(delivery) };
    },
  });

  addEndpoint(app, control, {
    method: "get",
    path: `${PATH}/deliveries`,
    operationId: "listWebhookDeliveries",
    summary: "List what was sent or is to be, the newest first",
    tag: TAG,
    query: PageQuery,
    success: { 200: { description: "A page of deliveries.", schema: WebhookDeliveryList } },
    refusals: [],
    run: async ({ query: { limit, nextCursor: cursor } }, actor) => {
      const after = cursor === undefined ? null : readCursor<{ sequence: number }>(cursor, POSITION);
      if (isRefusal(after)) return after;
      const found = await organizationOf(actor).listWebhookDeliveries(actor, limit, after?.sequence ?? null);
      if (isRefusal(found)) return found;
      const shown = found.slice(0, limit);
      const last = found.length > limit ? shown.at(-1) : undefined;
      const nextCursor = last === undefined ? null : writeCursor({ sequence: last.sequence });
      const data = shown.map(deliveryJson);
      return { status: 200, body: exactly(WebhookDeliveryList, { data, pagination: { limit, nextCursor } }) };
    },
  });
}

function webhookJson(endpoint: WebhookEndpoint): Webhook {
  const { url, description, disabled, disabledReason } = endpoint;
  return exactly(WebhookSchema, {
    url,
    description,
    disabled,
    disabledReason,
    previousSecretUntil: isoTime(endpoint.previousSecretUntil),
    createdAt: isoTime(endpoint.createdAt),
    updatedAt: isoTime(endpoint.updatedAt),
  });
}

function deliveryJson(delivery: WebhookDelivery): Exact<Wire<typeof WebhookDeliverySchema>> {
  const { sequence: _, nextAttemptAt, createdAt, ...rest } = delivery;
  const times = { nextAttemptAt: isoTime(nextAttemptAt), createdAt: isoTime(createdAt) };
  return exactly(WebhookDeliverySchema, { ...rest, ...times });
}

/** What is sent, in the part of the OpenAPI document that is for it. */
function describeMessages(app: OpenAPIHono<ControlEnv>): void {
  app.openAPIRegistry.registerWebhook({
    method: "post",
    path: "keyEvent",
    operationId: "receiveKeyEvent",
    summary: "Something has happened to a key; in the form of Standard Webhooks",
    tags: [TAG],
    request: {
      headers: WebhookHeaders,
      body: { required: true, content: { "application/json": { schema: WebhookMessage } } },
    },
    responses: {
      "2XX": { description: "The event has arrived." },
      410: { description: "The endpoint wants no more events; it is disabled." },
    },
  });
}
