import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import { z } from "zod";
import { within } from "../core/concurrency.ts";
import { errorResponse, originOf } from "../core/http/error-response.ts";
import { stepUpContexts } from "../core/identity/settings.ts";
import { KEY_ID, withoutSecrets } from "../core/key/key-secret.ts";
import { NDJSON } from "../core/http/ndjson.ts";
import type { ChangingOperation } from "../core/organization/audit-event.ts";
import type { Actor } from "../core/organization/organization.ts";
import { type Refusal, type Result, isRefusal, refuse } from "../core/refusal.ts";
import type { Config } from "../settings.ts";
import { fieldsWithKey } from "./body-secrets.ts";
import { isLines, readBody } from "./body.ts";
import { describeEndpoint } from "./endpoint-document.ts";
import type { Endpoint, Fields, Json } from "./endpoint-types.ts";
import type { Identity } from "./identity/mapping.ts";
import { fittingFields, parse, type Parsed } from "./parse.ts";
import { type FieldProblem, problemsIn, refuseProblems, withFields } from "../core/http/field-problems.ts";
import type { Reply, ReplyOf, Success } from "./reply.ts";
import type { Control, ControlEnv } from "./context.ts";

/** Adds an endpoint to the API and to its OpenAPI document. Every endpoint takes an identity token. */
export function addEndpoint<
  P extends Fields,
  Q extends Fields,
  H extends Fields,
  B extends Json,
  S extends Success,
>(app: OpenAPIHono<ControlEnv>, control: Control, endpoint: Endpoint<P, Q, H, B, S>): void {
  app.openAPIRegistry.registerPath(describeEndpoint(endpoint));
  app.on(endpoint.method.toUpperCase(), endpoint.path.replaceAll(/\{(\w+)\}/g, ":$1"), async (c) => {
    const served = await serve(c, control, endpoint);
    const outcome = isRefusal(served) ? withFields(served) : served;
    nameKey(c, outcome);
    if (isRefusal(outcome) && endpoint.method !== "get" && endpoint.safe === undefined)
      noteRefusal(c, control, endpoint.operationId, outcome);
    return isRefusal(outcome) ? refuseWith(c, outcome, control.config) : reply(c, outcome);
  });
}

/** Names the key that a request is about for the log: the one in its path, or the one that it has made. */
function nameKey(c: Context<ControlEnv>, outcome: Result<Reply>): void {
  const made = isRefusal(outcome) || outcome.status !== 201 ? undefined : outcome.body;
  const id = made instanceof Object && "id" in made ? made.id : c.req.param("id");
  if (typeof id === "string" && KEY_ID.test(id)) c.set("keyId", id);
}

/**
 * Puts a refused attempt at a change on record. Only the log has attempts without a known actor, and those that lack
 * nothing but a second factor, since they are made again with one.
 */
function noteRefusal(
  c: Context<ControlEnv>,
  control: Control,
  operation: ChangingOperation,
  refusal: Refusal,
): void {
  const { code } = refusal;
  const [fault] = problemsIn(refusal);
  const actor = c.get("actor");
  if (actor === undefined || code === "mfa_required") return;
  const organization = control.env.ORGANIZATION.getByName(actor.orgId);
  c.executionCtx.waitUntil(
    organization.noteRefusal(actor, operation, withoutSecrets(c.req.param("id") ?? actor.orgId), code, fault),
  );
}

async function serve<P extends Fields, Q extends Fields, H extends Fields, B extends Json, S extends Success>(
  c: Context<ControlEnv>,
  control: Control,
  endpoint: Endpoint<P, Q, H, B, S>,
): Promise<Result<ReplyOf<S>>> {
  const identity = await control.identities.verify(
    c.req.header("Authorization") ?? null,
    Date.now(),
    c.env.SIGN_IN ?? null,
  );
  // A token that verifies passes from an address that keeps failing, too: nothing is looked up for the others.
  if (isRefusal(identity)) return control.failures.answerTo(identity, c.get("address"), Date.now());
  const actor = actorOf(identity, c);
  c.set("actor", actor);
  if (endpoint.access === "operator" && !(await mayOperate(actor, control))) {
    return refuse("role_required");
  }
  const params = parse<P>(endpoint.params, c.req.param());
  if (isRefusal(params)) return params;
  const query = parse<Q>(endpoint.query ?? NO_QUERY, singleValues(c.req.queries()));
  if (isRefusal(query)) return query;
  const headers = parse<H>(endpoint.headers, headersOf(c, endpoint.headers));
  if (isRefusal(headers)) return headers;
  const hasLines = endpoint.lineBody !== undefined;
  if (hasLines && !isLines(c.req.raw)) return refuse("unsupported_media_type");
  const json = endpoint.method === "get" || hasLines ? { value: undefined } : await readBody(c.req.raw);
  if (isRefusal(json)) return json;
  const body = parse<B>(
    endpoint.body ?? NO_BODY,
    json.value,
    true,
    (fitting) => endpoint.check?.(fitting, c.req.raw.url) ?? [],
  );
  const exposed = endpoint.body ? exposedIn(json.value, control, endpoint.credentialFields) : [];
  if (exposed.length > 0 || isRefusal(body)) {
    const found = isRefusal(body) ? problemsIn(body) : [];
    const further = await furtherProblems(endpoint, params.value, json.value, actor);
    const ofForm = isRefusal(body) && body.code === "invalid_request";
    return refuseProblems([...exposed, ...found, ...further], ofForm ? "invalid_request" : "invalid_value");
  }
  const running = endpoint.run(
    {
      params: params.value,
      query: query.value,
      headers: headers.value,
      body: body.value,
      lines: hasLines ? c.req.raw.body : null,
    },
    actor,
    control,
    c.req.raw.url,
  );
  const outcome = await (endpoint.hasOwnLimits ? running : within(timeLimitOf(endpoint), running));
  const lacksFactor = isRefusal(outcome) && outcome.code === "mfa_required";
  return lacksFactor && identity.mfaFault !== null ? { ...outcome, reason: identity.mfaFault } : outcome;
}

const READ_TIMEOUT_MS = 10_000;
const CHANGE_TIMEOUT_MS = 60_000;

/**
 * How long an endpoint may take, in milliseconds, before it is 503: the objects do not answer. A change waits for the guards
 * of many keys, and may be done nevertheless; to repeat it is harmless.
 */
export function timeLimitOf({
  method,
  safe,
}: {
  readonly method: string;
  readonly safe?: true | undefined;
}): number {
  return method === "get" || safe === true ? READ_TIMEOUT_MS : CHANGE_TIMEOUT_MS;
}

/** Problems that only the organisation knows; none when it does not answer, so that the others are still told. */
async function furtherProblems<
  P extends Fields,
  Q extends Fields,
  H extends Fields,
  B extends Json,
  S extends Success,
>(
  { body, checkFurther }: Endpoint<P, Q, H, B, S>,
  params: Parsed<P>,
  value: unknown,
  actor: Actor,
): Promise<readonly FieldProblem[]> {
  if (body === undefined || checkFurther === undefined) return [];
  const fitting = fittingFields<NonNullable<B>>(body, value);
  try {
    return await within(STANDING_TIMEOUT_MS, checkFurther({ params, body: fitting }, actor));
  } catch {
    return [];
  }
}

/** Requests are kept and shown, so a whole key may stand only in the fields that are meant for one. */
function exposedIn(
  body: unknown,
  { config }: Control,
  credentialFields: readonly string[] = [],
): FieldProblem[] {
  return fieldsWithKey(body, config.keyPrefixes, credentialFields).map((field) => ({
    field,
    problem: "Must not hold an API key",
  }));
}

/** The longest wait for an organisation that is asked about an operator, or for further problems. */
const STANDING_TIMEOUT_MS = 1000;

/**
 * Whether the token is an operator's, and its person has not been deactivated since. An organisation that does not answer
 * stops no operator: keys must be cut off when objects are down, and the token still ends by itself.
 */
async function mayOperate(actor: Actor, { env }: Control): Promise<boolean> {
  if (!actor.operator) return false;
  try {
    const organization = env.ORGANIZATION.getByName(actor.orgId);
    const email = actor.emailVerified ? actor.email : null;
    return await within(STANDING_TIMEOUT_MS, organization.isActive(actor.id, email));
  } catch {
    return true;
  }
}

const NO_QUERY = z.strictObject({});

const NO_BODY = z.strictObject({}).optional();

/** A parameter given twice stays a list, which no schema takes. */
function singleValues(queries: Record<string, string[]>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(queries).map(([name, values]) => [name, values.length === 1 ? values[0] : values]),
  );
}

function headersOf(c: Context<ControlEnv>, schema: Fields): Record<string, string | undefined> {
  return Object.fromEntries(Object.keys(schema?.shape ?? {}).map((name) => [name, c.req.header(name)]));
}

function actorOf(identity: Identity, c: Context<ControlEnv>): Actor {
  return {
    orgId: identity.orgId,
    id: identity.subject,
    name: identity.name,
    email: identity.email,
    emailVerified: identity.emailVerified,
    roles: identity.roles,
    vaultRoles: identity.vaultRoles,
    claimsAt: identity.issuedAt,
    freshMfa: identity.mfaFault === null,
    operator: identity.operator,
    requestId: c.get("requestId"),
    address: c.get("address"),
  };
}

/** Answers with a refusal, and leaves it for the log. */
export function refuseWith(c: Context<ControlEnv>, refusal: Refusal, config: Config): Response {
  c.set("refusal", refusal);
  return errorResponse(refusal, {
    requestId: c.get("requestId"),
    publicOrigin: config.publicOrigin ?? originOf(c.req.url),
    acrValues: stepUpContexts(config.client.mfaRequest, config.identity),
    head: c.req.method === "HEAD",
  });
}

function reply(c: Context<ControlEnv>, { status, body, lines, headers }: Reply): Response {
  for (const [name, value] of Object.entries(headers ?? {})) c.header(name, String(value));
  if (lines !== undefined) return c.newResponse(lines.readable, 200, { "Content-Type": NDJSON });
  return status === 204 ? c.body(null, 204) : c.json(body as object, status);
}
