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

interface Page {
  readonly data: readonly Entry[];
  readonly pagination: { readonly nextCursor: string | null };
}

/** The operators' part of the control API. */
export class OperatorClient {
  readonly #url: string;
  readonly #token: string;

  constructor(url: string, token: string) {
    this.#url = `${url}/-/ops/revocations`;
    this.#token = token;
  }

  /** Sends a request; yields what becomes of each key as it is known. Throws {@link BrokenOff} if the answer does. */
  async *revoke(body: {
    targets: readonly object[];
    reason: string;
    dryRun: boolean;
  }): AsyncGenerator<ResultLine> {
    const response = await this.#call(this.#url, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: NDJSON },
      body: JSON.stringify(body),
    });
    let complete = false;
    try {
      for await (const line of readNdjson<ResultLine | { summary: object }>(bodyOf(response))) {
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

  /** Everything on record with a status, the newest first. */
  async *list(status: string): AsyncGenerator<Entry> {
    let cursor: string | null = null;
    do {
      const query = new URLSearchParams({
        status,
        limit: "500",
        ...(cursor !== null && { nextCursor: cursor }),
      });
      const response = await this.#call(`${this.#url}?${query.toString()}`);
      const page = (await response.json()) as Page;
      yield* page.data;
      cursor = page.pagination.nextCursor;
    } while (cursor !== null);
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
