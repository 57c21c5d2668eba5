import { z, type OpenAPIHono } from "@hono/zod-openapi";
import { PageQuery, type Page } from "../../api-types/common.ts";
import {
  OrganizationList,
  ReconciliationAnswerSchema,
  ReconciliationBody,
  ReconciliationLineSchema,
  type Difference as DifferenceJson,
  type OrganizationId,
  type ReconciliationAnswer,
  type ReconciliationLine,
} from "../../api-types/reconciliations.ts";
import { chunksByWeight } from "../../core/concurrency.ts";
import { NDJSON } from "../../core/http/ndjson.ts";
import type { Actor } from "../../core/organization/organization.ts";
import { isRefusal, refuse, type Result } from "../../core/refusal.ts";
import type { Difference } from "../../core/key/reconciliation.ts";
import { registeredOrganizations } from "../../state/guard-registry.ts";
import { readCursor, writeCursor } from "../cursor.ts";
import { LineStream } from "../line-stream.ts";
import { addEndpoint, type Control, type ControlEnv } from "../endpoint.ts";

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
        schema: ReconciliationAnswerSchema,
        lines: ReconciliationLineSchema,
      },
    },
    refusals: ["admission_unavailable"],
    run: async ({ headers, body }, actor) => {
      const { orgId, fix = false } = body;
      let guards: string[];
      try {
        guards = await control.env.ORGANIZATION.getByName(orgId).guardNames(orgId);
        // Imported keys have guards of their own; that there are any is noted in KV, which may have lost it.
        if (fix && guards.some((guard) => guard.startsWith("key_"))) await control.imports.announce();
      } catch (error) {
        return refuse("admission_unavailable", { retryAfter: 1, reason: String(error) });
      }
      const differences = compare(control, actor, orgId, guards, fix);
      const summary = { guards: guards.length, differences: 0, settled: 0 };
      return headers.Accept?.includes(NDJSON)
        ? { status: 200, lines: streamed(orgId, differences, summary) }
        : { status: 200, body: await collected(orgId, differences, summary) };
    },
  });

  addEndpoint(app, control, {
    method: "get",
    path: "/-/ops/organizations",
    operationId: "listOrganizations",
    summary: "List the organisations that have keys; one may be on two pages that follow each other",
    tag: TAG,
    access: "operator",
    query: PageQuery,
    success: { 200: { description: "A page of organisations.", schema: OrganizationList } },
    refusals: [],
    run: async ({ query }) => {
      const page = await listOrganizations(control, query);
      return isRefusal(page) ? page : { status: 200, body: page };
    },
  });
}

async function listOrganizations(
  { env }: Control,
  { limit, nextCursor }: z.output<typeof PageQuery>,
): Promise<Result<Page<OrganizationId>>> {
  const after = nextCursor === undefined ? null : readCursor<{ cursor: string }>(nextCursor, CURSOR);
  if (isRefusal(after)) return after;
  const { ids, cursor } = await registeredOrganizations(env.KEY_RECORDS, after?.cursor ?? "", limit);
  const pagination = { limit, nextCursor: cursor === null ? null : writeCursor({ cursor }) };
  return { data: ids.map((id) => ({ id })), pagination };
}

async function* compare(
  { env }: Control,
  actor: Actor,
  orgId: string,
  guards: readonly string[],
  fix: boolean,
): AsyncGenerator<Difference> {
  const { id, name, address, requestId } = actor;
  for (const batch of chunksByWeight(guards, CALLS_A_BATCH, callsOf)) {
    const organization = env.ORGANIZATION.getByName(orgId);
    yield* await organization.reconcile({ id, name, address, requestId }, orgId, batch, fix);
  }
}

function callsOf(guard: string): number {
  return guard.startsWith("key_") ? CALLS.ownGuard : CALLS.group;
}

async function collected(
  orgId: string,
  differences: AsyncIterable<Difference>,
  summary: Summary,
): Promise<ReconciliationAnswer> {
  const found: Difference[] = [];
  for await (const difference of differences) {
    count(summary, difference);
    found.push(difference);
  }
  return { summary, differences: found.map((difference) => differenceJson(orgId, difference)) };
}

/** A line for each difference as soon as it is known, and one for all of them at the end. */
function streamed(
  orgId: string,
  differences: AsyncIterable<Difference>,
  summary: Summary,
): LineStream<ReconciliationLine> {
  const lines = new LineStream<ReconciliationLine>();
  const write = async (): Promise<void> => {
    for await (const difference of differences) {
      count(summary, difference);
      await lines.write(differenceJson(orgId, difference));
    }
    await lines.write({ summary });
  };
  return lines.endWith(write());
}

type Summary = { -readonly [Count in keyof ReconciliationAnswer["summary"]]: number };

function count(summary: Summary, { settled }: Difference): void {
  summary.differences++;
  if (settled) summary.settled++;
}

function differenceJson(orgId: string, { keyId, guard, kind, fields, settled }: Difference): DifferenceJson {
  return { orgId, keyId, guard, difference: kind, fields, settled };
}
