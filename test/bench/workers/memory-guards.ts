import type { KeyRecord } from "../../../src/core/key/key-record.ts";
import type { Env } from "../../../src/env.ts";
import { KeyGuard as DiskGuard } from "../../../src/admission/guard/key-guard.ts";

/**
 * The gateway's guard with its records in memory. On disk each guard holds three files open for as long as it is in use,
 * and ten thousand of them more than a system may allow; on Cloudflare it is another machine that has them.
 */
export class KeyGuard extends DiskGuard {
  constructor(ctx: DurableObjectState, env: Env) {
    Object.defineProperty(ctx.storage, "kv", { value: memoryKv() });
    super(ctx, env);
  }
}

/** As much of the synchronous storage as a guard uses. It copies what goes in and out, as storage does. */
function memoryKv(): SyncKvStorage {
  const values = new Map<string, unknown>();
  return {
    get: <T>(key: string) => structuredClone(values.get(key)) as T | undefined,
    put: (key, value) => void values.set(key, structuredClone(value)),
    delete: (key) => values.delete(key),
    list: <T>({ prefix = "" }: SyncKvListOptions = {}) =>
      [...values]
        .filter(([key]) => key.startsWith(prefix))
        .map(([key, value]): [string, T] => [key, structuredClone(value) as T]),
  };
}

/** Keys of one organisation for one guard. */
export interface Seed {
  readonly orgId: string;
  readonly group: string;
  readonly records: readonly KeyRecord[];
}

/** Puts keys to their guards as their organisations would. */
export default {
  async fetch(request, env): Promise<Response> {
    const seeds = await request.json<Seed[]>();
    const puts = seeds.map(({ orgId, group, records }) => env.KEY_GUARD.getByName(group).put(orgId, records));
    const confirmed = (await Promise.all(puts)).flat().filter((each) => each?.confirmed === true);
    return Response.json({ confirmed: confirmed.length });
  },
} satisfies ExportedHandler<Env>;
