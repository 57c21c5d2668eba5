import { z, type OpenAPIHono } from "@hono/zod-openapi";
import type { Wire } from "../../api-types/common.ts";
import { exactly, type Exact } from "../../api-types/exact.ts";
import {
  DifferenceSchema,
  OrganizationList,
  OrganizationListQuery,
  ReconciliationAnswerSchema,
  ReconciliationBody,
  ReconciliationLineSchema,
  type Difference as DifferenceJson,
  type ReconciliationAnswer,
  type ReconciliationLine,
} from "../../api-types/reconciliations.ts";
import { acceptsLines, NDJSON } from "../../core/http/ndjson.ts";
import { isRefusal, refuse, type Result } from "../../core/refusal.ts";
import type { Difference } from "../../core/key/reconciliation.ts";
import { deploymentOf } from "../../state/deployment/deployment-object.ts";
import { registeredOrganizations } from "../../state/guard-registry.ts";
import { NO_CURSOR, readCursor, writeCursor } from "../cursor.ts";
import { LineStream } from "../line-stream.ts";
import { addEndpoint } from "../endpoint.ts";
import type { Control, ControlEnv } from "../context.ts";
import { GuardWalk, readPosition } from "./guard-walk.ts";

type ListQuery = z.output<typeof OrganizationListQuery>;

const TAG = "Operators";
const CURSOR = { cursor: "string" } as const;

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
        schema: ReconciliationAnswerSchema,
        lines: ReconciliationLineSchema,
      },
    },
    hasOwnLimits: true,
    refusals: ["not_found", "admission_unavailable"],
    run: async ({ headers, body }, actor) => {
      const { orgId, fix = false, limit = null, nextCursor } = body;
      const after = nextCursor === undefined ? null : readPosition(nextCursor, orgId);
      if (isRefusal(after)) return after;
      const walk = new GuardWalk(control, actor, { orgId, fix, limit });
      try {
        const refusal = await walk.begin(after);
        if (refusal !== null) return refusal;
        if (acceptsLines(headers.Accept)) return { status: 200, lines: streamed(orgId, walk, limit) };
        return { status: 200, body: await collected(orgId, walk, limit) };
      } catch (error) {
        return refuse("admission_unavailable", { retryAfter: 1, reason: String(error) });
      }
    },
  });

  addEndpoint(app, control, {
    method: "get",
    path: "/-/ops/organizations",
    operationId: "listOrganizations",
    summary:
      "List the organisations that have keys, or that were erased lately; one may be on two pages that follow each other",
    tag: TAG,
    access: "operator",
    query: OrganizationListQuery,
    success: { 200: { description: "A page of organisations.", schema: OrganizationList } },
    refusals: ["admission_unavailable"],
    run: async ({ query }) => {
      const list = query.erased === undefined ? listOrganizations : listErased;
      try {
        const page = await list(control, query);
        return isRefusal(page) ? page : { status: 200, body: page };
      } catch (error) {
        return refuse("admission_unavailable", { retryAfter: 1, reason: String(error) });
      }
    },
  });
}

async function listOrganizations(
  { env }: Control,
  { limit, nextCursor }: ListQuery,
): Promise<Result<Exact<Wire<typeof OrganizationList>>>> {
  const after = readListPosition(nextCursor);
  if (isRefusal(after)) return after;
  const page = await registeredOrganizations(env.KEY_RECORDS, after.cursor, limit);
  if (page === null) return NO_CURSOR;
  const { ids, cursor } = page;
  const pagination = { limit, nextCursor: cursor === null ? null : writeCursor({ cursor }) };
  return exactly(OrganizationList, { data: ids.map((id) => ({ id })), pagination });
}

/** Those whose guards may be restored to what they were before. */
async function listErased(
  { env }: Control,
  { limit, nextCursor }: ListQuery,
): Promise<Result<Exact<Wire<typeof OrganizationList>>>> {
  const after = readListPosition(nextCursor);
  if (isRefusal(after)) return after;
  const ids = await deploymentOf(env).restorableErasures(after.cursor, limit);
  const last = ids.length < limit ? undefined : ids.at(-1);
  const pagination = { limit, nextCursor: last === undefined ? null : writeCursor({ cursor: last }) };
  return exactly(OrganizationList, { data: ids.map((id) => ({ id })), pagination });
}

function readListPosition(nextCursor: string | undefined): Result<{ cursor: string }> {
  return nextCursor === undefined ? { cursor: "" } : readCursor<{ cursor: string }>(nextCursor, CURSOR);
}

async function collected(
  orgId: string,
  walk: GuardWalk,
  limit: number | null,
): Promise<Exact<ReconciliationAnswer>> {
  const differences: Exact<DifferenceJson>[] = [];
  for await (const difference of walk.differences()) differences.push(differenceJson(orgId, difference));
  const settled = differences.filter((difference) => difference.settled).length;
  const end = endOf(walk, limit, differences.length, settled);
  return exactly(ReconciliationAnswerSchema, { ...end, differences });
}

/** A line for each difference as soon as it is known, and one for all of them at the end. */
function streamed(orgId: string, walk: GuardWalk, limit: number | null): LineStream<ReconciliationLine> {
  const lines = new LineStream<ReconciliationLine>();
  const write = async (): Promise<void> => {
    let [differences, settled] = [0, 0];
    for await (const difference of walk.differences()) {
      differences++;
      if (difference.settled) settled++;
      await lines.write(exactly(ReconciliationLineSchema, differenceJson(orgId, difference)));
    }
    await lines.write(exactly(ReconciliationLineSchema, endOf(walk, limit, differences, settled)));
  };
  return lines.endWith(write());
}

function endOf(
  { guards, total, next }: GuardWalk,
  limit: number | null,
  differences: number,
  settled: number,
): Pick<ReconciliationAnswer, "summary" | "pagination"> {
  return {
    summary: { guards, total, differences, settled },
    pagination: { limit, nextCursor: next === null ? null : writeCursor(next) },
  };
}

function differenceJson(
  orgId: string,
  { keyId, guard, kind, fields, settled }: Difference,
): Exact<DifferenceJson> {
  return exactly(DifferenceSchema, { orgId, keyId, guard, difference: kind, fields, settled });
}
