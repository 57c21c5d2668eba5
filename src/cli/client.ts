import type { ImportResult } from "../api-types/imports.ts";
import type { Page } from "../api-types/common.ts";
import type { OrganizationId, ReconciliationLine } from "../api-types/reconciliations.ts";
import type { RevocationEntry, RevocationLine, RevocationResultLine } from "../api-types/revocations.ts";
import { NDJSON, readNdjson } from "../core/http/ndjson.ts";
import { systemCodeOf } from "../core/thrown.ts";
import { BrokenOff, CliError, Unavailable } from "./cli-error.ts";
import { withoutSecrets } from "./secrets.ts";

/** What the line that comes last holds. */
interface LastLine {
  readonly summary: object;
}

/** The operators' part of the control API. */
export class OperatorClient {
  readonly #url: string;
  readonly #token: string;

  constructor(url: string, token: string) {
    this.#url = `${url}/-/ops`;
    this.#token = token;
  }

  /** Sends a request; yields what becomes of each key as it is known. Throws {@link BrokenOff} if the answer does. */
  async *revoke(body: {
    targets: readonly object[];
    reason: string;
    dryRun: boolean;
  }): AsyncGenerator<RevocationResultLine> {
    yield* this.#lines<RevocationLine>("revocations", body);
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
    const end = yield* this.#lines<ReconciliationLine>("reconciliations", body);
    yield end;
  }

  /** Imports keys, a line of JSON for each; tells of each what became of it. Throws {@link BrokenOff} if the answer breaks off. */
  async importKeys(lines: readonly string[]): Promise<ImportResult[]> {
    const response = await this.#call(`${this.#url}/imports`, {
      method: "POST",
      headers: { "Content-Type": NDJSON },
      body: lines.map((line) => `${line}\n`).join(""),
    });
    const results: ImportResult[] = [];
    try {
      for await (const result of readNdjson<ImportResult>(bodyOf(response))) results.push(result);
    } catch {
      // Falls through: there are fewer results than lines.
    }
    if (results.length === lines.length) return results;
    throw new BrokenOff("The answer broke off. Importing a line again is harmless.");
  }

  /** The ids of all organisations that have keys, or were erased so lately that a guard of theirs may be restored. */
  async organizations(): Promise<string[]> {
    const ids = new Set<string>();
    for (const which of [{}, { erased: "true" }]) {
      for await (const { id } of this.#pages<OrganizationId>("organizations", which)) ids.add(id);
    }
    return [...ids];
  }

  /** Everything on record with a status, the newest first. */
  async *list(status: string): AsyncGenerator<RevocationEntry> {
    yield* this.#pages<RevocationEntry>("revocations", { status });
  }

  async *#pages<T>(path: string, parameters: Readonly<Record<string, string>>): AsyncGenerator<T> {
    let cursor: string | null = null;
    do {
      const query = new URLSearchParams({
        ...parameters,
        limit: "500",
        ...(cursor !== null && { nextCursor: cursor }),
      });
      const response = await this.#call(`${this.#url}/${path}?${query.toString()}`);
      const page = await response.json<Page<T>>();
      yield* page.data;
      cursor = page.pagination.nextCursor;
    } while (cursor !== null);
  }

  /** The lines of an answer; returns the last, which tells that it is complete. */
  async *#lines<Line extends object>(
    path: string,
    body: object,
  ): AsyncGenerator<Exclude<Line, LastLine>, Extract<Line, LastLine>> {
    const response = await this.#call(`${this.#url}/${path}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: NDJSON },
      body: JSON.stringify(body),
    });
    try {
      for await (const line of readNdjson<Line>(bodyOf(response))) {
        if (isLast(line)) return line;
        if (isItem(line)) yield line;
      }
    } catch {
      // Falls through: the last line is missing.
    }
    throw new BrokenOff("The answer broke off. What was asked for goes on; repeating it is harmless.");
  }

  async #call(url: string, init: RequestInit = {}): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(url, {
        ...init,
        headers: { ...(init.headers as Record<string, string>), Authorization: `Bearer ${this.#token}` },
      });
    } catch (error) {
      const { origin } = new URL(url);
      if (init.method === undefined || isUnsent(error)) throw new CliError(`Nothing answers at ${origin}`);
      throw new BrokenOff(`No answer came from ${origin}. ${MAY_BE_DONE}`);
    }
    if (response.ok) return response;
    const { problem, isOurs } = await problemOf(response);
    if (response.status < 500) throw new CliError(problem);
    // A proxy has given up waiting, not the gateway.
    if (init.method !== undefined && !isOurs) throw new BrokenOff(`${problem} ${MAY_BE_DONE}`);
    throw new Unavailable(problem);
  }
}

const MAY_BE_DONE = "What was asked for may be done; repeating it is harmless.";

/** Errors of a connection that was never there. */
const UNSENT = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** Whether a request that failed never left: `fetch` says why in the error's cause, which has no code where it did not try. */
function isUnsent(error: unknown): boolean {
  const code = error instanceof Error ? systemCodeOf(error.cause) : undefined;
  return code === undefined || UNSENT.has(code);
}

/** What an answer says is wrong, and whether it is in the gateway's own form. */
async function problemOf(response: Response): Promise<{ problem: string; isOurs: boolean }> {
  try {
    const { error } = await response.json<{
      error: { code: string; message: string; details?: { field?: string; problem?: string } };
    }>();
    const { field, problem } = error.details ?? {};
    const detail = problem === undefined ? "" : ` (${field === undefined ? "" : `${field}: `}${problem})`;
    return { problem: withoutSecrets(`${error.code}: ${error.message}${detail}`), isOurs: true };
  } catch {
    const problem = `The gateway answers ${response.status}, and not in its own form: is it a gateway at that URL?`;
    return { problem, isOurs: false };
  }
}

function bodyOf(response: Response): ReadableStream<Uint8Array> {
  return response.body as ReadableStream<Uint8Array>;
}

function isItem<Line extends object>(line: Line): line is Exclude<Line, LastLine> {
  return !("summary" in line);
}

function isLast<Line extends object>(line: Line): line is Extract<Line, LastLine> {
  return "summary" in line;
}
