import type { OpenAPIHono } from "@hono/zod-openapi";
import { ErasureQuery, ErasureSchema, type Erasure } from "../api-types/erasure.ts";
import { exactly, type Exact } from "../api-types/exact.ts";
import { isoTime } from "../core/iso-time.ts";
import type { Actor } from "../core/organization/organization.ts";
import type { Receipt } from "../core/organization/managed-key.ts";
import { BATCH_TIMEOUT_MS, OBJECT_TIMEOUT_MS, within } from "../core/concurrency.ts";
import { refuse, type Refusal } from "../core/refusal.ts";
import type { Env } from "../env.ts";
import { deploymentOf } from "../state/deployment/deployment-object.ts";
import { eraseOrganization, UNDER_WAY } from "../state/erase-organization.ts";
import { addEndpoint } from "./endpoint.ts";
import type { Control, ControlEnv } from "./context.ts";
import { receiptJson } from "./keys.ts";

const RECEIPTS_A_PAGE = 5000;

/** `DELETE /-/organization`: cuts every key of an organisation, then erases it. */
export function addErasureEndpoint(app: OpenAPIHono<ControlEnv>, control: Control): void {
  addEndpoint(app, control, {
    method: "delete",
    path: "/-/organization",
    operationId: "eraseOrganization",
    summary: "Cut every key of an organisation, then erase everything of it but that its keys are dead",
    tag: "Operators",
    access: "operator",
    query: ErasureQuery,
    success: {
      200: {
        description:
          "It is erased. Repeating it gives the same answer; one that was broken off goes on. What was set up under the name since is another organisation: 409, unless `again` says that it is meant.",
        schema: ErasureSchema,
      },
    },
    hasOwnLimits: true,
    refusals: ["not_found", "already_exists", "admission_unavailable"],
    run: async ({ query }, actor) => {
      const orgId = query.orgId ?? actor.orgId;
      try {
        return (
          (await erase(control.env, actor, orgId, query.again)) ?? {
            status: 200,
            body: await answerOf(control.env, orgId),
          }
        );
      } catch (error) {
        return refuse("admission_unavailable", { retryAfter: 2, reason: String(error) });
      }
    },
  });
}

/**
 * Puts the erasure on record, from where on it goes on by itself, and erases what there is. One that is on record goes on,
 * or is done: then what is there is another organisation, and is erased only if `again` names the erasure before it.
 */
async function erase(env: Env, actor: Actor, orgId: string, again?: string): Promise<Refusal | null> {
  const deployment = deploymentOf(env);
  const begun = await soon(deployment.findErasure(orgId));
  if (begun !== null && begun.erasedAt === null) {
    const refusal = await goOn(env, orgId, begun.isEmptied ?? false);
    if (refusal !== null) return refusal;
  }
  const known = await soon(deployment.findErasure(orgId));
  if (known !== null && known.erasedAt !== null && isoTime(known.erasedAt) !== isoAgain(again)) {
    return (await soon(env.ORGANIZATION.getByName(orgId).isSetUp())) ? setUpSince(known.erasedAt) : null;
  }
  if (!(await soon(env.ORGANIZATION.getByName(orgId).hasRecord(orgId)))) {
    return known === null ? refuse("not_found") : null;
  }
  await noteIn(env, actor, orgId);
  await soon(deployment.beginErasure(orgId, actor.id));
  return goOn(env, orgId, false);
}

function soon<T>(asking: Promise<T>): Promise<T> {
  return within(OBJECT_TIMEOUT_MS, asking);
}

/** A time as answers write it, in UTC and with milliseconds. */
function isoAgain(time: string | undefined): string | null {
  return time === undefined ? null : isoTime(Date.parse(time));
}

function setUpSince(erasedAt: number): Refusal {
  const at = isoTime(erasedAt);
  const problem = `It was erased at ${at}, and one was set up under this name since, or a copy of it restored: again=${at} erases that, too`;
  return refuse("already_exists", { details: { field: "again", problem } });
}

async function goOn(env: Env, orgId: string, isEmptied: boolean): Promise<Refusal | null> {
  const failed = await eraseOrganization(env.ORGANIZATION, deploymentOf(env), { orgId, isEmptied });
  if (failed === 0) return null;
  if (failed === UNDER_WAY) {
    return refuse("admission_unavailable", { retryAfter: 10, reason: "the erasure is under way" });
  }
  return refuse("admission_unavailable", { retryAfter: 2, reason: `${failed} guards have not confirmed` });
}

/** The operator's own organisation has it on record, too, unless it is the one that is gone. */
async function noteIn(env: Env, { orgId: own, id, name, address, requestId }: Actor, orgId: string) {
  if (own === orgId) return;
  await soon(env.ORGANIZATION.getByName(own).noteErasure({ id, name, address, requestId }, orgId));
}

async function answerOf(env: Env, orgId: string): Promise<Exact<Erasure>> {
  const deployment = deploymentOf(env);
  const record = await soon(deployment.findErasure(orgId));
  if (record === null || record.erasedAt === null) throw new Error("The erasure is not on record");
  const receipts: Receipt[] = [];
  for (;;) {
    const reading = deployment.erasureReceipts(orgId, receipts.at(-1)?.keyId ?? "", RECEIPTS_A_PAGE);
    const page = await within(BATCH_TIMEOUT_MS, reading);
    for (const receipt of page) receipts.push(receipt);
    if (page.length < RECEIPTS_A_PAGE) break;
  }
  return exactly(ErasureSchema, {
    orgId,
    status: "erased",
    requestedAt: isoTime(record.requestedAt),
    erasedAt: isoTime(record.erasedAt),
    keys: record.keys,
    receipts: receipts.map(receiptJson),
  });
}
