import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { deserialize, serialize } from "node:v8";
import { readJson } from "./json.ts";

const VERSIONS = join(import.meta.dirname, "../fixtures/versions");
const DAY_MS = 86_400_000;

/** Variables of the gateway that leaves a state, and of one that opens it. */
export const LEFT_VARS = { PUBLIC_ORIGIN: "https://gateway.example.com" };

/** The admins of the organisations in it, by organisation. */
export const LEFT_ADMINS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  org_left: { sub: "alice", org_id: "org_left", name: "Alice", email: "alice@example.com" },
  org_beside: { sub: "bea", org_id: "org_beside", name: "Bea", email: "bea@example.com" },
};

/** A key as it was told when it was made. */
export interface LeftKey {
  readonly id: string;
  readonly key: string;
  readonly orgId: string;
}

/** What a request got of the version that left the state, at last. */
export interface LeftOutcome {
  readonly key: string;
  readonly path: string;
  readonly from: string;
  readonly status: number;
  readonly code: string | null;
}

/** What a version left beside its state: what it told while it made it, and what it answered at last. */
export interface Left {
  /** Milliseconds since the epoch. */
  readonly leftAt: number;
  /** By what they are for. */
  readonly keys: Readonly<Record<string, LeftKey>>;
  readonly outcomes: readonly LeftOutcome[];
  /** Units left of the key `limited`, whose window is a month. */
  readonly remaining: number;
  /** Keys whose revocation no guard has confirmed: `revoked` by the organisation, `cut` by an operator. */
  readonly unconfirmed: readonly string[];
  /** Two tokens of the key `holder`; one was revoked. `null` where there were none yet. */
  readonly tokens: { readonly live: string; readonly dead: string } | null;
  /** `null` where there was none yet. */
  readonly scimToken: string | null;
  /** Answers to an admin of each organisation, by organisation and path; what there was not yet is not in it. */
  readonly answers: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly usage: { readonly succeeded: number; readonly limited: number; readonly refused: number } | null;
}

/** The names of the versions that have left a state, the oldest first. */
export function leftStates(): string[] {
  return readdirSync(VERSIONS)
    .map((file) => file.replace(/\.tgz$/, ""))
    .toSorted();
}

/** What a version left, as if that had been less than a day ago. */
export interface UnpackedState extends Left {
  readonly stateDir: string;
}

/** Unpacks a state that was left into a folder. */
export function unpackState(name: string, directory: string): UnpackedState {
  execFileSync("tar", ["xzf", join(VERSIONS, `${name}.tgz`), "-C", directory]);
  const told = readFileSync(join(directory, "left.json"), "utf8");
  const { leftAt } = readJson<Left>(told);
  // Whole days, so that what was counted by the day stays so.
  const ageMs = Math.floor((Date.now() - leftAt) / DAY_MS) * DAY_MS;
  const stateDir = join(directory, "state");
  for (const file of readdirSync(stateDir, { recursive: true, encoding: "utf8" })) {
    const path = join(stateDir, file);
    if (file.includes("/blobs/")) writeFileSync(path, agedText(readFileSync(path, "utf8"), ageMs));
    else if (file.endsWith(".sqlite") && !file.endsWith("metadata.sqlite")) ageDatabase(path, ageMs);
  }
  return { ...readJson<Left>(agedText(told, ageMs)), stateDir };
}

/** Milliseconds since the epoch, of the years 2020 to 2033. */
const isMoment = (value: number): boolean => value > 1.58e12 && value < 2e12;

function ageDatabase(path: string, ageMs: number): void {
  const database = new DatabaseSync(path);
  const tables = database.prepare(`SELECT name FROM sqlite_master WHERE type = 'table'`).all();
  for (const { name } of tables) {
    const table = String(name);
    if (table === "_cf_KV") ageValues(database, ageMs);
    else if (!table.startsWith("_cf_") && !table.startsWith("sqlite_")) ageTable(database, table, ageMs);
  }
  database.close();
}

function ageTable(database: DatabaseSync, table: string, ageMs: number): void {
  for (const { name } of database.prepare(`SELECT name FROM pragma_table_info(?)`).all(table)) {
    const column = `"${String(name)}"`;
    // By way of negative numbers, so that no row meets another on the way.
    database.exec(
      `UPDATE "${table}" SET ${column} = -(${column} + ${ageMs})
       WHERE typeof(${column}) = 'integer' AND ${column} > 1580000000000 AND ${column} < 2000000000000`,
    );
    database.exec(
      `UPDATE "${table}" SET ${column} = -${column} WHERE typeof(${column}) = 'integer' AND ${column} < -1580000000000`,
    );
    const texts = database.prepare(
      `SELECT DISTINCT ${column} AS text FROM "${table}" WHERE typeof(${column}) = 'text'`,
    );
    const update = database.prepare(`UPDATE "${table}" SET ${column} = ? WHERE ${column} = ?`);
    for (const { text } of texts.all()) {
      const later = agedText(String(text), ageMs);
      if (later !== text) update.run(later, String(text));
    }
  }
}

/** The values of a Durable Object, as the runtime writes them. */
function ageValues(database: DatabaseSync, ageMs: number): void {
  const update = database.prepare(`UPDATE _cf_KV SET value = ? WHERE key = ?`);
  for (const { key, value } of database.prepare(`SELECT key, value FROM _cf_KV`).all()) {
    update.run(serialize(agedValue(deserialize(value as Uint8Array), ageMs)), key as string);
  }
}

function agedValue(value: unknown, ageMs: number): unknown {
  if (typeof value === "number") return isMoment(value) ? value + ageMs : value;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((each) => agedValue(each, ageMs));
  if (value instanceof Map) {
    return new Map([...value].map(([key, each]) => [agedValue(key, ageMs), agedValue(each, ageMs)]));
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [agedText(name, ageMs), agedValue(each, ageMs)]),
  );
}

const MOMENT = /(?<![\w.-])1[5-9]\d{11}(?![\w.-])/g;
const ISO_MOMENT = /20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?Z/g;

/** The text with every moment in it later, as a number or by ISO 8601. */
function agedText(text: string, ageMs: number): string {
  return text
    .replaceAll(MOMENT, (moment) => String(Number(moment) + ageMs))
    .replaceAll(ISO_MOMENT, (moment) => {
      const later = new Date(Date.parse(moment) + ageMs).toISOString();
      return moment.includes(".") ? later : later.replace(/\.\d{3}Z$/, "Z");
    });
}
