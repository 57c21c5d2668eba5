import { difference, isNothing } from "../../../core/scim/roles.ts";
import type { Author } from "../audit/audit-log.ts";
import type { Directory } from "./directory.ts";
import type { ScimIdentities } from "./scim-identities.ts";
import { scimGrants } from "./scim-roles.ts";
import type { ScimUsers } from "./scim-users.ts";

interface Parts {
  readonly users: ScimUsers;
  readonly identities: ScimIdentities;
  readonly directory: Directory;
}

/** Has the people of the directory follow what changes in SCIM. */
export class ScimEffects {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * Makes a change that may concern these SCIM users, and settles everybody whom they decided about before or decide
   * about now. To be called in the transaction of the change; returns the people whose keys must follow.
   */
  of(author: Author, scimIds: readonly string[], now: number, change: () => void): string[] {
    const { users, identities, directory } = this.#parts;
    const before = scimIds.map((id) => ({ id, names: users.roleNames(id), active: users.isActive(id) }));
    const people = new Set(this.peopleOf(scimIds));
    change();
    for (const { id, names } of before) identities.withdraw(id, lost(names, users.roleNames(id)), now);
    for (const person of this.peopleOf(scimIds)) people.add(person);
    for (const person of people) directory.settle(author, person, now);
    // A person bound to this user may match another one by now; the keys they hold were made as this user.
    const cutOff = before.filter(({ id, active }) => active && !users.isActive(id));
    for (const person of new Set(cutOff.flatMap(({ id }) => identities.boundTo(id)))) {
      directory.cutOff(author, person, now);
    }
    return [...people];
  }

  /** Everybody whom these SCIM users may decide about. */
  peopleOf(scimIds: readonly string[]): string[] {
    return [...new Set(scimIds.flatMap((id) => this.#parts.identities.peopleOf(id)))];
  }
}

/** The names that gave a role which none gives any more. */
function lost(before: readonly string[], after: readonly string[]): string[] {
  const still = scimGrants(after);
  return before.filter((name) => !isNothing(difference(scimGrants([name]), still)));
}
