import { z, type OpenAPIHono } from "@hono/zod-openapi";
import type { Wire } from "../../api-types/common.ts";
import { exactly, type Exact } from "../../api-types/exact.ts";
import {
  EntrySchema,
  RevocationAnswerSchema,
  RevocationBody,
  RevocationLineSchema,
  RevocationList,
  RevocationListQuery,
  type RevocationAnswer,
  type RevocationEntry,
  type RevocationLine,
} from "../../api-types/revocations.ts";
import { Batches } from "../../core/batches.ts";
import { acceptsLines, NDJSON } from "../../core/http/ndjson.ts";
import type { Actor } from "../../core/organization/organization.ts";
import { isRefusal, refuse, type Result } from "../../core/refusal.ts";
import type {
  RevocationEntry as RecordedRevocation,
  RevocationRequest,
  RevocationResult,
} from "../../core/organization/revocation.ts";
import { deploymentOf } from "../../state/deployment/deployment-object.ts";
import { readCursor, writeCursor } from "../cursor.ts";
import { LineStream } from "../line-stream.ts";
import { addEndpoint } from "../endpoint.ts";
import type { Control, ControlEnv } from "../context.ts";
import { resultJson } from "./result-json.ts";
import { openRevocation, revoke, type Sink } from "./revoke.ts";
import { keyForms, sortTargets } from "./targets.ts";

const TAG = "Operators";
const PATH = "/-/ops/revocations";
const POSITION = { id: "number" } as const;

/** `/-/ops/revocations`: emergency revocation of keys of any organisation. */
export function addOperatorEndpoints(app: OpenAPIHono<ControlEnv>, control: Control): void {
  addEndpoint(app, control, {
    method: "post",
    path: PATH,
    operationId: "revokeInEmergency",
    hasOwnLimits: true,
    summary: `Cut keys off at once; with \`Accept: ${NDJSON}\` a line for each as it is confirmed`,
    tag: TAG,
    access: "operator",
    headers: z.object({ Accept: z.string().optional() }),
    body: RevocationBody,
    success: {
      200: {
        description: "What became of each key. Repeating a request is harmless: the receipts are the same.",
        schema: RevocationAnswerSchema,
        lines: RevocationLineSchema,
      },
    },
    refusals: ["admission_unavailable"],
    run: async ({ headers, body }, actor) => {
      const targets = sortTargets(body.targets, await keyForms(control));
      const request = body.dryRun === true ? null : requestOf(actor, body.reason);
      if (request !== null) {
        try {
          await openRevocation(control.env, request, targets);
        } catch (error) {
          return refuse("admission_unavailable", { retryAfter: 1, reason: String(error) });
        }
      }
      const work = (sink: Sink): Promise<void> => revoke(control, request, targets, sink);
      const dryRun = request === null;
      return acceptsLines(headers.Accept)
        ? { status: 200, lines: streamed(work, dryRun) }
        : { status: 200, body: await collected(work, dryRun) };
    },
  });

  addEndpoint(app, control, {
    method: "get",
    path: PATH,
    operationId: "listEmergencyRevocations",
    summary: "List what operators have cut off and what is still being retried, the newest first",
    tag: TAG,
    access: "operator",
    query: RevocationListQuery,
    success: { 200: { description: "A page of keys.", schema: RevocationList } },
    refusals: [],
    run: async ({ query }) => {
      const page = await listPage(control, query);
      return isRefusal(page) ? page : { status: 200, body: page };
    },
  });
}

async function listPage(
  { env }: Control,
  { status, limit, nextCursor: cursor }: z.output<typeof RevocationListQuery>,
): Promise<Result<Exact<Wire<typeof RevocationList>>>> {
  const after = cursor === undefined ? null : readCursor<{ id: number }>(cursor, POSITION);
  if (isRefusal(after)) return after;
  const deployment = deploymentOf(env);
  const entries = await deployment.listRevocations({ status, limit, before: after?.id ?? null });
  const shown = entries.slice(0, limit);
  const last = entries.length > limit ? shown.at(-1) : undefined;
  const nextCursor = last === undefined ? null : writeCursor({ id: last.id });
  return exactly(RevocationList, { data: shown.map(entryJson), pagination: { limit, nextCursor } });
}

function entryJson(entry: RecordedRevocation): Exact<RevocationEntry> {
  const { id, at, reason, operator } = entry.request;
  return exactly(EntrySchema, {
    ...resultJson({ ...entry, requestedAt: entry.requestedAt ?? at }),
    requestId: id,
    orgId: entry.orgId,
    ownerId: entry.ownerId,
    reason,
    operator: { id: operator.id, name: operator.name },
    failures: entry.failures,
    organizationTold: entry.organizationTold,
  });
}

function requestOf({ requestId, id, name, address }: Actor, reason: string): RevocationRequest {
  return { id: requestId, at: Date.now(), reason, operator: { id, name, address } };
}

/** Everything in one JSON answer, in the order of the targets. */
async function collected(
  work: (sink: Sink) => Promise<void>,
  dryRun: boolean,
): Promise<Exact<RevocationAnswer>> {
  const results: RevocationResult[] = [];
  const summary = newSummary();
  await work({
    expect: () => {},
    settle: (result) => {
      count(summary, result);
      results.push(result);
    },
    handedOn: () => Promise.resolve(),
  });
  results.sort((a, b) => a.target - b.target);
  return exactly(RevocationAnswerSchema, { dryRun, summary, results: results.map(resultJson) });
}

/** A line for each key as soon as it is settled, and one for all of them at the end. */
function streamed(work: (sink: Sink) => Promise<void>, dryRun: boolean): LineStream<RevocationLine> {
  const stream = new LineStream<RevocationLine>();
  // A client that disconnects ends the stream; the record keeps the remaining work.
  const lines = new Batches((batch: readonly Exact<RevocationLine>[]) =>
    stream.write(...batch).catch(() => {}),
  );
  const summary = newSummary();
  const progress = { done: 0, total: 0 };
  const finish = async (): Promise<void> => {
    await work({
      expect: (more) => {
        progress.total += more;
      },
      settle: (result) => {
        count(summary, result);
        progress.done++;
        lines.add(exactly(RevocationLineSchema, { ...resultJson(result), progress: { ...progress } }));
      },
      handedOn: () => lines.end(),
    });
    lines.add(exactly(RevocationLineSchema, { dryRun, summary }));
    await lines.end();
  };
  return stream.endWith(finish());
}

type Summary = { -readonly [Count in keyof RevocationAnswer["summary"]]: number };

function newSummary(): Summary {
  return { matched: 0, confirmed: 0, unconfirmed: 0, notFound: 0 };
}

function count(summary: Summary, { status }: RevocationResult): void {
  if (status === "not_found") summary.notFound++;
  else summary.matched++;
  if (status === "revoked") summary.confirmed++;
  if (status === "unconfirmed") summary.unconfirmed++;
}
