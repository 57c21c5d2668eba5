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
  const prefix = registryEntry(orgId, "");
  const guards: string[] = [];
  for (let cursor: string | null = ""; cursor !== null;) {
    const page: Page = await listPage(kv, prefix, cursor);
    for (const name of page.names) {
      // The id of another organisation may begin like this one and a colon.
      const guard = name.slice(prefix.length);
      if (!guard.includes(":")) guards.push(guard);
    }
    cursor = page.cursor;
  }
  return guards;
}

/** Organisations with registered guards, a page of the registry at a time; one may be on two pages. */
export async function registeredOrganizations(
  kv: KVNamespace,
  cursor: string,
  limit: number,
): Promise<{ readonly ids: string[]; readonly cursor: string | null }> {
  const page = await listPage(kv, PREFIX, cursor, limit);
  const ids = page.names.map((name) => name.slice(PREFIX.length, name.lastIndexOf(":")));
  return { ids: [...new Set(ids)], cursor: page.cursor };
}

interface Page {
  readonly names: string[];
  readonly cursor: string | null;
}

async function listPage(kv: KVNamespace, prefix: string, cursor: string, limit = 1000): Promise<Page> {
  const page = await kv.list({ prefix, limit, ...(cursor !== "" && { cursor }) });
  return { names: page.keys.map(({ name }) => name), cursor: page.list_complete ? null : page.cursor };
}
