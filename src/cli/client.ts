import { NDJSON, readNdjson } from "../core/ndjson.ts";
import type { RevocationStatus } from "../core/revocation.ts";
import { BrokenOff, CliError } from "./cli-error.ts";
import { withoutSecrets } from "./secrets.ts";

/** What became of one key; times as the API writes them. */
export interface Result {
  readonly target: number;
  readonly keyId: string | null;
  readonly status: RevocationStatus;
  readonly requestedAt: string | null;
  readonly effectiveAt: string | null;
  readonly version: number | null;
}

export interface ResultLine extends Result {
  readonly progress: { readonly done: number; readonly total: number };
}

/** A line of the record of emergency revocations. */
export interface Entry extends Result {
  readonly requestId: string;
  readonly orgId: string | null;
  readonly ownerId: string | null;
  readonly reason: string;
  readonly operator: { readonly id: string; readonly name: string };
  readonly failures: number;
  readonly organizationTold: boolean;
}

/** How those who know a key differ. */
export interface DifferenceLine {
  readonly orgId: string;
  readonly keyId: string | null;
  readonly guard: string;
  readonly difference: string;
  readonly fields: readonly string[];
  readonly settled: boolean;
}

interface Page<T> {
  readonly data: readonly T[];
  readonly pagination: { readonly nextCursor: string | null };
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
  }): AsyncGenerator<ResultLine> {
    yield* this.#lines<ResultLine>("revocations", body);
  }

  /** Compares an organisation with guards and KV; yields the differences. Throws {@link BrokenOff} if the answer does. */
  async *reconcile(orgId: string, fix: boolean): AsyncGenerator<DifferenceLine> {
    yield* this.#lines<DifferenceLine>("reconciliations", { orgId, fix });
  }

  /** The ids of all organisations that have keys. */
  async organizations(): Promise<string[]> {
    const ids = new Set<string>();
    for await (const { id } of this.#pages<{ id: string }>("organizations", {})) ids.add(id);
    return [...ids];
  }

  /** Everything on record with a status, the newest first. */
  async *list(status: string): AsyncGenerator<Entry> {
    yield* this.#pages<Entry>("revocations", { status });
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
      const page = (await response.json()) as Page<T>;
      yield* page.data;
      cursor = page.pagination.nextCursor;
    } while (cursor !== null);
  }

  /** The lines of an answer but for the last, which tells that it is complete. */
  async *#lines<T extends object>(path: string, body: object): AsyncGenerator<T> {
    const response = await this.#call(`${this.#url}/${path}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: NDJSON },
      body: JSON.stringify(body),
    });
    let complete = false;
    try {
      for await (const line of readNdjson<T | { summary: object }>(bodyOf(response))) {
        if ("summary" in line) complete = true;
        else yield line;
      }
    } catch {
      // Falls through: the last line is missing.
    }
    if (!complete) {
      throw new BrokenOff("The answer broke off. What was asked for goes on; repeating it is harmless.");
    }
  }

  async #call(url: string, init: RequestInit = {}): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(url, {
        ...init,
        headers: { ...(init.headers as Record<string, string>), Authorization: `Bearer ${this.#token}` },
      });
    } catch {
      throw new CliError(`Nothing answers at ${new URL(url).origin}`);
    }
    if (response.ok) return response;
    throw new CliError(await problemOf(response));
  }
}

async function problemOf(response: Response): Promise<string> {
  try {
    const { error } = (await response.json()) as {
      error: { code: string; message: string; details?: { field?: string; problem?: string } };
    };
    const { field, problem } = error.details ?? {};
    const detail = problem === undefined ? "" : ` (${field === undefined ? "" : `${field}: `}${problem})`;
    return withoutSecrets(`${error.code}: ${error.message}${detail}`);
  } catch {
    return `The gateway answers ${response.status}, and not in its own form: is it a gateway at that URL?`;
  }
}

function bodyOf(response: Response): ReadableStream<Uint8Array> {
  return response.body as ReadableStream<Uint8Array>;
}
