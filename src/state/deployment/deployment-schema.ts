import { requireReadable, type StoredSchema } from "../../core/schema-version.ts";

/** The form in which this version stores what a deployment keeps. Before it had a number it was the same. */
const DEPLOYMENT_SCHEMA: StoredSchema = { version: 1, readableFrom: 1 };
const NAME = "schema";

/** Notes the schema of a deployment's storage, and gives its tables; throws at a schema that this version may not use. */
export function openTables({ kv, sql }: DurableObjectStorage): SqlStorage {
  const stored = kv.get<StoredSchema>(NAME);
  if (stored === undefined) kv.put(NAME, DEPLOYMENT_SCHEMA);
  else requireReadable("deployment", stored, DEPLOYMENT_SCHEMA.version);
  return sql;
}
