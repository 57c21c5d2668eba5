import { isWorthWatching } from "../../core/organization/storage-room.ts";
import { recordStorage } from "../../core/usage/key-metrics.ts";
import type { Dataset } from "../../core/usage/metrics.ts";
import type { Scheduled } from "../schedule.ts";
import type { Settings } from "./settings.ts";

const HOUR_MS = 3_600_000;

/** Tells the dataset once an hour how much the organisation stores, once that is worth watching. */
export class StorageReport implements Scheduled {
  readonly #sql: Pick<SqlStorage, "databaseSize">;
  readonly #dataset: Dataset | undefined;
  readonly #settings: Pick<Settings, "orgId">;
  /** Unknown to an object that has just been loaded; it tells at its next alarm. */
  #toldAt: number | null = null;

  constructor(
    sql: Pick<SqlStorage, "databaseSize">,
    dataset: Dataset | undefined,
    settings: Pick<Settings, "orgId">,
  ) {
    this.#sql = sql;
    this.#dataset = dataset;
    this.#settings = settings;
  }

  run(now: number): void {
    const bytes = this.#sql.databaseSize;
    if (this.#dataset === undefined || !isWorthWatching(bytes)) return;
    if (this.#toldAt !== null && now < this.#toldAt + HOUR_MS) return;
    this.#toldAt = now;
    recordStorage(this.#dataset, this.#settings.orgId(), bytes);
  }

  nextAt(now: number): number | null {
    if (this.#dataset === undefined || !isWorthWatching(this.#sql.databaseSize)) return null;
    return (this.#toldAt ?? now) + HOUR_MS;
  }
}
