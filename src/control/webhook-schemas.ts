import { z } from "@hono/zod-openapi";
import { isoTime } from "../core/iso-time.ts";
import {
  DELIVERY_STATUSES,
  KEY_EVENTS,
  TEST_EVENT,
  type WebhookDelivery,
  type WebhookEndpoint,
} from "../core/webhook.ts";
import { Key } from "./key-schemas.ts";
import { Limit, Pagination, Timestamp } from "./schemas.ts";

export const WebhookInput = z
  .strictObject({
    url: z.string().trim().max(2048).openapi({ example: "https://hooks.example.com/portcullis" }),
    description: z.string().trim().max(500, "Must have at most 500 characters").nullable().optional(),
    disabled: z.boolean().optional(),
  })
  .openapi("WebhookInput");

export const WebhookSchema = z
  .object({
    url: z.string(),
    description: z.string().nullable(),
    disabled: z.boolean(),
    disabledReason: z
      .string()
      .nullable()
      .openapi({ description: "Why nothing is sent, if nobody asked for it." }),
    previousSecretUntil: Timestamp.nullable().openapi({
      description: "Until when messages are signed with the secret before, too.",
    }),
    createdAt: Timestamp,
    updatedAt: Timestamp,
  })
  .openapi("Webhook");

export const WebhookWithSecret = WebhookSchema.extend({
  secret: z.string().openapi({
    description: "What messages are signed with. It is shown this once.",
    example: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
  }),
}).openapi("WebhookWithSecret");

export const WebhookDeliverySchema = z
  .object({
    id: z.string().openapi({ description: "The `webhook-id`, the same at every attempt." }),
    type: z.enum([...KEY_EVENTS, TEST_EVENT]),
    keyId: z.string().nullable(),
    status: z.enum(DELIVERY_STATUSES),
    attempts: z.int(),
    lastStatus: z.int().nullable().openapi({ description: "The HTTP status of the last answer." }),
    lastError: z
      .string()
      .nullable()
      .openapi({ description: "Why there was no answer, or no further attempt." }),
    nextAttemptAt: Timestamp.nullable(),
    createdAt: Timestamp,
  })
  .openapi("WebhookDelivery");

export const WebhookDeliveryList = z
  .object({ data: z.array(WebhookDeliverySchema), pagination: Pagination })
  .openapi("WebhookDeliveryList");

export const WebhookDeliveryParams = z.strictObject({ id: z.string() });

export const WebhookDeliveryQuery = z.strictObject({ limit: Limit, nextCursor: z.string().optional() });

/** What an endpoint gets. */
export const WebhookMessage = z
  .object({
    type: z.enum([...KEY_EVENTS, TEST_EVENT]),
    timestamp: Timestamp.openapi({ description: "When it happened." }),
    data: z.union([
      z.object({
        ...Key.shape,
        orgId: z.string(),
        daysLeft: z.int().optional().openapi({ description: "Of `api_key.expiring`: 14, 7 or 1." }),
        leak: z
          .object({ source: z.string(), url: z.string().nullable(), type: z.string().nullable() })
          .optional()
          .openapi({ description: "Of `api_key.leaked`: where the key or its token was found." }),
        tokenId: z.string().optional().openapi({
          description:
            "Of `api_key.leaked`: the `jti` of the access token that was found and revoked instead of its key.",
        }),
      }),
      z.object({ orgId: z.string() }),
    ]),
  })
  .openapi("WebhookMessage");

/** The headers of a message (Standard Webhooks). */
export const WebhookHeaders = z.object({
  "webhook-id": z.string().openapi({ description: "Names the event; the same at every attempt." }),
  "webhook-timestamp": z.string().openapi({ description: "When this attempt was made, in Unix seconds." }),
  "webhook-signature": z.string().openapi({
    description:
      "`v1,` and the base64 HMAC-SHA256 of `<id>.<timestamp>.<body>`, once for each secret, by spaces.",
  }),
});

export function webhookJson(endpoint: WebhookEndpoint): z.input<typeof WebhookSchema> {
  const { url, description, disabled, disabledReason } = endpoint;
  return {
    url,
    description,
    disabled,
    disabledReason,
    previousSecretUntil: isoTime(endpoint.previousSecretUntil),
    createdAt: isoTime(endpoint.createdAt),
    updatedAt: isoTime(endpoint.updatedAt),
  };
}

export function deliveryJson(delivery: WebhookDelivery): z.input<typeof WebhookDeliverySchema> {
  const { sequence: _, nextAttemptAt, createdAt, ...rest } = delivery;
  return { ...rest, nextAttemptAt: isoTime(nextAttemptAt), createdAt: isoTime(createdAt) };
}
