import { groupOfKey } from "../../../admission/key-guards.ts";

/** Which guard serves which key: that of its group, or one of its own. */
export class KeyPlaces {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** The guards of keys, and which of the keys each has; in any order, so that one that hangs holds up nobody for ever. */
  byGuard(ids: readonly string[]): Map<string, string[]> {
    const rows = this.#sql.exec<{ id: string; own: number }>(
      `SELECT id, own_guard AS own FROM keys WHERE id IN (SELECT value FROM json_each(?)) ORDER BY random()`,
      JSON.stringify(ids),
    );
    const guards = new Map<string, string[]>();
    for (const { id, own } of rows) {
      const guard = own === 1 ? id : groupOfKey(id);
      const known = guards.get(guard);
      if (known === undefined) guards.set(guard, [id]);
      else known.push(id);
    }
    return guards;
  }

  /** The name of the guard that has a key. */
  guardOf(id: string): string {
    const [guard] = this.byGuard([id]).keys();
    return guard ?? groupOfKey(id);
  }

  /** The names of the guards that have keys, at most so many. */
  all(limit: number): string[] {
    return this.#sql
      .exec<{ guard: string }>(
        `SELECT DISTINCT iif(own_guard = 1, id, substr(id, 5, 5)) AS guard FROM keys LIMIT ?`,
        limit,
      )
      .toArray()
      .map(({ guard }) => guard);
  }

  /** The ids of the keys at guards, by the guards' names. */
  idsAt(guards: readonly string[]): Map<string, string[]> {
    const ids = new Map<string, string[]>();
    for (const guard of guards) {
      const [from, to] = guard.startsWith("key_") ? [guard, guard] : [`key_${guard}`, `key_${guard}~`];
      const rows = this.#sql.exec<{ id: string }>(
        `SELECT id FROM keys WHERE id >= ?1 AND id <= ?2 AND own_guard = (?1 = ?2)`,
        from,
        to,
      );
      ids.set(
        guard,
        [...rows].map(({ id }) => id),
      );
    }
    return ids;
  }
}
