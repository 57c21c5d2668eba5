import { CliError } from "./cli-error.ts";

/** How to ask Cloudflare's API about a dataset (https://developers.cloudflare.com/analytics/analytics-engine/sql-api/). */
export interface DatasetAccess {
  readonly url: string;
  readonly account: string;
  /** May read the account's analytics. */
  readonly token: string;
  /** How long its answer may take. */
  readonly timeoutMs: number;
}

export type Row = Readonly<Record<string, string | number>>;

/** Runs a query; gives its rows. Throws a {@link CliError} that says what the API said. */
export async function queryDataset(access: DatasetAccess, sql: string): Promise<Row[]> {
  const { ok, status, text } = await post(access, sql).catch((error: unknown) => {
    throw new CliError(
      error instanceof DOMException && error.name === "TimeoutError"
        ? `Cloudflare's API has not answered within ${access.timeoutMs / 1000} s`
        : `Cloudflare's API cannot be reached: ${String(error)}`,
    );
  });
  if (!ok) throw new CliError(`Cloudflare's API answered ${status}: ${text.trim()}`);
  return rowsOf(text);
}

async function post({ url, account, token, timeoutMs }: DatasetAccess, sql: string) {
  const response = await fetch(`${url}/accounts/${account}/analytics_engine/sql`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}` },
    body: sql,
    signal: AbortSignal.timeout(timeoutMs),
  });
  return { ok: response.ok, status: response.status, text: await response.text() };
}

function rowsOf(text: string): Row[] {
  try {
    const { data } = JSON.parse(text) as { data?: Row[] };
    if (Array.isArray(data)) return data;
  } catch {
    // The check below reports it.
  }
  throw new CliError(`Cloudflare's API answered something that is no result: ${text.slice(0, 200)}`);
}
