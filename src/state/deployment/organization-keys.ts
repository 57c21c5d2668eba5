import { eachOf, within } from "../../core/concurrency.ts";
import type { OwnerTarget } from "../../core/organization/revocation.ts";
import type { Env } from "../../env.ts";
import { registeredGuards } from "../guard-registry.ts";

/** The longest wait for one organisation. */
const TIMEOUT_MS = 2000;
/** Ids that an organisation names at a time. */
const PAGE = 5000;
const CONCURRENT_GUARDS = 32;

/** Guards that may still be asked, of the calls that an invocation may make. */
export interface GuardBudget {
  left: number;
}

/** Which keys a target means. */
interface FoundKeys {
  readonly ids: ReadonlySet<string>;
  /** Guards that have listed theirs. */
  readonly guards: readonly string[];
  /** Whether everybody who may know more has answered. */
  readonly isComplete: boolean;
}

/**
 * Finds the keys of an owner, as the organisation names them; of a whole organisation also those that only guards know,
 * by the registry of its guards, which needs no organisation.
 */
export class OrganizationKeys {
  readonly #env: Env;

  constructor(env: Env) {
    this.#env = env;
  }

  /** `listed`: guards that have listed their keys before. */
  async find(
    { orgId, ownerId }: OwnerTarget,
    listed: ReadonlySet<string>,
    budget: GuardBudget,
  ): Promise<FoundKeys> {
    const naming = this.#named(orgId, ownerId).catch(() => null);
    if (ownerId !== null) {
      const named = await naming;
      return { ids: new Set(named), guards: [], isComplete: named !== null };
    }
    const registering = within(TIMEOUT_MS, registeredGuards(this.#env.KEY_RECORDS, orgId)).catch(() => null);
    const [named, registered] = await Promise.all([naming, registering]);
    const ids = new Set(named);
    // A guard that is named by a key has that key alone.
    const unasked = (registered ?? []).filter((guard) => !listed.has(guard) && !ids.has(guard));
    const asked = unasked.slice(0, budget.left);
    budget.left -= asked.length;
    const guards: string[] = [];
    await eachOf(asked, CONCURRENT_GUARDS, async (guard) => {
      const found = await this.#atGuard(guard, orgId).catch(() => null);
      if (found === null) return;
      guards.push(guard);
      for (const id of found) ids.add(id);
    });
    const isComplete = named !== null && registered !== null && guards.length === unasked.length;
    return { ids, guards, isComplete };
  }

  async #named(orgId: string, ownerId: string | null): Promise<string[]> {
    const organization = this.#env.ORGANIZATION.getByName(orgId);
    const ids: string[] = [];
    for (;;) {
      const page = await within(TIMEOUT_MS, organization.listKeyIds(ownerId, ids.at(-1) ?? "", PAGE));
      for (const id of page) ids.push(id);
      if (page.length < PAGE) return ids;
    }
  }

  async #atGuard(guard: string, orgId: string): Promise<string[]> {
    const { keys } = await within(TIMEOUT_MS, this.#env.KEY_GUARD.getByName(guard).list());
    return keys.filter(({ record }) => record.orgId === orgId).map(({ record }) => record.id);
  }
}
