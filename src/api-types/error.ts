import { z } from "@hono/zod-openapi";
import type { ErrorBody } from "../core/http/error-response.ts";
import { REFUSALS, type RefusalCode } from "../core/refusal.ts";

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
  .openapi("Error") satisfies z.ZodType<ErrorBody>;
