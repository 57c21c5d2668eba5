import { isoTime } from "../core/iso-time.ts";
import { z, type OpenAPIHono } from "@hono/zod-openapi";
import { callsKeptFrom } from "../core/calls.ts";
import { impactOf, REASONS, type Impact } from "../core/impact.ts";
import { isRefusal } from "../core/refusal.ts";
import { addEndpoint, type Control, type ControlEnv } from "./endpoint.ts";
import { KeyParams, KeyUpdate } from "./key-schemas.ts";
import { keyProblems, readKeyChange } from "./key-values.ts";
import { Timestamp } from "./schemas.ts";

const ImpactSchema = z
  .object({
    window: z.object({ from: Timestamp, to: Timestamp }),
    calls: z.int().openapi({ description: "Calls that were let through." }),
    wouldRefuse: z.int().openapi({
      description:
        "Of those, how many the edited key would refuse and the key as it is would not; at least so many where some are unknown.",
    }),
    wouldSeeLess: z.int().openapi({ description: "Calls of a list that would show fewer of its items." }),
    unknown: z.int().openapi({ description: "Calls that it cannot be told of: there were too many kinds." }),
    byReason: z
      .array(z.object({ reason: z.enum(REASONS), calls: z.int() }))
      .openapi({ description: "Why they would be refused, the most frequent reason first." }),
    examples: z
      .array(
        z.object({
          operation: z.string(),
          resource: z.string().nullable(),
          address: z.string(),
          calls: z.int(),
        }),
      )
      .openapi({ description: "The most frequent calls that would be refused." }),
  })
  .openapi("Impact");

/** `/-/api-keys/{id}/impact`: what an edit would have done to the calls of the last day. */
export function addImpactEndpoint(app: OpenAPIHono<ControlEnv>, control: Control): void {
  const operations = new Map(control.operations.map((operation) => [operation.id, operation]));
  addEndpoint(app, control, {
    method: "post",
    safe: true,
    path: "/-/api-keys/{id}/impact",
    operationId: "previewApiKeyUpdate",
    summary: "Tell what a change of a key would have refused in the last day; changes nothing",
    tag: "API keys",
    params: KeyParams,
    body: KeyUpdate,
    check: (body) => keyProblems(body, control.checkScope, Date.now()),
    success: { 200: { description: "What the change would do.", schema: ImpactSchema } },
    refusals: ["not_found", "key_limit_reached"],
    run: async ({ params, body }, actor) => {
      const now = Date.now();
      const change = readKeyChange(body, control.checkScope, now);
      if (isRefusal(change)) return change;
      const from = callsKeptFrom(now);
      const organization = control.env.ORGANIZATION.getByName(actor.orgId);
      const preview = await organization.previewUpdate(actor, params.id, change, from);
      if (isRefusal(preview)) return preview;
      const impact = impactOf(preview.calls, preview.before, preview.after, operations, now);
      return { status: 200, body: impactJson(impact, from, now) };
    },
  });
}

function impactJson(impact: Impact, from: number, to: number): z.input<typeof ImpactSchema> {
  return {
    window: { from: isoTime(from), to: isoTime(to) },
    ...impact,
    byReason: [...impact.byReason],
    examples: [...impact.examples],
  };
}
