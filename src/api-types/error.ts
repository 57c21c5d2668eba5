import { z } from "@hono/zod-openapi";
import type { ErrorBody } from "../core/http/error-response.ts";
import { REFUSALS } from "../core/refusal-table.ts";
import { keysOf } from "../core/keys-of.ts";

export const ErrorSchema = z
  .object({
    error: z.object({
      type: z.string(),
      code: z.enum(keysOf(REFUSALS)),
      message: z.string(),
      details: z.record(z.string(), z.unknown()).optional(),
      correlationId: z.uuid(),
      docUrl: z.url(),
    }),
  })
  .openapi("Error") satisfies z.ZodType<ErrorBody>;
