import type { Context } from "hono";
import { isRefusal } from "../../core/refusal.ts";
import { patchesActive, replacesActive } from "../../core/scim/deactivation.ts";
import { readOperations, readWhatOperationsCanBe } from "../../core/scim/patch.ts";
import type { ScimProblem, ScimResult } from "../../core/scim/problem.ts";
import { project, type Projection } from "../../core/scim/projection.ts";
import { readReplacement, readResource, readWhatCanBe } from "../../core/scim/resource.ts";
import type { ResourceType } from "../../core/scim/schemas.ts";
import type {
  Deactivation,
  EditCommand,
  ScimAnswer,
  ScimCommand,
  Target,
} from "../../state/organization/people/scim-command.ts";
import { answerList, answerResource, withLocations } from "./answer.ts";
import type { Place } from "./place.ts";
import {
  readBodyOf,
  readExpected,
  readListing,
  readParameters,
  readQuery,
  readShown,
  type Sent,
  type ScimEnv,
} from "./request.ts";

/** What is asked for, and what of the answer is to be shown. */
interface Asked {
  readonly command: ScimCommand;
  readonly shown: Projection;
}

const ALL: Projection = { kind: "all", paths: [] };

/** Reads what a request asks for. */
export async function readCommand(
  c: Context<ScimEnv>,
  keyPrefixes: readonly string[],
  { types, id, search }: Place,
): Promise<ScimResult<Asked>> {
  if (search) return readSearch(await readBodyOf(c, keyPrefixes), types);
  const { attributes, excludedAttributes } = readParameters(c.req.query());
  const shown = readShown(attributes, excludedAttributes);
  const method = c.req.method;
  const [type = "User"] = types;
  if (id !== null && (method === "PUT" || method === "PATCH")) {
    const edit = await readEdit(c, keyPrefixes, { type, id });
    if (isRefusal(edit)) return edit;
    if (!isRefusal(shown)) return { command: edit, shown };
    return edit.deactivation === null ? shown : { command: leavingOut(edit, shown), shown: ALL };
  }
  if (isRefusal(shown)) return shown;
  const command = await readOther(c, keyPrefixes, types, id === null ? null : { type, id });
  return isRefusal(command) ? command : { command, shown };
}

/** Answers a request that was done. */
export function answerTo(
  c: Context<ScimEnv>,
  answer: Exclude<ScimAnswer, ScimProblem>,
  { base, command, shown }: Asked & { readonly base: string },
): Response {
  if ("resources" in answer) {
    const page = answer.resources.map((each) => project(withLocations(each, base), shown));
    return answerList(page, answer.total, command.kind === "list" ? command.offset + 1 : 1);
  }
  // A group may have thousands of members, which the client has just sent or does not ask for.
  const silent = command.kind === "patch" && command.type === "Group" && shown.kind === "all";
  if ("deleted" in answer || silent) return new Response(null, { status: 204 });
  const known = command.kind === "get" ? c.req.header("If-None-Match") : undefined;
  return answerResource(command.kind === "create" ? 201 : 200, answer.resource, { base, shown, known });
}

/** Reads a query that was posted (RFC 7644 section 3.4.3). */
function readSearch(sent: Sent, types: readonly ResourceType[]): ScimResult<Asked> {
  if (sent.problem !== null) return sent.problem;
  const query = readQuery(sent.body);
  if (isRefusal(query)) return query;
  const shown = readShown(query.attributes, query.excludedAttributes);
  if (isRefusal(shown)) return shown;
  const command = readListing(query, types);
  return isRefusal(command) ? command : { command, shown };
}

async function readOther(
  c: Context<ScimEnv>,
  keyPrefixes: readonly string[],
  types: readonly ResourceType[],
  target: Target | null,
): Promise<ScimResult<ScimCommand>> {
  if (c.req.method === "DELETE" && target !== null) {
    const expected = readExpected(c);
    return isRefusal(expected) ? expected : { kind: "delete", ...target, ...expected };
  }
  if (c.req.method !== "POST") {
    return target === null ? readListing(readParameters(c.req.query()), types) : { kind: "get", ...target };
  }
  const [type = "User"] = types;
  const sent = await readBodyOf(c, keyPrefixes);
  if (sent.problem !== null) return sent.problem;
  const read = readResource(type, sent.body);
  return isRefusal(read) ? read : { kind: "create", type, ...read };
}

/** Reads a change of a resource. Of one that deactivates a user, parts that cannot be read are left out. */
async function readEdit(
  c: Context<ScimEnv>,
  keyPrefixes: readonly string[],
  target: Target,
): Promise<ScimResult<EditCommand>> {
  const sent = await readBodyOf(c, keyPrefixes);
  const replaces = c.req.method === "PUT";
  const expected = readExpected(c);
  const deactivates =
    target.type === "User" && ((replaces && replacesActive(sent.json)) || patchesActive(sent.json));
  if (deactivates) return readDeactivation(replaces, sent, expected, target);
  if (sent.problem !== null) return sent.problem;
  const read = replaces ? readReplacement(target.type, sent.body) : readOperations(sent.body);
  if (isRefusal(read)) return read;
  if (isRefusal(expected)) return expected;
  const more = { ...target, ...expected, deactivation: null };
  return "resource" in read ? { kind: "replace", ...read, ...more } : { kind: "patch", ...read, ...more };
}

function readDeactivation(
  replaces: boolean,
  sent: Sent,
  expected: ReturnType<typeof readExpected>,
  target: Target,
): EditCommand {
  const problems = [sent.problem, expected].flatMap((each) => (isRefusal(each) ? [each.detail] : []));
  // No version is current when `If-Match` cannot be read: the rest may rest on another one.
  const versions = isRefusal(expected) ? [] : expected.versions;
  const of = (leftOut: readonly string[], unread: readonly string[] = []): Deactivation => ({
    leftOut: [...problems, ...leftOut],
    unread,
  });
  if (sent.problem !== null) {
    return { kind: "patch", operations: [], versions, deactivation: of([]), ...target };
  }
  if (replaces) {
    const { resource, unread } = readWhatCanBe(target.type, sent.body);
    const names = unread.map(({ name }) => name);
    const deactivation = of(
      unread.map(({ problem }) => problem.detail),
      names,
    );
    return { kind: "replace", resource, versions, deactivation, ...target };
  }
  const { operations, unread } = readWhatOperationsCanBe(sent.body);
  const deactivation = of(unread.map(({ detail }) => detail));
  return { kind: "patch", operations, versions, deactivation, ...target };
}

function leavingOut(edit: EditCommand, { detail }: ScimProblem): EditCommand {
  const { leftOut, unread } = edit.deactivation ?? { leftOut: [], unread: [] };
  return { ...edit, deactivation: { leftOut: [...leftOut, detail], unread } };
}
