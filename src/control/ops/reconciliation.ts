import { z, type OpenAPIHono } from "@hono/zod-openapi";
import { NDJSON, ndjsonLine } from "../../core/ndjson.ts";
import type { Actor } from "../../core/organization.ts";
import { isRefusal, refuse, type Refusal } from "../../core/refusal.ts";
import type { Difference } from "../../core/reconciliation.ts";
import { registeredOrganizations } from "../../state/guard-registry.ts";
import { readCursor, writeCursor } from "../cursor.ts";
import { addEndpoint, type Control, type ControlEnv, type Reply } from "../endpoint.ts";
import {
  differenceJson,
  OrganizationList,
  OrganizationListQuery,
  ReconciliationAnswer,
  ReconciliationBody,
  ReconciliationLine,
  type ReconciliationSummary,
} from "./reconciliation-schemas.ts";

const TAG = "Operators";
const CURSOR = { cursor: "string" } as const;

/**
 * What one call to the organisation compares, in calls that it makes for it: an invocation may make a thousand. A group
 * of 64 keys takes about 80, a key with a guard of its own about 10.
 */
const CALLS_A_BATCH = 800;
const CALLS = { group: 80, ownGuard: 10 } as const;

/** `/-/ops/reconciliations`: whether organisations, guards and KV agree about keys; to be asked after a restore. */
export function addReconciliationEndpoints(app: OpenAPIHono<ControlEnv>, control: Control): void {
  addEndpoint(app, control, {
    method: "post",
    path: "/-/ops/reconciliations",
    operationId: "reconcile",
    summary: `Compare an organisation with guards and KV, and settle differences on the side of less access; with \`Accept: ${NDJSON}\` a line for each`,
    tag: TAG,
    access: "operator",
    headers: z.object({ Accept: z.string().optional() }),
    body: ReconciliationBody,
    success: {
      200: {
        description: "Every difference. With `fix` each says whether it is settled.",
        schema: ReconciliationAnswer,
        lines: ReconciliationLine,
      },
    },
    refusals: ["admission_unavailable"],
    run: async ({ headers, body }, actor) => {
      const { orgId, fix = false } = body;
      let guards: string[];
      try {
        guards = await control.env.ORGANIZATION.getByName(orgId).guardNames(orgId);
      } catch (error) {
        return refuse("admission_unavailable", { retryAfter: 1, reason: String(error) });
      }
      const differences = compare(control, actor, orgId, guards, fix);
      const summary = { guards: guards.length, differences: 0, settled: 0 };
      return headers.Accept?.includes(NDJSON)
        ? streamed(orgId, differences, summary)
        : collected(orgId, differences, summary);
    },
  });

  addEndpoint(app, control, {
    method: "get",
    path: "/-/ops/organizations",
    operationId: "listOrganizations",
    summary: "List the organisations that have keys; one may be on two pages that follow each other",
    tag: TAG,
    access: "operator",
    query: OrganizationListQuery,
    success: { 200: { description: "A page of organisations.", schema: OrganizationList } },
    refusals: [],
    run: ({ query }) => listOrganizations(control, query),
  });
}

async function listOrganizations(
  { env }: Control,
  { limit, nextCursor }: z.output<typeof OrganizationListQuery>,
): Promise<Reply | Refusal> {
  const after = nextCursor === undefined ? null : readCursor<{ cursor: string }>(nextCursor, CURSOR);
  if (after !== null && isRefusal(after)) return after;
  const { ids, cursor } = await registeredOrganizations(env.KEY_RECORDS, after?.cursor ?? "", limit);
  const pagination = { limit, nextCursor: cursor === null ? null : writeCursor({ cursor }) };
  return { status: 200, body: { data: ids.map((id) => ({ id })), pagination } };
}

async function* compare(
  { env }: Control,
  actor: Actor,
  orgId: string,
  guards: readonly string[],
  fix: boolean,
): AsyncGenerator<Difference> {
  const { id, name, address, requestId } = actor;
  for (const batch of batchesOf(guards)) {
    const organization = env.ORGANIZATION.getByName(orgId);
    yield* await organization.reconcile({ id, name, address, requestId }, orgId, batch, fix);
  }
}

function batchesOf(guards: readonly string[]): string[][] {
  const batches: string[][] = [];
  let calls = CALLS_A_BATCH;
  for (const guard of guards) {
    const more = guard.startsWith("key_") ? CALLS.ownGuard : CALLS.group;
    if (calls + more > CALLS_A_BATCH) {
      batches.push([]);
      calls = 0;
    }
    batches.at(-1)?.push(guard);
    calls += more;
  }
  return batches;
}

async function collected(
  orgId: string,
  differences: AsyncIterable<Difference>,
  summary: ReconciliationSummary,
): Promise<Reply> {
  const found: Difference[] = [];
  for await (const difference of differences) {
    count(summary, difference);
    found.push(difference);
  }
  const body = { summary, differences: found.map((difference) => differenceJson(orgId, difference)) };
  return { status: 200, body };
}

/** A line for each difference as soon as it is known, and one for all of them at the end. */
function streamed(
  orgId: string,
  differences: AsyncIterable<Difference>,
  summary: ReconciliationSummary,
): Reply {
  const { readable, writable } = new IdentityTransformStream();
  const writer = writable.getWriter();
  const write = async (): Promise<void> => {
    for await (const difference of differences) {
      count(summary, difference);
      await writer.write(ndjsonLine(differenceJson(orgId, difference)));
    }
    await writer.write(ndjsonLine({ summary }));
    await writer.close();
  };
  write().catch((error: unknown) => writer.abort(error));
  return { status: 200, stream: readable, headers: { "Content-Type": NDJSON } };
}

function count(summary: ReconciliationSummary, { settled }: Difference): void {
  summary.differences++;
  if (settled) summary.settled++;
}
