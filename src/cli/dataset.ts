import { CliError } from "./cli-error.ts";

/** How to ask Cloudflare's API about a dataset (https://developers.cloudflare.com/analytics/analytics-engine/sql-api/). */
export interface DatasetAccess {
  readonly url: string;
  readonly account: string;
  /** May read the account's analytics. */
  readonly token: string;
}

export type Row = Readonly<Record<string, string | number>>;

/** Runs a query; gives its rows. Throws a {@link CliError} that says what the API said. */
export async function queryDataset({ url, account, token }: DatasetAccess, sql: string): Promise<Row[]> {
  const response = await fetch(`${url}/accounts/${account}/analytics_engine/sql`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}` },
    body: sql,
  }).catch((error: unknown) => {
    throw new CliError(`Cloudflare's API cannot be reached: ${String(error)}`);
  });
  const text = await response.text();
  if (!response.ok) throw new CliError(`Cloudflare's API answered ${response.status}: ${text.trim()}`);
  return rowsOf(text);
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
