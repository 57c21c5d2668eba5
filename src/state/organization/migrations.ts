import { auditNames } from "./migrations/audit-names.ts";
import { baseline } from "./migrations/baseline.ts";
import { guardsOfKeys } from "./migrations/guards-of-keys.ts";
import { importedKeys } from "./migrations/imported-keys.ts";
import { keySearch } from "./migrations/key-search.ts";
import { listedKeys } from "./migrations/listed-keys.ts";
import { scimIdentities } from "./migrations/scim-identities.ts";
import { usageByOutcome } from "./migrations/usage-by-outcome.ts";
import { usagePending } from "./migrations/usage-pending.ts";

/** A step of the schema. It runs once, in one transaction with the number that notes it. */
export type Migration = (sql: SqlStorage) => void;

/**
 * The steps of the schema, in order: the schema's version is how many of them have run. Add to the end; what has landed
 * never changes. A step must leave what the version before reads and writes in place, so that it can be gone back to.
 */
const MIGRATIONS: readonly Migration[] = [
  baseline,
  usageByOutcome,
  keySearch,
  scimIdentities,
  auditNames,
  guardsOfKeys,
  importedKeys,
  usagePending,
  listedKeys,
];

/** Whether anything was ever kept. */
export function hasSchema(sql: SqlStorage): boolean {
  return (
    sql.exec(`SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'settings'`).toArray().length > 0
  );
}

/** Brings the tables of any earlier version, or of none, up to the current one. */
export function migrate(storage: DurableObjectStorage): void {
  const { sql } = storage;
  const from = schemaVersion(sql);
  if (from >= MIGRATIONS.length) return;
  storage.transactionSync(() => {
    for (const migration of MIGRATIONS.slice(from)) migration(sql);
    sql.exec(
      `INSERT INTO settings (name, value) VALUES ('schemaVersion', ?1) ON CONFLICT DO UPDATE SET value = ?1`,
      String(MIGRATIONS.length),
    );
  });
}

/** 0 before the schema had versions, and where there is none. */
function schemaVersion(sql: SqlStorage): number {
  if (!hasSchema(sql)) return 0;
  const [row] = sql.exec<{ value: string }>(`SELECT value FROM settings WHERE name = 'schemaVersion'`);
  return Number(row?.value ?? 0);
}
