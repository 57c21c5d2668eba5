import type { OpenAPIHono } from "@hono/zod-openapi";
import { exactly, type Exact } from "../api-types/exact.ts";
import { ExportLineSchema, ExportQuery, type ExportLine } from "../api-types/export.ts";
import type { Actor } from "../core/organization/organization.ts";
import { OBJECT_TIMEOUT_MS, within } from "../core/concurrency.ts";
import { isRefusal, type Result } from "../core/refusal.ts";
import type { ExportPage } from "../state/organization/organization-export.ts";
import { addEndpoint } from "./endpoint.ts";
import type { Control, ControlEnv } from "./context.ts";
import { LineStream } from "./line-stream.ts";
import { storedJson } from "../core/json.ts";

/** `GET /-/organization/export`: everything on record of the organisation but its secrets. */
export function addExportEndpoint(app: OpenAPIHono<ControlEnv>, control: Control): void {
  addEndpoint(app, control, {
    method: "get",
    path: "/-/organization/export",
    operationId: "exportOrganization",
    summary: "Export everything that is on record of the organisation but its secrets, as lines of JSON",
    tag: "Organisation",
    query: ExportQuery,
    success: {
      200: {
        description: "A line for each thing. An answer without the line of type `end` is not complete.",
        lines: ExportLineSchema,
      },
    },
    refusals: ["mfa_required"],
    run: async ({ query }, actor) => {
      const lines = await exportAll(control, actor, query.hashes);
      return isRefusal(lines) ? lines : { status: 200, lines };
    },
  });
}

/** Page by page, each when the reader is done with the one before. */
async function exportAll(
  { env }: Control,
  actor: Actor,
  hashes: boolean,
): Promise<Result<LineStream<ExportLine>>> {
  const organization = env.ORGANIZATION.getByName(actor.orgId);
  const first = await organization.exportPage(actor, { section: 0, after: null }, hashes);
  if (isRefusal(first)) return first;
  const lines = new LineStream<ExportLine>();
  const write = async (): Promise<void> => {
    let count = 0;
    let page: Result<ExportPage> = first;
    for (;;) {
      // The role was lost while the pages were being read: stop here.
      if (isRefusal(page)) throw new Error(page.code);
      await lines.write(...linesOf(page));
      count += page.lines;
      if (page.next === null) break;
      page = await within(OBJECT_TIMEOUT_MS, organization.exportPage(actor, page.next, hashes));
    }
    await lines.write(exactly(ExportLineSchema, { type: "end", lines: count }));
  };
  return lines.endWith(write());
}

function linesOf({ text }: ExportPage): Exact<ExportLine>[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => storedJson<Exact<ExportLine>>(line));
}
