import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { promisify } from "node:util";
import { deserialize, serialize } from "node:v8";

const FIXTURES = join(import.meta.dirname, "../fixtures");
/** When the state was left. */
const LEFT_AT = Date.parse("2026-11-27T22:05:31Z");
const HOUR_MS = 3_600_000;

interface Key {
  readonly id: string;
  readonly key: string;
}

/** What the version before keys had groups was told when it made the keys of its state. */
export interface EarlierKeys {
  /** Ten requests in 31 days, of which five are used. */
  readonly live: Key;
  readonly revoked: Key;
  readonly disabled: Key;
  /** Has issued two tokens; one is revoked. */
  readonly holder: Key;
  readonly spare: Key;
  readonly deadToken: string;
  readonly liveToken: string;
}

export function earlierKeys(): EarlierKeys {
  return JSON.parse(readFileSync(join(FIXTURES, "before-groups.json"), "utf8")) as EarlierKeys;
}

/** Puts the folder that the version before left into `stateDir`, as if it had been left a moment ago. */
export async function unpackEarlierState(stateDir: string): Promise<void> {
  const archive = join(FIXTURES, "before-groups.tgz");
  await promisify(execFile)("tar", ["xzf", archive, "-C", stateDir]);
  const age = Math.floor((Date.now() - LEFT_AT) / HOUR_MS) * HOUR_MS;
  for (const file of readdirSync(stateDir, { recursive: true, encoding: "utf8" })) {
    if (!file.endsWith(".sqlite") || file.includes("metadata")) continue;
    const database = new DatabaseSync(join(stateDir, file));
    if (file.includes("KeyGuard")) ageGuard(database, age);
    if (file.includes("Organization")) ageOrganization(database, age);
    database.close();
  }
}

function ageGuard(database: DatabaseSync, age: number): void {
  const rows = database.prepare(`SELECT key, value FROM _cf_KV`).all();
  const update = database.prepare(`UPDATE _cf_KV SET value = ? WHERE key = ?`);
  for (const { key, value } of rows) {
    update.run(serialize(aged(deserialize(value as Uint8Array), age)), key as string);
  }
}

function ageOrganization(database: DatabaseSync, age: number): void {
  const { value } = database.prepare(`SELECT value FROM settings WHERE name = 'signingKeys'`).get() as {
    value: string;
  };
  const ring = JSON.stringify(aged(JSON.parse(value), age));
  database.prepare(`UPDATE settings SET value = ? WHERE name = 'signingKeys'`).run(ring);
  database.prepare(`UPDATE usage SET hour = hour + ?`).run(age);
  database.prepare(`UPDATE calls SET hour = hour + ?`).run(age);
}

/** The value with every moment in it later. */
function aged(value: unknown, age: number): unknown {
  if (typeof value === "number") return value > 1e12 ? value + age : value;
  if (typeof value !== "object" || value === null || value instanceof Map) return value;
  if (Array.isArray(value)) return value.map((each) => aged(each, age));
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, aged(each, age)]));
}
