import type { RateLimit } from "../../core/key/key-record.ts";
import type { RateWindow } from "../../core/key/rate-window.ts";
import { requireReadable } from "../../core/schema-version.ts";
import { NO_DENIALS } from "../../core/token/token-denials.ts";
import { tombstoneOf } from "../rules/records.ts";
import type { GroupState, GuardStore, StoredKey, StoredWindows } from "../rules/guard.ts";
import { migrateGuard } from "./migrate-guard.ts";
import type { GroupStorage, StoredGroup } from "./stored-group.ts";

/** The form in which this version stores a group. */
const GUARD_SCHEMA = 2;

const NOTHING: StoredGroup = { schema: GUARD_SCHEMA, orgId: null, revision: 0, longestLeaseMs: 0 };

const KEY = "key:";

const TOKENS = "tokens:";

/**
 * A guard's storage: one row for the group, one a key, one for all windows. The row of the group is read at every use,
 * which throws in an instance that another has superseded. So keys can be remembered once they were read: nobody else
 * writes them. Nothing is written for a group that was never created.
 */
export class GuardStorage implements GuardStore {
  readonly #kv: SyncKvStorage;
  #keys: Map<string, StoredKey> | null = null;

  /** `defaultLimit` is that of keys without one of their own. */
  constructor(storage: GroupStorage, defaultLimit: RateLimit) {
    this.#kv = storage.kv;
    migrateGuard(storage, defaultLimit);
    const { schema, readableFrom } = this.group();
    requireReadable("guard", { version: schema, readableFrom }, GUARD_SCHEMA);
  }

  group(): StoredGroup {
    return this.#kv.get<StoredGroup>("group") ?? NOTHING;
  }

  putGroup(state: GroupState): void {
    this.#kv.put<StoredGroup>("group", { ...this.group(), ...state });
  }

  /** Makes the group an organisation's; `false` when it is another's. */
  claim(orgId: string): boolean {
    const group = this.group();
    if (group.orgId === null) this.#kv.put<StoredGroup>("group", { ...group, orgId });
    return (group.orgId ?? orgId) === orgId;
  }

  /** From now on the group takes no more keys. */
  close(): void {
    this.#kv.put<StoredGroup>("group", { ...this.group(), isErased: true });
  }

  /** Keeps of dead keys their tombstones alone, see {@link tombstoneOf}, and no windows. */
  forgetDead(): void {
    for (const [id, { record, revision, revocation }] of this.keys()) {
      if (record.revokedAt === null) continue;
      this.putKey(id, { record: tombstoneOf(record), denials: NO_DENIALS, revision, revocation });
      this.#kv.delete(TOKENS + id);
    }
    this.#kv.delete("windows");
    this.#kv.delete("oldUsage");
  }

  keys(): ReadonlyMap<string, StoredKey> {
    return (this.#keys ??= new Map(
      [...this.#kv.list<StoredKey>({ prefix: KEY })].map(([name, key]) => [name.slice(KEY.length), key]),
    ));
  }

  putKey(id: string, key: StoredKey): void {
    this.keys();
    this.#kv.put(KEY + id, key);
    this.#keys?.set(id, key);
  }

  windows(): StoredWindows {
    return this.#kv.get<StoredWindows>("windows") ?? {};
  }

  putWindows(windows: StoredWindows): void {
    this.#kv.put("windows", windows);
  }

  /** The window in which tokens of a key are issued. */
  tokenWindow(id: string): RateWindow | null {
    return this.#kv.get<RateWindow>(TOKENS + id) ?? null;
  }

  putTokenWindow(id: string, window: RateWindow): void {
    this.#kv.put(TOKENS + id, window);
  }
}
