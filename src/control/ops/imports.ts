import type { OpenAPIHono } from "@hono/zod-openapi";
import { exactly, type Exact } from "../../api-types/exact.ts";
import { ImportLine, ImportResultSchema, type ImportResult as ResultLine } from "../../api-types/imports.ts";
import { importRefused, type ImportResult } from "../../core/organization/key-import.ts";
import { readLines } from "../../core/http/ndjson.ts";
import type { Actor } from "../../core/organization/organization.ts";
import { OBJECT_TIMEOUT_MS, within } from "../../core/concurrency.ts";
import { cutTimeout } from "../../core/cut-timeout.ts";
import { refuse } from "../../core/refusal.ts";
import { addEndpoint } from "../endpoint.ts";
import type { Control, ControlEnv } from "../context.ts";
import { LineStream } from "../line-stream.ts";
import { MAX_LINE_LENGTH, readImport, type ReadImport } from "./read-import.ts";
import { required } from "../../core/required.ts";

/** Lines that are worked on together: an organisation makes a call or two for each, of the thousand it may make. */
const LINES_AT_ONCE = 100;
/** An organisation waits for the guards of so many lines, a quarter of them after the other. */
const ROUNDS = 4;
/** How long to wait for more lines before those that have come are imported. */
const COLLECT_MS = 10;

/** A line that was read, by its number. */
interface Numbered {
  readonly line: number;
  readonly text: string | null;
}

/** `POST /-/ops/imports`: keys that were made elsewhere, by their hashes. */
export function addImportEndpoint(app: OpenAPIHono<ControlEnv>, control: Control): void {
  addEndpoint(app, control, {
    method: "post",
    path: "/-/ops/imports",
    operationId: "importKeys",
    summary:
      "Import keys that were made elsewhere, by their hashes: a line each, and a line of the answer for each",
    tag: "Operators",
    access: "operator",
    lineBody: ImportLine,
    success: {
      200: {
        description:
          "What became of each line, in their order, as soon as it is known; empty lines have none. Importing a line again changes nothing.",
        lines: ImportResultSchema,
      },
    },
    hasOwnLimits: true,
    refusals: ["admission_unavailable"],
    run: async ({ lines }, actor) => {
      if (lines === null) return refuse("invalid_request", { details: { problem: "There are no lines" } });
      try {
        await control.imports.announce();
      } catch (error) {
        return refuse("admission_unavailable", { retryAfter: 1, reason: String(error) });
      }
      return { status: 200, lines: importLines(lines, actor, control) };
    },
  });
}

/** Answers lines as they come. A sender or a reader who goes away ends it: what has no answer is to be sent again. */
function importLines(
  lines: ReadableStream<Uint8Array>,
  actor: Actor,
  control: Control,
): LineStream<ResultLine> {
  const results = new LineStream<ResultLine>();
  const work = async (): Promise<void> => {
    for await (const some of together(numbered(lines))) {
      await results.write(...(await importSome(some, actor, control)));
    }
  };
  return results.endWith(work());
}

async function* numbered(stream: ReadableStream<Uint8Array>): AsyncGenerator<Numbered> {
  let line = 0;
  for await (const text of readLines(stream, MAX_LINE_LENGTH)) {
    line++;
    if (text?.trim() !== "") yield { line, text };
  }
}

/** Lines that come at the same moment, a limited number at a time, so that memory does not grow with their number. */
async function* together(lines: AsyncGenerator<Numbered>): AsyncGenerator<Numbered[]> {
  let next = lines.next();
  for (;;) {
    const first = await next;
    if (first.done) return;
    const some = [first.value];
    const pause = scheduler.wait(COLLECT_MS).then(() => null);
    next = lines.next();
    while (some.length < LINES_AT_ONCE) {
      const another = await Promise.race([next, pause]);
      if (another === null || another.done) break;
      some.push(another.value);
      next = lines.next();
    }
    yield some;
  }
}

async function importSome(
  lines: readonly Numbered[],
  actor: Actor,
  control: Control,
): Promise<Exact<ResultLine>[]> {
  const now = Date.now();
  const results = new Map<number, ImportResult>();
  const toImport: (ReadImport & { readonly line: number })[] = [];
  for (const { line, text } of lines) {
    const read = readImport(text, control, now);
    if ("status" in read) results.set(line, read);
    else toImport.push({ ...read, line });
  }
  const byOrganization = Map.groupBy(toImport, ({ orgId }) => orgId);
  await Promise.all(
    [...byOrganization].map(async ([orgId, some]) => {
      const told = await importInto(orgId, some, actor, control);
      for (const [i, { line }] of some.entries()) results.set(line, required(told[i], "answer"));
    }),
  );
  return lines.map(({ line }) =>
    exactly(ImportResultSchema, { line, ...required(results.get(line), "answer") }),
  );
}

/** Imports keys into one organisation; which does not answer in time, refuses them. */
export async function importInto(
  orgId: string,
  some: readonly ReadImport[],
  { id, name, address, requestId }: Actor,
  { env, config }: Control,
): Promise<ImportResult[]> {
  try {
    const author = { id, name, address, requestId };
    const keys = some.map(({ key }) => key);
    const importing = env.ORGANIZATION.getByName(orgId).importKeys(author, keys);
    return await within(ROUNDS * cutTimeout(config) + OBJECT_TIMEOUT_MS, importing);
  } catch {
    return some.map(() => importRefused("The organisation does not answer; import the line again"));
  }
}
