import { OBJECT_TIMEOUT_MS, within } from "../core/concurrency.ts";

/**
 * Which guards serve keys of which organisation, in KV under `guard:<organisation>:<guard>`. It outlives the restore of
 * an older copy of an organisation's database, which forgets guards drawn since.
 */
const PREFIX = "guard:";

export function registryEntry(orgId: string, guard: string): string {
  return `${PREFIX}${orgId}:${guard}`;
}

/** The guards that are registered for an organisation. */
export async function registeredGuards(kv: KVNamespace, orgId: string): Promise<string[]> {
  const guards: string[] = [];
  for (let cursor: string | null = ""; cursor !== null;) {
    const page: RegisteredGuards = await registeredGuardPage(kv, orgId, cursor);
    for (const guard of page.guards) guards.push(guard);
    cursor = page.cursor;
  }
  return guards;
}

interface RegisteredGuards {
  readonly guards: string[];
  readonly cursor: string | null;
}

/** A page of them; an empty cursor is the first one's. */
export async function registeredGuardPage(
  kv: KVNamespace,
  orgId: string,
  cursor: string,
): Promise<RegisteredGuards> {
  const prefix = registryEntry(orgId, "");
  const page = await listPage(kv, prefix, cursor);
  // The id of another organisation may begin like this one and a colon.
  const guards = page.names.map((name) => name.slice(prefix.length)).filter((guard) => !guard.includes(":"));
  return { guards, cursor: page.cursor };
}

/**
 * Organisations with registered guards, a page of the registry at a time; one may be on two pages. `null` for a cursor that
 * KV refuses; rejects when KV does not answer.
 */
export async function registeredOrganizations(
  kv: KVNamespace,
  cursor: string,
  limit: number,
): Promise<{ readonly ids: string[]; readonly cursor: string | null } | null> {
  const page = await listPage(kv, PREFIX, cursor, limit).catch(async (error: unknown) => {
    if (cursor === "") throw error;
    // An answer without the cursor tells that the cursor is at fault.
    await listPage(kv, PREFIX, "", 1);
    return null;
  });
  if (page === null) return null;
  const ids = page.names.map((name) => name.slice(PREFIX.length, name.lastIndexOf(":")));
  return { ids: [...new Set(ids)], cursor: page.cursor };
}

interface Page {
  readonly names: string[];
  readonly cursor: string | null;
}

async function listPage(kv: KVNamespace, prefix: string, cursor: string, limit = 1000): Promise<Page> {
  const reading = kv.list({ prefix, limit, ...(cursor !== "" && { cursor }) });
  const page = await within(OBJECT_TIMEOUT_MS, reading);
  return { names: page.keys.map(({ name }) => name), cursor: page.list_complete ? null : page.cursor };
}
