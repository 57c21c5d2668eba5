import { createServer } from "node:http";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { text } from "node:stream/consumers";
import { COLUMNS, type DataPoint } from "../../src/core/usage/metrics.ts";
import { CREDENTIALS } from "./cloudflare.ts";
import { close, listen } from "./issuer.ts";
import { readJson } from "./json.ts";

/**
 * Stands in for a dataset of Workers Analytics Engine: its points in SQLite, and of its SQL what the queries use. The
 * rest is SQLite's own and means the same in both.
 */
export class StandInDataset {
  readonly #db = new DatabaseSync(":memory:");
  readonly #now = Math.floor(Date.now() / 1000);

  constructor(name: string) {
    const columns = Object.values(COLUMNS).map((column) =>
      column.startsWith("blob") ? `${column} TEXT` : `${column} REAL`,
    );
    this.#db.exec(
      `CREATE TABLE ${name} (timestamp INTEGER, index1 TEXT, _sample_interval INTEGER, ${columns.join(", ")})`,
    );
    this.#db.function("toUnixTimestamp", (time: SQLInputValue) => time);
    this.#db.function("NOW", () => this.#now);
    this.#db.aggregate("sumIf", {
      start: 0,
      step: (sum: number, value: SQLInputValue, condition: SQLInputValue) =>
        sum + (Number(condition) === 0 ? 0 : Number(value)),
    });
    // What is gathered on the way is kept as JSON.
    this.#db.aggregate("argMax", {
      start: "[null, null]",
      step: (held, value, by) => {
        const [, most] = readJson<[unknown, number | null]>(held as string);
        return most === null || Number(by) >= most ? JSON.stringify([value, Number(by)]) : held;
      },
      result: (held) => readJson<[SQLInputValue, unknown]>(held as string)[0],
    });
    this.#db.aggregate("quantileExactWeighted", {
      start: "[]",
      step: (held, level, value, weight) => {
        const values = readJson<[number, number][]>(held as string);
        const times = Array.from({ length: Number(weight) }, () => [Number(level), Number(value)]);
        return JSON.stringify([...values, ...times]);
      },
      result: (held) => {
        const points = readJson<[number, number][]>(held as string).toSorted((a, b) => a[1] - b[1]);
        const at = Math.floor((points[0]?.[0] ?? 0) * points.length);
        return points[Math.min(points.length - 1, at)]?.[1] ?? null;
      },
    });
    this.name = name;
  }

  readonly name: string;

  /** Adds a point that was written some seconds ago, and stands for some such points. */
  add({ indexes, blobs, doubles }: DataPoint, { secondsAgo = 0, sampled = 1 } = {}): void {
    const values = [this.#now - secondsAgo, indexes[0], sampled, ...blobs, ...doubles];
    this.#db.prepare(`INSERT INTO ${this.name} VALUES (${values.map(() => "?").join(", ")})`).run(...values);
  }

  query(sql: string): unknown[] {
    const translated = sql
      .replaceAll(/INTERVAL '(\d+)' MINUTE/g, (_, minutes: string) => `${Number(minutes) * 60}`)
      .replaceAll(/(quantileExactWeighted)\(([\d.]+)\)\(/g, "$1($2, ");
    return this.#db.prepare(translated).all();
  }
}

/** Cloudflare's API as far as it answers queries of one dataset. */
export async function startDatasetApi(dataset: StandInDataset) {
  const path = `/client/v4/accounts/${CREDENTIALS.CLOUDFLARE_ACCOUNT_ID}/analytics_engine/sql`;
  const server = createServer((request, response) => {
    void text(request).then((sql) => {
      const isAllowed = request.headers.authorization === `Bearer ${CREDENTIALS.CLOUDFLARE_API_TOKEN}`;
      if (request.method !== "POST" || request.url !== path)
        return response.writeHead(404).end("no such path");
      if (!isAllowed) return response.writeHead(403).end("Authentication error");
      try {
        const data = dataset.query(sql);
        return response.writeHead(200).end(JSON.stringify({ meta: [], data, rows: data.length }));
      } catch (error) {
        return response.writeHead(422).end(String(error));
      }
    });
  });
  const url = await listen(server);
  return { url: `${url}/client/v4`, close: () => close(server) };
}
