import type { GuardPage, GuardPosition } from "../../core/key/reconciliation.ts";
import { chunksOf, OBJECT_TIMEOUT_MS, within } from "../../core/concurrency.ts";
import { registeredGuardPage, registeredGuards, registryEntry } from "../guard-registry.ts";

/** Pages of the registry that one call reads, of the thousand calls that an invocation may make. */
const LISTS_A_CALL = 100;
/** KV answers for a hundred entries at a time. */
const ENTRIES_A_READ = 100;

/** Which guards may have keys of the organisation: by its own tables, and by the registry in KV. */
export class GuardPages {
  readonly #sql: SqlStorage;
  readonly #kv: KVNamespace;

  constructor(sql: SqlStorage, kv: KVNamespace) {
    this.#sql = sql;
    this.#kv = kv;
  }

  /** All of them. A restored database does not know the latest. */
  async names(orgId: string, hasTables: boolean): Promise<string[]> {
    const registered = await registeredGuards(this.#kv, orgId);
    if (!hasTables) return registered;
    const recorded = this.#recordedAfter("", -1);
    return [...new Set([...recorded, ...registered])];
  }

  /** A page of them. Those that only the registry knows come last; a page of it may hold none. */
  async page(
    orgId: string,
    hasTables: boolean,
    { list, after }: GuardPosition,
    limit: number,
  ): Promise<GuardPage> {
    if (list === "registered") return this.#registeredPage(orgId, hasTables, after);
    const guards = hasTables ? this.#recordedAfter(after, limit) : [];
    const last = guards.length < limit ? undefined : guards.at(-1);
    const next: GuardPosition =
      last === undefined ? { list: "registered", after: "" } : { list, after: last };
    return { guards, next };
  }

  /** How many are on record here. */
  count(): number {
    const [row] = this.#sql.exec<{ guards: number }>(
      `SELECT count(*) AS guards FROM (SELECT name FROM guards UNION SELECT id FROM keys WHERE own_guard = 1)`,
    );
    return row?.guards ?? 0;
  }

  /** Which of some guards serve the organisation, by its tables or by the registry. */
  async serving(orgId: string, hasTables: boolean, guards: readonly string[]): Promise<string[]> {
    const known = new Set(hasTables ? this.#recordedAmong(guards) : []);
    for (const some of chunksOf(guards, ENTRIES_A_READ)) {
      const entries = some.map((guard) => registryEntry(orgId, guard));
      const found = await within(OBJECT_TIMEOUT_MS, this.#kv.get(entries));
      for (const [i, guard] of some.entries()) if (found.get(entries[i] ?? "") != null) known.add(guard);
    }
    return [...known];
  }

  async #registeredPage(orgId: string, hasTables: boolean, after: string): Promise<GuardPage> {
    let cursor: string | null = after;
    for (let list = 0; list < LISTS_A_CALL && cursor !== null; list++) {
      const page = await registeredGuardPage(this.#kv, orgId, cursor);
      const recorded = new Set(hasTables ? this.#recordedAmong(page.guards) : []);
      const guards = page.guards.filter((guard) => !recorded.has(guard));
      cursor = page.cursor;
      if (guards.length > 0) return { guards, next: positionAt(cursor) };
    }
    return { guards: [], next: positionAt(cursor) };
  }

  #recordedAfter(name: string, limit: number): string[] {
    return this.#names(
      `SELECT name FROM guards WHERE name > ?1
       UNION SELECT id FROM keys WHERE own_guard = 1 AND id > ?1 ORDER BY 1 LIMIT ?2`,
      name,
      limit,
    );
  }

  #recordedAmong(names: readonly string[]): string[] {
    return this.#names(
      `SELECT value AS name FROM json_each(?)
       WHERE value IN (SELECT name FROM guards) OR value IN (SELECT id FROM keys WHERE own_guard = 1)`,
      JSON.stringify(names),
    );
  }

  #names(query: string, ...values: (string | number)[]): string[] {
    return [...this.#sql.exec<{ name: string }>(query, ...values)].map(({ name }) => name);
  }
}

function positionAt(cursor: string | null): GuardPosition | null {
  return cursor === null ? null : { list: "registered", after: cursor };
}
