import { text } from "node:stream/consumers";
import { z } from "zod";
import { ImportResultSchema, type ImportResult } from "../api-types/imports.ts";
import type { Page, Wire } from "../api-types/common.ts";
import {
  OrganizationList,
  ReconciliationLineSchema,
  type ReconciliationLine,
} from "../api-types/reconciliations.ts";
import {
  RevocationLineSchema,
  RevocationList,
  type RevocationEntry,
  type RevocationResultLine,
} from "../api-types/revocations.ts";
import { NDJSON, readNdjson } from "../core/http/ndjson.ts";
import { systemCodeOf } from "../core/thrown.ts";
import { BrokenOff, CliError, NotOurs, Silent, Unavailable } from "./cli-error.ts";
import { withoutSecrets } from "../core/key/key-secret.ts";
import { Silence } from "./silence.ts";

/** What the line that comes last holds. */
interface LastLine {
  readonly summary: object;
}

/** Where the gateway is, and how long it may be silent. */
interface Access {
  readonly url: string;
  readonly token: string;
  readonly timeoutMs: number;
}

/** What an answer brings, and how long nothing has. */
interface Answer {
  readonly body: AsyncIterable<Uint8Array>;
  readonly silence: Silence;
}

/** The operators' part of the control API. */
export class OperatorClient {
  readonly #url: string;
  readonly #token: string;
  readonly #timeoutMs: number;

  /** Gives a request up once nothing has come for `timeoutMs`. */
  constructor({ url, token, timeoutMs }: Access) {
    this.#url = `${url}/-/ops`;
    this.#token = token;
    this.#timeoutMs = timeoutMs;
  }

  /** Sends a request; yields what becomes of each key as it is known. Throws {@link BrokenOff} if the answer does. */
  async *revoke(body: {
    targets: readonly object[];
    reason: string;
    dryRun: boolean;
  }): AsyncGenerator<RevocationResultLine> {
    yield* this.#lines("revocations", RevocationLineSchema, body);
  }

  /**
   * Compares some of an organisation's guards with it and with KV, from a cursor on; yields the differences and then what
   * there is in all and where it goes on. Throws {@link BrokenOff} if the answer does.
   */
  async *reconcile(
    orgId: string,
    fix: boolean,
    limit: number,
    nextCursor: string | null,
  ): AsyncGenerator<ReconciliationLine> {
    const body = { orgId, fix, limit, ...(nextCursor !== null && { nextCursor }) };
    const end = yield* this.#lines("reconciliations", ReconciliationLineSchema, body);
    yield end;
  }

  /** Imports keys, a line of JSON for each; tells of each what became of it. Throws {@link BrokenOff} if the answer breaks off. */
  async importKeys(lines: readonly string[]): Promise<ImportResult[]> {
    const { body, silence } = await this.#call(`${this.#url}/imports`, {
      method: "POST",
      headers: { "Content-Type": NDJSON },
      body: lines.map((line) => `${line}\n`).join(""),
    });
    const results: ImportResult[] = [];
    const then = "Importing a line again is harmless.";
    try {
      for await (const line of readNdjson<unknown>(body)) {
        const result = ImportResultSchema.safeParse(line).data;
        if (result === undefined) throw new NotOurs(`${NOT_OURS} ${then}`);
        results.push(result);
      }
    } catch (error) {
      if (error instanceof NotOurs) throw error;
      // Falls through: there are fewer results than lines.
    }
    if (results.length === lines.length) return results;
    throw brokenOff(silence, then);
  }

  /** The ids of all organisations that have keys, or were erased so lately that a guard of theirs may be restored. */
  async organizations(): Promise<string[]> {
    const ids = new Set<string>();
    for (const which of [{}, { erased: "true" }]) {
      for await (const { id } of this.#pages("organizations", OrganizationList, which)) ids.add(id);
    }
    return [...ids];
  }

  /** Everything on record with a status, the newest first. */
  async *list(status: string): AsyncGenerator<RevocationEntry> {
    yield* this.#pages("revocations", RevocationList, { status });
  }

  async *#pages<T>(
    path: string,
    schema: z.ZodType<Page<T>>,
    parameters: Readonly<Record<string, string>>,
  ): AsyncGenerator<T> {
    let cursor: string | null = null;
    do {
      const query = new URLSearchParams({
        ...parameters,
        limit: "500",
        ...(cursor !== null && { nextCursor: cursor }),
      });
      const page: Page<T> = await this.#page(`${this.#url}/${path}?${query.toString()}`, schema);
      yield* page.data;
      const { nextCursor } = page.pagination;
      if (nextCursor !== null && nextCursor === cursor) throw new CliError(NOT_OURS);
      cursor = nextCursor;
    } while (cursor !== null);
  }

  async #page<T>(url: string, schema: z.ZodType<Page<T>>): Promise<Page<T>> {
    const { body, silence } = await this.#call(url);
    try {
      return schema.parse(JSON.parse(await text(body)));
    } catch {
      throw new CliError(silence.isOver ? silence.problem : `The answer broke off, or: ${NOT_OURS}`);
    }
  }

  /** The lines of an answer; returns the last, which tells that it is complete. */
  async *#lines<Schema extends z.ZodType<object>>(
    path: string,
    schema: Schema,
    request: object,
  ): AsyncGenerator<Exclude<Wire<Schema>, LastLine>, Extract<Wire<Schema>, LastLine>> {
    const { body, silence } = await this.#call(`${this.#url}/${path}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: NDJSON },
      body: JSON.stringify(request),
    });
    try {
      for await (const read of readNdjson<unknown>(body)) {
        const line = schema.safeParse(read).data as Wire<Schema> | undefined;
        if (line === undefined) throw new NotOurs(`${NOT_OURS} ${MAY_BE_DONE}`);
        if (isLast(line)) return line;
        if (isItem(line)) yield line;
      }
    } catch (error) {
      if (error instanceof NotOurs) throw error;
      // Falls through: the last line is missing.
    }
    throw brokenOff(silence, "What was asked for goes on; repeating it is harmless.");
  }

  async #call(url: string, init: RequestInit = {}): Promise<Answer> {
    const silence = new Silence(this.#timeoutMs);
    let response: Response;
    try {
      response = await fetch(url, {
        ...init,
        headers: { ...(init.headers as Record<string, string>), Authorization: `Bearer ${this.#token}` },
        // Another address is not the one that was given, and must not get the token.
        redirect: "manual",
        signal: silence.signal,
      });
    } catch (error) {
      silence.end();
      throw unanswered(new URL(url).origin, init.method !== undefined, silence, error);
    }
    silence.heard();
    if (response.ok) return { body: silence.bodyOf(response), silence };
    const { problem, isOurs } = await problemOf(response);
    silence.end();
    if (response.status < 500) throw new CliError(problem);
    // A proxy has given up waiting, not the gateway.
    if (init.method !== undefined && !isOurs) throw new BrokenOff(`${problem} ${MAY_BE_DONE}`);
    throw new Unavailable(problem);
  }
}

const NOT_OURS = "That is no answer of a gateway: is it a gateway at that URL?";
const MAY_BE_DONE = "What was asked for may be done; repeating it is harmless.";

/** Errors of a connection that was never there, and of certificates that are not trusted. */
const UNSENT =
  /^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT|ERR_TLS_CERT_\w+|CERT_\w+|UNABLE_TO_\w+|(?:DEPTH_ZERO_)?SELF_SIGNED_\w+)$/;

/** What to say of a request without an answer. `mayChange`: what it asks for may have been done, if it ever left. */
function unanswered(origin: string, mayChange: boolean, silence: Silence, error: unknown): CliError {
  if (silence.isOver) {
    return mayChange
      ? new Silent(`${silence.problem} from ${origin}. ${MAY_BE_DONE}`)
      : new CliError(`${silence.problem} from ${origin}`);
  }
  // `fetch` says why in the error's cause, which has no code where it did not try.
  const code = error instanceof Error ? systemCodeOf(error.cause) : undefined;
  if (mayChange && code !== undefined && !UNSENT.test(code)) {
    return new BrokenOff(`No answer came from ${origin}. ${MAY_BE_DONE}`);
  }
  return new CliError(`Nothing answers at ${origin}${code === undefined ? "" : ` (${code})`}`);
}

/** An answer that ended before its last line. */
function brokenOff(silence: Silence, then: string): BrokenOff {
  return silence.isOver
    ? new Silent(`${silence.problem}. ${then}`)
    : new BrokenOff(`The answer broke off. ${then}`);
}

/** What an answer says is wrong, and whether it is in the gateway's own form. */
async function problemOf(response: Response): Promise<{ problem: string; isOurs: boolean }> {
  const refusal = RefusalJson.safeParse(await response.json().catch(() => null)).data;
  if (refusal === undefined) {
    const problem = `The gateway answers ${response.status}, and not in its own form: is it a gateway at that URL?`;
    return { problem, isOurs: false };
  }
  const { code, message, details: { field, problem } = {} } = refusal.error;
  const detail = problem === undefined ? "" : ` (${field === undefined ? "" : `${field}: `}${problem})`;
  return { problem: withoutSecrets(`${code}: ${message}${detail}`), isOurs: true };
}

/** What is read of a refusal: of any version of the gateway, with codes that this one does not know. */
const RefusalJson = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    details: z.object({ field: z.string().optional(), problem: z.string().optional() }).optional(),
  }),
});

function isItem<Line extends object>(line: Line): line is Exclude<Line, LastLine> {
  return !("summary" in line);
}

function isLast<Line extends object>(line: Line): line is Extract<Line, LastLine> {
  return "summary" in line;
}
