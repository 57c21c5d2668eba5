import type { OpenAPIHono } from "@hono/zod-openapi";
import { exactly, type Exact } from "../../api-types/exact.ts";
import { LeakAnswer, LeakReport, LeakResultSchema, type LeakResult } from "../../api-types/leaks.ts";
import { describeLeak } from "../../core/organization/leak.ts";
import { leakLabel } from "../../core/organization/revocation.ts";
import { isRefusal } from "../../core/refusal.ts";
import { addEndpoint } from "../endpoint.ts";
import type { Control, ControlEnv } from "../context.ts";
import { resultJson } from "./result-json.ts";
import { revokeLeaks, type RevokedLeak } from "./revoke-leaks.ts";

const UNNAMED_SOURCE = "reported to the operators";

/** `POST /-/ops/leaks`: what secret scanners have found. */
export function addLeakEndpoint(app: OpenAPIHono<ControlEnv>, control: Control): void {
  addEndpoint(app, control, {
    method: "post",
    path: "/-/ops/leaks",
    operationId: "reportLeaks",
    summary: "Revoke keys that were found where they do not belong, and tell their owners' organisations",
    tag: "Operators",
    access: "operator",
    body: LeakReport,
    success: {
      200: { description: "What became of each. Repeating a report is harmless.", schema: LeakAnswer },
    },
    refusals: ["admission_unavailable"],
    run: async ({ body }, { requestId, id, name, address }) => {
      const request = {
        id: requestId,
        at: Date.now(),
        reason: "Reported as leaked",
        operator: { id, name, address },
      };
      const found = body.leaks.map(({ token, source, url, type }) => ({
        token,
        leak: describeLeak(source ?? UNNAMED_SOURCE, url ?? null, type ?? null),
      }));
      const results = await revokeLeaks(control, request, found);
      if (isRefusal(results)) return results;
      return { status: 200, body: exactly(LeakAnswer, { results: results.map(leakJson) }) };
    },
  });
}

function leakJson(leak: RevokedLeak): Exact<LeakResult> {
  const { target: index, status, ...rest } = resultJson(leak);
  const settled = status === "revoked" || status === "not_found";
  return exactly(LeakResultSchema, {
    index,
    credential: leak.credential,
    status: settled ? status : "unconfirmed",
    ...rest,
    label: leakLabel(status),
  });
}
