import { z } from "@hono/zod-openapi";
import { plainName } from "../core/plain-name.ts";
import { REFUSALS, type RefusalCode } from "../core/refusal.ts";

/** Schemas that the whole control API shares. What validates requests also writes the OpenAPI document. */

export const ErrorSchema = z
  .object({
    error: z.object({
      type: z.string(),
      code: z.enum(Object.keys(REFUSALS) as [RefusalCode, ...RefusalCode[]]),
      message: z.string(),
      details: z.record(z.string(), z.unknown()).optional(),
      correlationId: z.uuid(),
      docUrl: z.url(),
    }),
  })
  .openapi("Error");

export { Timestamp } from "../api-types/timestamp.ts";

/** What keys and service users are called, in the one spelling in which names are kept. */
export const Name = z
  .string()
  .trim()
  .refine((text) => !/\p{Cc}/u.test(text), "Must not hold control characters")
  .overwrite(plainName)
  .min(1, "Must not be empty")
  .max(100, "Must have at most 100 characters")
  .openapi({ example: "Reporting service" });

export const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 500;

/** How many items a page holds at most. */
export const Limit = z
  .string()
  .regex(/^[1-9]\d*$/, "must be a whole number, at least 1")
  .transform((text) => Math.min(Number(text), MAX_LIMIT))
  .default(DEFAULT_LIMIT)
  .openapi({ type: "integer", minimum: 1, default: DEFAULT_LIMIT, description: `Capped at ${MAX_LIMIT}.` });

export const Pagination = z
  .object({ limit: z.int(), nextCursor: z.string().nullable() })
  .openapi("Pagination");
