import { config } from "../../../config.ts";
import { developerVaults, ADMIN, type Actor } from "../../../core/organization/organization.ts";
import { BEING_ERASED } from "../../../core/organization/erasure.ts";
import { problemsIn, refuseProblems, type FieldProblem } from "../../../core/http/field-problems.ts";
import { keyStatus, type VaultSet } from "../../../core/key/key-record.ts";
import type { KeyChange, KeyDraft, ManagedKey } from "../../../core/organization/managed-key.ts";
import { REFUSALS } from "../../../core/refusal-table.ts";
import { isRefusal, refuse, type Refusal, type Result } from "../../../core/refusal.ts";
import type { Directory } from "../people/directory.ts";
import type { DirectoryUser } from "../people/user-table.ts";
import type { Settings } from "../settings.ts";
import { isFull, type Replaces } from "./key-limit.ts";
import type { KeyTable } from "./key-table.ts";
import { required } from "../../../core/required.ts";

export const REVOKED = { field: "status", problem: "A revoked key cannot be changed" };
const FULL = { field: "ownerId", problem: REFUSALS.key_limit_reached.message };
const NO_VAULT = { field: "vaults", problem: "The owner holds the Developer role on no vault" };

interface Parts {
  readonly keys: KeyTable;
  readonly directory: Directory;
  readonly settings: Settings;
}

/** A key that an actor would make for an owner. */
interface Drafted {
  readonly draft: Pick<KeyDraft, "vaults">;
  readonly owner: DirectoryUser;
  readonly actor: Actor;
  readonly replaces?: Replaces;
}

/** What a new key, or a change of one, may be: by its owner's roles, their number of keys, and the second factor. */
export class KeyRules {
  readonly #table: KeyTable;
  readonly #directory: Directory;
  readonly #settings: Settings;

  constructor({ keys, directory, settings }: Parts) {
    this.#table = keys;
    this.#directory = directory;
    this.#settings = settings;
  }

  /** All problems of a new key's fields that only the organisation can find. */
  draftProblems(me: DirectoryUser, draft: Partial<Pick<KeyDraft, "ownerId" | "vaults">>): FieldProblem[] {
    const { ownerId = null, vaults = [] } = draft;
    const owner = this.ownerOf({ ownerId }, me);
    if (isRefusal(owner)) return [...problemsIn(owner)];
    const owned = developerVaults(owner.vaultRoles);
    const full = this.#limitRefusal(owner.id, Date.now()) !== null;
    return [...(owned.length === 0 ? [NO_VAULT] : vaultProblems(vaults, owned)), ...(full ? [FULL] : [])];
  }

  /** The same of a change of a key. */
  changeProblems(key: ManagedKey, change: Pick<KeyChange, "vaults">): FieldProblem[] {
    return [...(key.revokedAt === null ? [] : [REVOKED]), ...this.#vaultProblems(key, change)];
  }

  /** Whose a new key is to be. */
  ownerOf({ ownerId }: Pick<KeyDraft, "ownerId">, me: DirectoryUser): Result<DirectoryUser> {
    if (ownerId === null || ownerId === me.id) return me;
    if (!me.roles.includes(ADMIN)) return refuse("role_required");
    const owner = this.#directory.find(ownerId);
    if (owner?.kind === "service" && owner.active) return owner;
    const problem = "Must be the id of an active service user, or be left out";
    return refuseProblems([{ field: "ownerId", problem }]);
  }

  /** Why a key may not be made. */
  draftRefusal({ draft, owner, actor, replaces }: Drafted, now: number): Refusal | null {
    // An erasure may have begun since the act was authorized, and knows nothing of a guard that is drawn now.
    if (this.#settings.isClosed()) return BEING_ERASED;
    if (this.#settings.bootstrappedAt() === null) return refuse("not_bootstrapped");
    const owned = developerVaults(owner.vaultRoles);
    if (owner.id === actor.id && owned.length === 0) return refuse("role_required");
    if (!actor.freshMfa) return refuse("mfa_required");
    const problems = vaultProblems(draft.vaults, owned);
    const full = this.#limitRefusal(owner.id, now, replaces);
    return problems.length === 0 ? full : refuseProblems([...problems, ...(full ? [FULL] : [])]);
  }

  /** Why a change may not be made of a key. */
  changeRefusal(
    key: ManagedKey,
    change: KeyChange,
    expected: readonly number[] | null,
    now: number,
  ): Refusal | null {
    if (expected !== null && !expected.includes(key.version)) return refuse("version_conflict");
    if (key.revokedAt !== null) return refuseProblems([REVOKED]);
    const problems = this.#vaultProblems(key, change);
    if (problems.length > 0) return refuseProblems(problems);
    const expired = keyStatus({ ...key, disabled: false }, now) === "expired";
    const revived = expired && keyStatus({ ...key, ...change, disabled: false }, now) === "active";
    return revived ? this.#limitRefusal(key.owner.id, now) : null;
  }

  #vaultProblems(key: ManagedKey, { vaults }: Pick<KeyChange, "vaults">): FieldProblem[] {
    if (vaults === undefined) return [];
    const owner = required(this.#directory.find(key.owner.id), "owner");
    return vaultProblems(vaults, developerVaults(owner.vaultRoles));
  }

  #limitRefusal(ownerId: string, now: number, replaces: Replaces = "nothing"): Refusal | null {
    if (!isFull(this.#table.countLive(ownerId, now), replaces, config.maxKeysPerOwner)) return null;
    return refuse("key_limit_reached", { details: { limit: config.maxKeysPerOwner } });
  }
}

/** A key's owner may hand on only what they hold. */
export function vaultProblems(vaults: VaultSet, owned: VaultSet): FieldProblem[] {
  if (owned === "*") return [];
  if (vaults === "*") return owned.length > 0 ? [] : [NO_VAULT];
  return vaults
    .filter((vault) => !owned.includes(vault))
    .map((vault) => ({
      field: "vaults",
      problem: `The owner does not hold the Developer role on ${vault}`,
    }));
}
