import type { CallCounts } from "../../../core/usage/calls.ts";
import { eachOf, within } from "../../../core/concurrency.ts";
import type { KeyRecord } from "../../../core/key/key-record.ts";
import {
  developerVaults,
  type Actor,
  type KeyUsage,
  type UsageSummary,
  type VaultRoles,
} from "../../../core/organization/organization.ts";
import type { KeyChange } from "../../../core/organization/managed-key.ts";
import { isRefusal, refuse, type Result } from "../../../core/refusal.ts";
import type { UsageStretch } from "../../../core/usage/windows.ts";
import type { Env } from "../../../env.ts";
import type { KeyTable } from "../keys/key-table.ts";
import type { Keys } from "../keys/keys.ts";
import type { DirectoryUser } from "../people/user-table.ts";
import type { CallTable } from "./call-table.ts";
import { ALL_KEYS, type OutcomeTable } from "./outcome-table.ts";
import type { RefusalTable } from "./refusal-table.ts";
import type { TallyTable } from "./tally-table.ts";
import type { UsageIntake } from "./usage-intake.ts";
import { tallyStretch } from "./usage-retention.ts";

/** Reading usage waits this long for a guard to deliver its latest counts. */
const DELIVERY_TIMEOUT_MS = 1000;
/** Guards that one call asks for their counts, of the thousand calls that an invocation may make. */
const GUARDS_A_CALL = 400;
const CONCURRENT_GUARDS = 32;
/** The usage of all keys asks so many guards at most; with more of them it is up to a minute behind. */
const MAX_FETCHED = 20;
/** How many of the most used operations and addresses are listed. */
const MOST_USED = 20;

/** A key before and after a change that has not been made, and what the key was used for. */
export interface UpdatePreview {
  readonly before: KeyRecord;
  readonly after: KeyRecord;
  readonly calls: CallCounts;
}

/** A key before and after a change of its owner's roles. */
export interface OwnerPreview extends UpdatePreview {
  readonly keyId: string;
  readonly name: string;
}

interface Parts {
  readonly keys: Keys;
  readonly table: KeyTable;
  readonly outcomes: OutcomeTable;
  readonly calls: CallTable;
  readonly tallies: TallyTable;
  readonly refusals: RefusalTable;
  readonly usageIntake: UsageIntake;
  readonly guards: Env["KEY_GUARD"];
}

/** What keys were used for, in the form of the API. */
export class KeyUse {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** The usage of one key, what its guard has not delivered yet included. */
  async ofKey(me: DirectoryUser, keyId: string, stretch: UsageStretch): Promise<Result<UsageSummary>> {
    if (this.#parts.keys.find(me, keyId) === null) return refuse("not_found");
    await this.#fetch([this.#parts.table.places.guardOf(keyId)]);
    return this.#summary(keyId, stretch);
  }

  /** The usage of the whole organisation, by time and by key; what few guards have not delivered yet included. */
  async ofAll(stretch: UsageStretch): Promise<UsageSummary & { readonly byKey: KeyUsage[] }> {
    const guards = this.#parts.table.places.all(MAX_FETCHED + 1);
    if (guards.length <= MAX_FETCHED) await this.#fetch(guards);
    const byKey = this.#parts.outcomes.byKey(stretch.from, stretch.step);
    return { ...this.#summary(ALL_KEYS, stretch), byKey };
  }

  /** What a change would make of a key, and what the key was used for since `from`. It changes nothing. */
  async preview(
    actor: Actor,
    me: DirectoryUser,
    { keyId, change, from }: { readonly keyId: string; readonly change: KeyChange; readonly from: number },
  ): Promise<Result<UpdatePreview>> {
    const records = this.#parts.keys.preview(actor.orgId, me, keyId, change);
    if (isRefusal(records)) return records;
    await this.#fetch([this.#parts.table.places.guardOf(keyId)]);
    return { ...records, calls: this.#parts.calls.since(keyId, from) };
  }

  /** What other roles of an owner would make of the keys that are not revoked. It changes nothing. */
  async previewOwner(
    orgId: string,
    ownerId: string,
    vaultRoles: VaultRoles,
    from: number,
  ): Promise<OwnerPreview[]> {
    const { table, calls } = this.#parts;
    const ids = table.idsOf(ownerId);
    await this.#fetch([...table.places.byGuard(ids).keys()].slice(0, GUARDS_A_CALL));
    return ids.map((keyId) => {
      const before = table.record(keyId, orgId);
      const after = { ...before, ownerVaults: developerVaults(vaultRoles) };
      return {
        keyId,
        name: table.find(keyId)?.name ?? keyId,
        before,
        after,
        calls: calls.since(keyId, from),
      };
    });
  }

  #summary(keyId: string, stretch: UsageStretch): UsageSummary {
    const { outcomes, tallies, refusals } = this.#parts;
    const { step, from, length } = tallyStretch(stretch);
    const tally = tallies.sum(step, keyId, from, length);
    return {
      buckets: outcomes.buckets(keyId, stretch.from, stretch.step, stretch.length),
      operations: mostUsed(tally.operations),
      addresses: mostUsed(tally.addresses),
      refusals: refusals.latest(keyId),
    };
  }

  /** Has guards deliver their counts. One that does not answer delivers later. */
  async #fetch(guards: readonly string[]): Promise<void> {
    await eachOf(guards, CONCURRENT_GUARDS, async (guard) => {
      const delivered = this.#parts.guards.getByName(guard).deliverUsage();
      await within(DELIVERY_TIMEOUT_MS, delivered).catch(() => {});
    });
    this.#parts.usageIntake.takeIn(Date.now());
  }
}

/** The names that were counted most often; the rest has no name. */
function mostUsed(counts: ReadonlyMap<string, number>): { name: string; calls: number }[] {
  return [...counts]
    .filter(([name]) => name !== "")
    .toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
    .slice(0, MOST_USED)
    .map(([name, calls]) => ({ name, calls }));
}
