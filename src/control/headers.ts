import { z } from "@hono/zod-openapi";
import { withoutSecrets } from "../core/key/key-secret.ts";

/** The headers that the control API reads and writes besides the common ones, as schemas like those of its bodies. */

const ENTITY_TAG = '(?:W/)?"[^"]*"';
const ENTITY_TAGS = new RegExp(ENTITY_TAG, "g");
const PRECONDITION = new RegExp(`^(?:\\*|${ENTITY_TAG}(?:[ \\t]*,[ \\t]*${ENTITY_TAG})*)$`);
/**
 * The tag of a version. A weak one counts, too: Cloudflare weakens ours where it compresses an answer, and whatever changes
 * has another version.
 */
const VERSION_TAG = /^(?:W\/)?"([1-9]\d{0,14})"$/;

/** The versions that `If-Match` would have changed (RFC 9110 section 13.1.1): `null` when any will do. */
const IfMatch = z
  .string()
  .regex(PRECONDITION, 'must be * or the ETag of a version, like "3"')
  .transform((value) => (value === "*" ? null : versionsOf(value)))
  .openapi({ type: "string", example: '"3"', description: "The ETag of the version that is to be changed." });

function versionsOf(tags: string): number[] {
  const versions = (tags.match(ENTITY_TAGS) ?? []).map((tag) => VERSION_TAG.exec(tag)?.[1]);
  return versions.filter((version) => version !== undefined).map(Number);
}

export const Precondition = z.object({ "If-Match": IfMatch.optional() });

/** What `Prefer` says first of `return`; what it says again does not count (RFC 7240 section 2). */
const RETURN = /(?:^|,)\s*return\s*=\s*"?([^\s";,]*)"?\s*(?=[;,]|$)/i;

/** Whether `Prefer` asks for no body (RFC 7240 section 4.2). */
const Prefer = z
  .string()
  .transform((value) => RETURN.exec(value)?.[1]?.toLowerCase() === "minimal")
  .openapi({ type: "string", example: "return=minimal", description: "`return=minimal` asks for no body." });

/** Names a request, so that it does its work once (draft-ietf-httpapi-idempotency-key-header), quoted or not. */
const IdempotencyKey = z
  .string()
  .regex(/^("?)[\w.~:@+/=-]{1,128}\1$/, "must be a string of at most 128 characters, like a UUID")
  .transform((value) => value.replaceAll('"', ""))
  .refine((name) => withoutSecrets(name) === name, "must not hold an API key or a token: it is stored")
  .openapi({
    type: "string",
    example: '"8e03978e-40d5-43dd-bc93-6894a57f9324"',
    description: "Names the request: one that comes again within a day makes no second key.",
  });

export const Idempotency = z.object({ "Idempotency-Key": IdempotencyKey.optional() });

export const Preference = z.object({ Prefer: Prefer.optional() });
export const PreferenceApplied = z.object({ "Preference-Applied": z.literal("return=minimal") });

const ETag = z.string().openapi({ example: '"3"', description: "The version." });

/** What every answer has. */
export const Answered = z.object({
  "X-Request-Id": z.uuid().openapi({ description: "Names the request in the logs and in the audit." }),
});

/** What refusals of a status have beyond that (RFC 9110 sections 10.2.1, 10.2.3, 11.6.1). */
const RetryAfter = z.object({
  "Retry-After": z
    .string()
    .regex(/^[1-9]\d*$/)
    .openapi({ example: "1", description: "In seconds." }),
});
export const REFUSAL_HEADERS: Readonly<Record<number, z.ZodObject>> = {
  401: z.object({
    "WWW-Authenticate": z.string().openapi({
      example: 'Bearer realm="portcullis"',
      description: "The challenge (RFC 6750 section 3, RFC 9470 section 3).",
    }),
  }),
  405: z.object({ Allow: z.string().openapi({ example: "GET, POST" }) }),
  429: RetryAfter,
  503: RetryAfter,
};

export const Versioned = z.object({ ETag });
export const Created = z.object({
  ETag,
  Location: z.string().openapi({ example: "/-/api-keys/key_3fA9xKq20LmZ" }),
});
