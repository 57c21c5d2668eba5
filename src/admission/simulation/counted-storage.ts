import type { GroupStorage } from "../guard/stored-group.ts";

/** The storage of a Durable Object in memory, which counts the rows that are read and written. */
export class CountedStorage implements GroupStorage {
  rowsRead = 0;
  rowsWritten = 0;
  readonly #rows = new Map<string, unknown>();

  get size(): number {
    return this.#rows.size;
  }

  readonly kv: GroupStorage["kv"] = {
    get: <T>(name: string) => {
      this.rowsRead++;
      return this.#rows.get(name) as T | undefined;
    },
    put: (name: string, value: unknown) => {
      this.rowsWritten++;
      this.#rows.set(name, value);
    },
    delete: (name: string) => {
      this.rowsWritten++;
      return this.#rows.delete(name);
    },
    list: <T>({ prefix = "" }: SyncKvListOptions = {}) => {
      const found = [...this.#rows].filter(([name]) => name.startsWith(prefix)) as [string, T][];
      this.rowsRead += found.length;
      return found;
    },
  };

  transactionSync<T>(run: () => T): T {
    return run();
  }
}
