import { Hono, type Context } from "hono";
import { createMiddleware } from "hono/factory";
import { LRUCache } from "lru-cache";
import { withoutSecrets } from "../../core/key-secret.ts";
import { refuse, type Refusal } from "../../core/refusal.ts";
import { readOperations } from "../../core/scim/patch.ts";
import { SCIM_PROBLEMS, scimProblem, UNKNOWN_TOKEN, type ScimProblem } from "../../core/scim/problem.ts";
import { project, type Projection } from "../../core/scim/projection.ts";
import { readResource } from "../../core/scim/resource.ts";
import type { ResourceType } from "../../core/scim/schemas.ts";
import type { ScimAnswer, ScimCommand } from "../../state/organization/people/scim-command.ts";
import type { Control } from "../endpoint.ts";
import { allowedMethods } from "../methods.ts";
import { answerList, answerProblem, answerResource, withLocations } from "./answer.ts";
import { addDiscovery } from "./discovery.ts";
import { readExpected, readListing, readObject, readShown, type ScimEnv } from "./request.ts";
import { readToken } from "./token.ts";

/** Where SCIM is served. */
export const SCIM_PATH = "/-/scim/v2";

/** SCIM 2.0 (RFC 7643, RFC 7644): how the identity provider pushes people and groups. */
export function createScimApp(control: Control): Hono<ScimEnv> {
  const scim = new Hono<ScimEnv>();
  const baseOf = (url: string) => `${control.config.publicOrigin ?? new URL(url).origin}${SCIM_PATH}`;

  scim.use(authenticate(control));
  addDiscovery(scim, baseOf);
  addResources(scim, control, "User", baseOf);
  addResources(scim, control, "Group", baseOf);

  scim.all("*", (c) => {
    const allowed = allowedMethods(scim.routes, c.req.path.slice(SCIM_PATH.length));
    return allowed.length === 0
      ? refuseWith(c, scimProblem("notFound", "There is no such endpoint"))
      : refuseWith(c, scimProblem("methodNotAllowed", "The endpoint has no such method"), { allow: allowed });
  });
  scim.onError((error, c) => {
    c.set("refusal", refuse("internal_error", { reason: String(error) }));
    return answerProblem(scimProblem("internalError", "Something went wrong"));
  });
  return scim;
}

/** Tokens that this isolate remembers to have been right, by their hash. */
const MAX_RIGHT_TOKENS = 1000;

/**
 * Every endpoint takes the organisation's SCIM token (RFC 6750), the descriptions included. An address that keeps failing
 * is turned away before its organisation is asked; a token that was right goes on, since providers share addresses.
 */
function authenticate({ env, failures }: Control) {
  const right = new LRUCache<string, true>({ max: MAX_RIGHT_TOKENS });
  return createMiddleware<ScimEnv>(async (c, next) => {
    const token = readToken(c.req.header("Authorization"));
    const address = c.get("address");
    const wasRight = token !== null && right.has(token.hash);
    const blocked = wasRight ? null : failures.blocked(address, Date.now());
    if (blocked !== null) return turnAway(c, blocked);
    if (token === null || !(await env.ORGANIZATION.getByName(token.orgId).knowsScimToken(token.hash))) {
      // A token that was right was replaced since: its client has something to set up, and guesses nothing.
      const tooMany = wasRight ? null : await failures.count(address, Date.now());
      return tooMany === null ? refuseWith(c, UNKNOWN_TOKEN) : turnAway(c, tooMany);
    }
    right.set(token.hash, true);
    c.set("token", token);
    return next();
  });
}

function turnAway(c: Context<ScimEnv>, { retryAfter = 1 }: Refusal): Response {
  const problem = scimProblem("tooManyFailures", "Too many failed attempts from this address");
  return refuseWith(c, problem, { retryAfter });
}

/** Reads what a request asks for; the id is empty where the path has none. */
type ReadCommand = (id: string) => ScimCommand | ScimProblem | Promise<ScimCommand | ScimProblem>;

/** What a refused attempt at a change is called in the audit. */
const VERBS: Readonly<Record<string, string>> = {
  POST: "create",
  PUT: "replace",
  PATCH: "update",
  DELETE: "delete",
};

function addResources(
  scim: Hono<ScimEnv>,
  control: Control,
  type: ResourceType,
  baseOf: (url: string) => string,
): void {
  const path = `/${type}s`;

  const run = async (c: Context<ScimEnv>, read: ReadCommand): Promise<Response> => {
    const { orgId, hash } = c.get("token");
    const organization = control.env.ORGANIZATION.getByName(orgId);
    const author = { id: "scim", name: "SCIM", address: c.get("address"), requestId: c.get("requestId") };
    const id = c.req.param("id");
    const refused = (problem: ScimProblem): Response => {
      const verb = VERBS[c.req.method];
      if (verb !== undefined) {
        const { code } = SCIM_PROBLEMS[problem.problem];
        const noted = organization.noteRefusal(
          author,
          `${verb}Scim${type}`,
          withoutSecrets(id ?? orgId),
          code,
        );
        c.executionCtx.waitUntil(noted);
      }
      return refuseWith(c, problem);
    };
    const shown = readShown(c);
    if ("problem" in shown) return refused(shown);
    const command = await read(id ?? "");
    if ("problem" in command) return refused(command);
    // What RPC says of its types cannot express that a resource holds any JSON.
    const answer = (await organization.scim(author, hash, command)) as unknown as ScimAnswer;
    return "problem" in answer ? refused(answer) : reply(baseOf(c.req.url), command, answer, shown);
  };

  scim.get(path, (c) => run(c, () => readListing(c, type)));
  scim.get(`${path}/:id`, (c) => run(c, (id) => ({ kind: "get", type, id })));
  scim.post(path, (c) =>
    run(c, async () => {
      const sent = await readSent(c, control, type);
      return "problem" in sent ? sent : { kind: "create", type, ...sent };
    }),
  );
  scim.put(`${path}/:id`, (c) =>
    run(c, async (id) => {
      const sent = await readSent(c, control, type);
      const expected = readExpected(c);
      if ("problem" in sent) return sent;
      return "problem" in expected ? expected : { kind: "replace", type, id, ...sent, ...expected };
    }),
  );
  scim.patch(`${path}/:id`, (c) =>
    run(c, async (id) => {
      const sent = await readObject(c, control.config.keyPrefix);
      if ("problem" in sent) return sent;
      const read = readOperations(sent.body);
      const expected = readExpected(c);
      if ("problem" in read) return read;
      return "problem" in expected ? expected : { kind: "patch", type, id, ...read, ...expected };
    }),
  );
  scim.delete(`${path}/:id`, (c) =>
    run(c, (id) => {
      const expected = readExpected(c);
      return "problem" in expected ? expected : { kind: "delete", type, id, ...expected };
    }),
  );
}

function reply(
  base: string,
  command: ScimCommand,
  answer: Exclude<ScimAnswer, ScimProblem>,
  shown: Projection,
): Response {
  if ("resources" in answer) {
    const page = answer.resources.map((each) => project(withLocations(each, base), shown));
    return answerList(page, answer.total, command.kind === "list" ? command.offset + 1 : 1);
  }
  // A group may have thousands of members, which the client has just sent or does not ask for.
  const silent = command.kind === "patch" && command.type === "Group" && shown.kind === "all";
  if ("deleted" in answer || silent) return new Response(null, { status: 204 });
  return answerResource(command.kind === "create" ? 201 : 200, base, answer.resource, shown);
}

/** Answers with a problem, and leaves it for the log. */
function refuseWith(
  c: Context<ScimEnv>,
  problem: ScimProblem,
  headers?: Parameters<typeof answerProblem>[1],
): Response {
  c.set("refusal", refuse(SCIM_PROBLEMS[problem.problem].code, { reason: problem.detail }));
  return answerProblem(problem, headers);
}

async function readSent(c: Context<ScimEnv>, { config }: Control, type: ResourceType) {
  const sent = await readObject(c, config.keyPrefix);
  return "problem" in sent ? sent : readResource(type, sent.body);
}
