import { LRUCache } from "lru-cache";
import type { Adapter, AdapterFactory, AdapterPayload } from "oidc-provider";

/** Where the sample identity provider keeps sign-ins and codes: in memory, so they end with the process. */
export function memoryAdapter(): AdapterFactory {
  const entries = new LRUCache<string, AdapterPayload>({ max: 10_000 });

  return (model): Adapter => {
    const key = (id: string) => `${model}:${id}`;
    const findWhere = async (matches: (payload: AdapterPayload) => boolean) =>
      [...entries.entries()].find(([at, payload]) => at.startsWith(key("")) && matches(payload))?.[1];

    return {
      find: async (id) => entries.get(key(id)),
      findByUid: (uid) => findWhere((payload) => payload.uid === uid),
      findByUserCode: (userCode) => findWhere((payload) => payload.userCode === userCode),
      upsert: async (id, payload, expiresIn) => {
        entries.set(key(id), payload, expiresIn === undefined ? {} : { ttl: expiresIn * 1000 });
      },
      consume: async (id) => {
        const payload = entries.get(key(id));
        if (payload) payload.consumed = Math.floor(Date.now() / 1000);
      },
      destroy: async (id) => {
        entries.delete(key(id));
      },
      revokeByGrantId: async (grantId) => {
        for (const [at, payload] of entries.entries()) if (payload.grantId === grantId) entries.delete(at);
      },
    };
  };
}
