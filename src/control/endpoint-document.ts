import type { RouteConfig } from "@hono/zod-openapi";
import { z } from "zod";
import { ErrorSchema } from "../api-types/error.ts";
import { NDJSON } from "../core/http/ndjson.ts";
import { errorBody, type ErrorBody } from "../core/http/error-response.ts";
import { REFUSALS, type RefusalCode } from "../core/refusal-table.ts";
import type { Endpoint } from "./endpoint-types.ts";
import { Answered, REFUSAL_HEADERS } from "./headers.ts";
import { OPERATOR_SCOPE } from "../core/identity/settings.ts";
import type { Success } from "./reply.ts";

const EVERY_ENDPOINT: readonly RefusalCode[] = [
  "credential_in_url",
  "credential_missing",
  "identity_token_invalid",
  // Somebody who was deactivated may do nothing.
  "role_required",
  "invalid_request",
  "method_not_allowed",
  "too_many_failures",
  "internal_error",
  "identity_provider_unavailable",
  // While an object is reset, moves, or is of another version.
  "admission_unavailable",
];
/** Every method but GET reads its body, if only to refuse one. */
const EVERY_CHANGE: readonly RefusalCode[] = ["payload_too_large", "unsupported_media_type"];

type AnyEndpoint = Endpoint<
  z.ZodObject | undefined,
  z.ZodObject | undefined,
  z.ZodObject | undefined,
  z.ZodType | undefined,
  Success
>;

/** The OpenAPI description of an endpoint: what it takes, and every answer and refusal that it can give. */
export function describeEndpoint(endpoint: Omit<AnyEndpoint, "run" | "check" | "checkFurther">): RouteConfig {
  const { method, path, operationId, summary, tag, params, query, headers, body, lineBody, success } =
    endpoint;
  const operator = endpoint.access === "operator";
  const codes = new Set([
    ...EVERY_ENDPOINT,
    ...(method === "get" ? [] : EVERY_CHANGE),
    ...(body === undefined ? [] : (["invalid_value"] as const)),
    ...endpoint.refusals,
  ]);
  return {
    method,
    path,
    operationId,
    summary,
    tags: [tag],
    security: [{ identityToken: operator ? [OPERATOR_SCOPE] : [] }],
    request: {
      ...(params && { params }),
      ...(query && { query }),
      ...(headers && { headers: describedHeaders(headers) }),
      ...(lineBody && { body: { required: true, content: { [NDJSON]: { schema: lineBody } } } }),
      ...(body && {
        body: {
          required: !body.safeParse(undefined).success,
          content: { "application/json": { schema: body } },
        },
      }),
    },
    responses: describeResponses(success, codes),
  };
}

/** Every answer and refusal of an endpoint, by its status. */
export function describeResponses(success: Success, codes: Iterable<RefusalCode>): RouteConfig["responses"] {
  const responses: RouteConfig["responses"] = {};
  for (const [status, answer] of Object.entries(success)) {
    responses[status] = {
      description: answer.description,
      headers: Answered.extend(answer.headers?.shape ?? {}),
      ...((answer.schema ?? answer.lines) && {
        content: {
          ...(answer.schema && { "application/json": { schema: answer.schema } }),
          ...(answer.lines && { [NDJSON]: { schema: answer.lines } }),
        },
      }),
    };
  }
  for (const [status, alike] of Map.groupBy(codes, (code) => REFUSALS[code].status)) {
    responses[status] = {
      description: alike.map((code) => `\`${code}\`: ${REFUSALS[code].message}`).join("\n\n"),
      headers: Answered.extend(REFUSAL_HEADERS[status]?.shape ?? {}),
      content: { "application/json": { schema: ErrorSchema, examples: examplesOf(alike) } },
    };
  }
  return responses;
}

/** OpenAPI 3.1 ignores parameters of these names: what they say is said by the media types of the answers. */
const NOT_PARAMETERS: readonly string[] = ["accept", "content-type", "authorization"];

function describedHeaders({ shape }: z.ZodObject): z.ZodObject {
  return z.object(
    Object.fromEntries(
      Object.entries(shape).filter(([name]) => !NOT_PARAMETERS.includes(name.toLowerCase())),
    ),
  );
}

/** What each refusal looks like, by its code. */
function examplesOf(codes: readonly RefusalCode[]): Record<string, { value: ErrorBody }> {
  const context = {
    requestId: "8f14e45f-ceea-4e7a-9b5c-2f1d0a7c3e11",
    publicOrigin: "https://gateway.example.com",
    head: false,
  };
  return Object.fromEntries(codes.map((code) => [code, { value: errorBody({ code }, context) }]));
}
