import type { GroupStorage } from "../guard/guard-storage.ts";

/** The storage of a Durable Object in memory, which counts the rows that are written. */
export class CountedStorage implements GroupStorage {
  rowsWritten = 0;
  readonly #rows = new Map<string, unknown>();

  readonly kv: GroupStorage["kv"] = {
    get: <T>(name: string) => this.#rows.get(name) as T | undefined,
    put: (name: string, value: unknown) => {
      this.rowsWritten++;
      this.#rows.set(name, value);
    },
    delete: (name: string) => {
      this.rowsWritten++;
      return this.#rows.delete(name);
    },
    list: <T>({ prefix = "" }: SyncKvListOptions = {}) =>
      [...this.#rows].filter(([name]) => name.startsWith(prefix)) as [string, T][],
  };

  transactionSync<T>(run: () => T): T {
    return run();
  }
}
