import { requireReadable } from "../../core/schema-version.ts";
import { auditTargetNames } from "./migrations/audit-target-names.ts";
import { auditNames } from "./migrations/audit-names.ts";
import { baseline } from "./migrations/baseline.ts";
import { guardsOfKeys } from "./migrations/guards-of-keys.ts";
import { importedKeys } from "./migrations/imported-keys.ts";
import { keyReach } from "./migrations/key-reach.ts";
import { keySearch } from "./migrations/key-search.ts";
import { listedKeys } from "./migrations/listed-keys.ts";
import { retiringKeys } from "./migrations/retiring-keys.ts";
import { scimIdentities } from "./migrations/scim-identities.ts";
import { tokenCutKeys } from "./migrations/token-cut-keys.ts";
import { tokenCutTimes } from "./migrations/token-cut-times.ts";
import { usageByOutcome } from "./migrations/usage-by-outcome.ts";
import { usagePending } from "./migrations/usage-pending.ts";

/** A step of the schema. It runs once, in one transaction with the number that notes it. */
type Migration = (sql: SqlStorage) => void;

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
  tokenCutTimes,
  tokenCutKeys,
  auditTargetNames,
  retiringKeys,
  keyReach,
];

/** The schema of the last version that was released: its code can use what this one writes, and no earlier code. */
const READABLE_FROM = 6;

/** Whether anything was ever kept. */
export function hasSchema(sql: SqlStorage): boolean {
  return (
    sql.exec(`SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'settings'`).toArray().length > 0
  );
}

/**
 * Brings the tables of any earlier version, or of none, up to the current one. Throws at tables of a later version that
 * this one may not use.
 */
export function migrate(storage: DurableObjectStorage): void {
  const { sql } = storage;
  const from = numberOf(sql, "schemaVersion") ?? 0;
  requireReadable(
    "organisation",
    { version: from, readableFrom: numberOf(sql, "schemaReadableFrom") },
    MIGRATIONS.length,
  );
  if (from >= MIGRATIONS.length) return;
  storage.transactionSync(() => {
    for (const migration of MIGRATIONS.slice(from)) migration(sql);
    sql.exec(
      `INSERT INTO settings (name, value) VALUES ('schemaVersion', ?), ('schemaReadableFrom', ?)
       ON CONFLICT DO UPDATE SET value = excluded.value`,
      String(MIGRATIONS.length),
      String(READABLE_FROM),
    );
  });
}

/** A number of the schema; there is none before the schema had versions, nor where nothing is kept. */
function numberOf(sql: SqlStorage, name: "schemaVersion" | "schemaReadableFrom"): number | undefined {
  if (!hasSchema(sql)) return undefined;
  const [row] = sql.exec<{ value: string }>(`SELECT value FROM settings WHERE name = ?`, name);
  return row && Number(row.value);
}
