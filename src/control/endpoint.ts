import type { OpenAPIHono, RouteConfig } from "@hono/zod-openapi";
import type { Context } from "hono";
import { z } from "zod";
import { errorResponse } from "../core/error-response.ts";
import type { Actor } from "../core/organization.ts";
import { REFUSALS, isRefusal, refuse, type Refusal, type RefusalCode } from "../core/refusal.ts";
import type { Config, Env } from "../env.ts";
import { readBody } from "./body.ts";
import type { Identity, IdentityVerifier } from "./identity.ts";
import { ErrorSchema } from "./schemas.ts";

/** What the endpoints work with. */
export interface Control {
  readonly config: Config;
  readonly env: Env;
  readonly identities: IdentityVerifier;
  /** What is wrong with a scope by the API document, or `null`. */
  readonly checkScope: (scope: {
    action: "read" | "write" | "admin" | "*";
    resource: string;
  }) => string | null;
}

export interface ControlEnv {
  Bindings: Env;
  Variables: { requestId: string; address: string; refusal?: Refusal; actor?: Actor };
}

/** What an endpoint answers when it does not refuse. */
export interface Reply {
  readonly status: 200 | 201 | 204;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

type Parsed<T extends z.ZodType | undefined> = T extends z.ZodType ? z.output<T> : undefined;

/** One operation of the control API: what describes it in OpenAPI is what validates its requests. */
export interface Endpoint<
  P extends z.ZodObject | undefined,
  Q extends z.ZodObject | undefined,
  B extends z.ZodType | undefined,
> {
  readonly method: "get" | "post" | "patch" | "put" | "delete";
  /** With parameters as `{name}`. */
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  readonly tag: string;
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  readonly success: Readonly<
    Partial<Record<200 | 201 | 204, { description: string; schema?: z.ZodType; headers?: z.ZodObject }>>
  >;
  /** What it can refuse with, beyond what every endpoint can. */
  readonly refusals: readonly RefusalCode[];
  readonly run: (
    input: { params: Parsed<P>; query: Parsed<Q>; body: Parsed<B>; header: (name: string) => string | null },
    actor: Actor,
    control: Control,
  ) => Promise<Reply | Refusal>;
}

const EVERY_ENDPOINT: readonly RefusalCode[] = [
  "credential_missing",
  "identity_token_invalid",
  "invalid_request",
  "method_not_allowed",
  "internal_error",
  "identity_provider_unavailable",
];
const WITH_BODY: readonly RefusalCode[] = ["payload_too_large", "unsupported_media_type"];

/** Adds an endpoint to the API and to its OpenAPI document. Every endpoint takes an identity token. */
export function addEndpoint<
  P extends z.ZodObject | undefined,
  Q extends z.ZodObject | undefined,
  B extends z.ZodType | undefined,
>(app: OpenAPIHono<ControlEnv>, control: Control, endpoint: Endpoint<P, Q, B>): void {
  app.openAPIRegistry.registerPath(describe(endpoint));
  app.on(endpoint.method.toUpperCase(), endpoint.path.replaceAll(/\{(\w+)\}/g, ":$1"), async (c) => {
    const outcome = await serve(c, control, endpoint);
    return isRefusal(outcome) ? refuseWith(c, outcome, control.config) : reply(c, outcome);
  });
}

async function serve<
  P extends z.ZodObject | undefined,
  Q extends z.ZodObject | undefined,
  B extends z.ZodType | undefined,
>(c: Context<ControlEnv>, control: Control, endpoint: Endpoint<P, Q, B>): Promise<Reply | Refusal> {
  const identity = await control.identities.verify(c.req.header("Authorization") ?? null, Date.now());
  if (isRefusal(identity)) return identity;
  const actor = actorOf(identity, c);
  c.set("actor", actor);
  const params = parse(endpoint.params, c.req.param());
  if (isRefusal(params)) return params;
  const query = parse(endpoint.query ?? NO_QUERY, singleValues(c.req.queries()));
  if (isRefusal(query)) return query;
  const json = endpoint.body === undefined ? { value: undefined } : await readBody(c.req.raw);
  if (isRefusal(json)) return json;
  const body = parse(endpoint.body, json.value, true);
  if (isRefusal(body)) return body;
  return endpoint.run(
    {
      params: params.value as Parsed<P>,
      query: query.value as Parsed<Q>,
      body: body.value as Parsed<B>,
      header: (name) => c.req.header(name) ?? null,
    },
    actor,
    control,
  );
}

const NO_QUERY = z.strictObject({});

/** A parameter given twice stays a list, which no schema takes. */
function singleValues(queries: Record<string, string[]>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(queries).map(([name, values]) => [name, values.length === 1 ? values[0] : values]),
  );
}

function actorOf(identity: Identity, c: Context<ControlEnv>): Actor {
  return {
    orgId: identity.orgId,
    id: identity.subject,
    name: identity.name,
    email: identity.email,
    roles: identity.roles,
    vaultRoles: identity.vaultRoles,
    claimsAt: identity.issuedAt,
    freshMfa: identity.freshMfa,
    requestId: c.get("requestId"),
    address: c.get("address"),
  };
}

/** What is wrong with the form of a request, rather than with a value of the right type. */
const FORM_ISSUES = ["invalid_type", "unrecognized_keys", "invalid_union", "invalid_key", "invalid_element"];

/** In a body, a type that does not fit is 400, and a value of the right type that cannot be is 422. */
function parse(schema: z.ZodType | undefined, value: unknown, inBody = false): { value: unknown } | Refusal {
  if (schema === undefined) return { value: undefined };
  const parsed = schema.safeParse(value);
  if (parsed.success) return { value: parsed.data };
  const issue = parsed.error.issues[0] as z.core.$ZodIssue;
  const field = issue.code === "unrecognized_keys" ? issue.keys[0] : issue.path.join(".");
  const details = { ...(field && { field }), problem: issue.message };
  const badValue = inBody && !FORM_ISSUES.includes(issue.code);
  return refuse(badValue ? "invalid_value" : "invalid_request", { details });
}

/** Answers with a refusal, and leaves it for the log. */
export function refuseWith(c: Context<ControlEnv>, refusal: Refusal, config: Config): Response {
  c.set("refusal", refusal);
  return errorResponse(refusal, {
    requestId: c.get("requestId"),
    publicOrigin: config.publicOrigin ?? new URL(c.req.url).origin,
    head: c.req.method === "HEAD",
  });
}

function reply(c: Context<ControlEnv>, { status, body, headers }: Reply): Response {
  for (const [name, value] of Object.entries(headers ?? {})) c.header(name, value);
  return status === 204 ? c.body(null, 204) : c.json(body as object, status);
}

function describe(
  endpoint: Pick<
    Endpoint<z.ZodObject | undefined, z.ZodObject | undefined, z.ZodType | undefined>,
    | "method"
    | "path"
    | "operationId"
    | "summary"
    | "tag"
    | "params"
    | "query"
    | "body"
    | "success"
    | "refusals"
  >,
): RouteConfig {
  const { method, path, operationId, summary, tag, params, query, body, success } = endpoint;
  const codes = [...EVERY_ENDPOINT, ...(body === undefined ? [] : WITH_BODY), ...endpoint.refusals];
  const responses: RouteConfig["responses"] = {};
  for (const [status, { description, schema, headers }] of Object.entries(success)) {
    responses[status] = {
      description,
      ...(headers && { headers }),
      ...(schema && { content: { "application/json": { schema } } }),
    };
  }
  for (const code of new Set(codes)) {
    const { status } = REFUSALS[code];
    const others = codes.filter((other) => REFUSALS[other].status === status);
    responses[status] = {
      description: [...new Set(others)]
        .map((other) => `\`${other}\`: ${REFUSALS[other].message}`)
        .join("\n\n"),
      content: { "application/json": { schema: ErrorSchema } },
    };
  }
  return {
    method,
    path,
    operationId,
    summary,
    tags: [tag],
    security: [{ identityToken: [] }],
    request: {
      ...(params && { params }),
      ...(query && { query }),
      ...(body && { body: { required: true, content: { "application/json": { schema: body } } } }),
    },
    responses,
  };
}
