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
import { chunksByWeight } from "../../core/concurrency.ts";
import { NDJSON } from "../../core/http/ndjson.ts";
import type { Actor } from "../../core/organization/organization.ts";
import { isRefusal, refuse, type Result } from "../../core/refusal.ts";
import type { Difference } from "../../core/key/reconciliation.ts";
import { deploymentOf } from "../../state/deployment/deployment-object.ts";
import { registeredOrganizations } from "../../state/guard-registry.ts";
import { readCursor, writeCursor } from "../cursor.ts";
import { LineStream } from "../line-stream.ts";
import { addEndpoint, type Control, type ControlEnv } from "../endpoint.ts";

type ListQuery = z.output<typeof OrganizationListQuery>;

const TAG = "Operators";
const CURSOR = { cursor: "string" } as const;

/**
 * What one call to the organisation compares, in calls that it makes for it: an invocation may make a thousand. A group
 * of 64 keys takes about 80, a key with a guard of its own about 10.
 */
const CALLS_A_BATCH = 800;
const CALLS = { group: 80, ownGuard: 10 } as const;
const ERASED_GUARDS_A_PAGE = 20_000;

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
      let erased: string[];
      try {
        guards = await control.env.ORGANIZATION.getByName(orgId).guardNames(orgId);
        // Imported keys have guards of their own; that there are any is noted in KV, which may have lost it.
        if (fix && guards.some((guard) => guard.startsWith("key_"))) await control.imports.announce();
        erased = await erasedGuards(control, orgId, new Set(guards));
      } catch (error) {
        return refuse("admission_unavailable", { retryAfter: 1, reason: String(error) });
      }
      const differences = compare(control, actor, orgId, { guards, erased }, fix);
      const summary = { guards: guards.length + erased.length, differences: 0, settled: 0 };
      return headers.Accept?.includes(NDJSON)
        ? { status: 200, lines: streamed(orgId, differences, summary) }
        : { status: 200, body: await collected(orgId, differences, summary) };
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
    refusals: [],
    run: async ({ query }) => {
      const list = query.erased === undefined ? listOrganizations : listErased;
      const page = await list(control, query);
      return isRefusal(page) ? page : { status: 200, body: page };
    },
  });
}

async function listOrganizations(
  { env }: Control,
  { limit, nextCursor }: ListQuery,
): Promise<Result<Exact<Wire<typeof OrganizationList>>>> {
  const after = readPosition(nextCursor);
  if (isRefusal(after)) return after;
  const { ids, cursor } = await registeredOrganizations(env.KEY_RECORDS, after.cursor, limit);
  const pagination = { limit, nextCursor: cursor === null ? null : writeCursor({ cursor }) };
  return exactly(OrganizationList, { data: ids.map((id) => ({ id })), pagination });
}

/** Those whose guards may be restored to what they were before. */
async function listErased(
  { env }: Control,
  { limit, nextCursor }: ListQuery,
): Promise<Result<Exact<Wire<typeof OrganizationList>>>> {
  const after = readPosition(nextCursor);
  if (isRefusal(after)) return after;
  const ids = await deploymentOf(env).restorableErasures(after.cursor, limit);
  const last = ids.length < limit ? undefined : ids.at(-1);
  const pagination = { limit, nextCursor: last === undefined ? null : writeCursor({ cursor: last }) };
  return exactly(OrganizationList, { data: ids.map((id) => ({ id })), pagination });
}

function readPosition(nextCursor: string | undefined): Result<{ cursor: string }> {
  return nextCursor === undefined ? { cursor: "" } : readCursor<{ cursor: string }>(nextCursor, CURSOR);
}

/** Guards that the organisation had when it was erased, but for those that serve it again since it was set up anew. */
async function erasedGuards(
  { env }: Control,
  orgId: string,
  serving: ReadonlySet<string>,
): Promise<string[]> {
  const guards: string[] = [];
  for (;;) {
    const page = await deploymentOf(env).erasedGuards(orgId, guards.at(-1) ?? "", ERASED_GUARDS_A_PAGE);
    for (const guard of page) guards.push(guard);
    if (page.length < ERASED_GUARDS_A_PAGE) return guards.filter((guard) => !serving.has(guard));
  }
}

async function* compare(
  { env }: Control,
  actor: Actor,
  orgId: string,
  { guards, erased }: { readonly guards: readonly string[]; readonly erased: readonly string[] },
  fix: boolean,
): AsyncGenerator<Difference> {
  const { id, name, address, requestId } = actor;
  const organization = env.ORGANIZATION.getByName(orgId);
  for (const batch of chunksByWeight(guards, CALLS_A_BATCH, callsOf)) {
    yield* await organization.reconcile({ id, name, address, requestId }, orgId, batch, fix);
  }
  for (const batch of chunksByWeight(erased, CALLS_A_BATCH, callsOf)) {
    yield* await organization.findRestored(orgId, batch, fix);
  }
}

function callsOf(guard: string): number {
  return guard.startsWith("key_") ? CALLS.ownGuard : CALLS.group;
}

async function collected(
  orgId: string,
  differences: AsyncIterable<Difference>,
  summary: Summary,
): Promise<Exact<ReconciliationAnswer>> {
  const found: Difference[] = [];
  for await (const difference of differences) {
    count(summary, difference);
    found.push(difference);
  }
  const told = found.map((difference) => differenceJson(orgId, difference));
  return exactly(ReconciliationAnswerSchema, { summary, differences: told });
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
      await lines.write(exactly(ReconciliationLineSchema, differenceJson(orgId, difference)));
    }
    await lines.write(exactly(ReconciliationLineSchema, { summary }));
  };
  return lines.endWith(write());
}

type Summary = { -readonly [Count in keyof ReconciliationAnswer["summary"]]: number };

function count(summary: Summary, { settled }: Difference): void {
  summary.differences++;
  if (settled) summary.settled++;
}

function differenceJson(
  orgId: string,
  { keyId, guard, kind, fields, settled }: Difference,
): Exact<DifferenceJson> {
  return exactly(DifferenceSchema, { orgId, keyId, guard, difference: kind, fields, settled });
}
