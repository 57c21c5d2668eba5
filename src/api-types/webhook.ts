import { z } from "@hono/zod-openapi";
import { DELIVERY_STATUSES, KEY_EVENTS, TEST_EVENT } from "../core/organization/webhook.ts";
import { pageOf, Timestamp, type Wire } from "./common.ts";
import { KeySchema } from "./keys.ts";

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
export type Webhook = Wire<typeof WebhookSchema>;

export const WebhookWithSecretSchema = WebhookSchema.extend({
  secret: z.string().openapi({
    description: "What messages are signed with. It is shown this once.",
    example: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
  }),
}).openapi("WebhookWithSecret");
export type WebhookWithSecret = Wire<typeof WebhookWithSecretSchema>;

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
export type WebhookDelivery = Wire<typeof WebhookDeliverySchema>;

export const WebhookDeliveryList = pageOf(WebhookDeliverySchema, "WebhookDeliveryList");

/** What an endpoint gets. */
export const WebhookMessage = z
  .object({
    type: z.enum([...KEY_EVENTS, TEST_EVENT]),
    timestamp: Timestamp.openapi({ description: "When it happened." }),
    data: z.union([
      z.object({
        ...KeySchema.shape,
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
