import { Hono, type Context } from "hono";
import { BoundedCache } from "../../core/bounded-cache.ts";
import { OBJECT_TIMEOUT_MS, within } from "../../core/concurrency.ts";
import { withoutSecrets } from "../../core/key/key-secret.ts";
import { isRefusal, problemOf, type Refusal } from "../../core/refusal.ts";
import { faultOf, scimProblem, UNKNOWN_TOKEN, type ScimProblem } from "../../core/scim/problem.ts";
import type { ScimAnswer } from "../../state/organization/people/scim-command.ts";
import type { Control } from "../context.ts";
import { refusalOf } from "../thrown.ts";
import { answerProblem } from "./answer.ts";
import { discover, isDescription } from "./discovery.ts";
import { answerTo, readCommand } from "./exchange.ts";
import { allowedAt, isNotServed, readPlace, type Place } from "./place.ts";
import { readParameters, type ScimEnv } from "./request.ts";
import { readToken, type PresentedToken } from "./token.ts";

/** Where SCIM is served. */
export const SCIM_PATH = "/-/scim/v2";

/** What a refused attempt at a change is called in the audit. */
const VERBS: Readonly<Record<string, "create" | "replace" | "update" | "delete" | undefined>> = {
  POST: "create",
  PUT: "replace",
  PATCH: "update",
  DELETE: "delete",
};

/** SCIM 2.0 (RFC 7643, RFC 7644): how the identity provider pushes people and groups. */
export function createScimApp(control: Control): Hono<ScimEnv> {
  const scim = new Hono<ScimEnv>();
  const authenticate = authenticator(control);
  const serve = async (c: Context<ScimEnv>): Promise<Response> => {
    const token = await authenticate(c);
    return token instanceof Response ? token : serveScim(c, control, token);
  };
  // Names of resources are taken in any letters' case and with a slash at the end, so paths are read here.
  scim.all("/", serve);
  scim.all("*", serve);
  scim.onError((error, c) => {
    const refusal = refusalOf(error);
    c.set("refusal", refusal);
    const { code, retryAfter = 1 } = refusal;
    const problem = code === "internal_error" ? "internalError" : "unconfirmed";
    return answerProblem(scimProblem(problem, problemOf(refusal)), { retryAfter });
  });
  return scim;
}

/** How long a change may take: it waits for the guards of the keys that it cuts. */
const SCIM_TIMEOUT_MS = 60_000;

function isKnown({ orgId, hash }: PresentedToken, env: Control["env"]): Promise<boolean> {
  return within(OBJECT_TIMEOUT_MS, env.ORGANIZATION.getByName(orgId).knowsScimToken(hash));
}

/** Tokens that this isolate remembers to have been right, by their hash. */
const MAX_RIGHT_TOKENS = 1000;

/**
 * Every endpoint takes the organisation's SCIM token (RFC 6750), the descriptions included. An address that keeps failing
 * is turned away before its organisation is asked; a token that was right goes on, since providers share addresses.
 */
function authenticator({ env, failures }: Control) {
  const right = new BoundedCache<true>(MAX_RIGHT_TOKENS);
  return async (c: Context<ScimEnv>): Promise<PresentedToken | Response> => {
    const token = readToken(c.req.header("Authorization"));
    const address = c.get("address");
    const wasRight = token !== null && right.has(token.hash);
    const blocked = wasRight ? null : failures.blocked(address, Date.now());
    if (blocked !== null) return turnAway(c, blocked);
    if (token === null || !(await isKnown(token, env))) {
      // A token that was right was replaced since: its client has something to set up, and guesses nothing.
      const tooMany = wasRight ? null : await failures.count(address, Date.now());
      return tooMany === null ? refuseWith(c, UNKNOWN_TOKEN) : turnAway(c, tooMany);
    }
    right.set(token.hash, true);
    c.set("orgId", token.orgId);
    return token;
  };
}

function turnAway(c: Context<ScimEnv>, { retryAfter = 1 }: Refusal): Response {
  const problem = scimProblem("tooManyFailures", "Too many failed attempts from this address");
  return refuseWith(c, problem, { retryAfter });
}

async function serveScim(c: Context<ScimEnv>, control: Control, token: PresentedToken): Promise<Response> {
  const path = new URL(c.req.url).pathname.slice(SCIM_PATH.length);
  const place = readPlace(path);
  c.set("route", `${SCIM_PATH}${place?.route ?? "/*"}`);
  if (isNotServed(path)) return refuseWith(c, scimProblem("notImplemented", "The service does without this"));
  if (place === null) return refuseWith(c, scimProblem("notFound", "There is no such endpoint"));
  const allowed = allowedAt(place);
  if (!allowed.includes(c.req.method)) {
    return refuseWith(c, scimProblem("methodNotAllowed", "The endpoint has no such method"), {
      allow: allowed,
    });
  }
  const base = `${control.config.publicOrigin ?? new URL(c.req.url).origin}${SCIM_PATH}`;
  if (isDescription(place)) return describe(c, place, base);
  return exchange(c, control, token, { place, base });
}

function describe(c: Context<ScimEnv>, place: Place, base: string): Response {
  // A client that is answered must not take everything for what it has chosen (RFC 7644 section 4).
  if (readParameters(c.req.query()).filter !== undefined) {
    return refuseWith(c, scimProblem("forbidden", "What describes the service cannot be filtered"));
  }
  return discover(place, base) ?? refuseWith(c, scimProblem("notFound", "There is no such resource"));
}

/** Parses the request, has the organisation carry it out, and answers. */
async function exchange(
  c: Context<ScimEnv>,
  control: Control,
  { orgId, hash }: PresentedToken,
  { place, base }: { readonly place: Place; readonly base: string },
): Promise<Response> {
  const organization = control.env.ORGANIZATION.getByName(orgId);
  const author = { id: "scim", name: "SCIM", address: c.get("address"), requestId: c.get("requestId") };
  const refused = (problem: ScimProblem): Response => {
    const verb = place.search ? undefined : VERBS[c.req.method];
    const [type] = place.types;
    if (verb !== undefined && type !== undefined) {
      const operation = `${verb}Scim${type}` as const;
      const noted = organization.noteRefusal(
        author,
        operation,
        withoutSecrets(place.id ?? orgId),
        problem.code,
        faultOf(problem),
      );
      c.executionCtx.waitUntil(noted);
    }
    return refuseWith(c, problem);
  };
  const read = await readCommand(c, control.config.keyPrefixes, place);
  if (isRefusal(read)) return refused(read);
  const { command, shown } = read;
  const answer = withCode(await within(SCIM_TIMEOUT_MS, organization.scim(author, hash, command)));
  if (isRefusal(answer)) return refused(answer);
  if ("resource" in answer && answer.leftOut !== undefined && answer.leftOut.length > 0) {
    c.set("leftOut", answer.leftOut);
  }
  return answerTo(c, answer, { base, command, shown });
}

/** Objects of an earlier version name the problem without our code for it. */
function withCode(answer: ScimAnswer): ScimAnswer {
  return "problem" in answer ? scimProblem(answer.problem, answer.detail, answer.field) : answer;
}

/** Answers with a problem, and leaves it for the log. */
function refuseWith(
  c: Context<ScimEnv>,
  problem: ScimProblem,
  more: Parameters<typeof answerProblem>[1] = {},
): Response {
  c.set("refusal", problem);
  return answerProblem(problem, more);
}
