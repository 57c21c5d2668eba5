import { grantsOf, NOTHING, sameGrants } from "../../../core/scim/roles.ts";
import type { Author } from "../audit-log.ts";
import type { Directory } from "./directory.ts";
import type { ScimUsers } from "./scim-users.ts";

/** Has the people of the directory follow what changes in SCIM. */
export class ScimEffects {
  readonly #users: ScimUsers;
  readonly #directory: Directory;

  constructor(users: ScimUsers, directory: Directory) {
    this.#users = users;
    this.#directory = directory;
  }

  /**
   * Makes a change that may concern these SCIM users, and settles everybody whom they decided about before or decide
   * about now. To be called in the transaction of the change; tells the people whose keys are to hear of it.
   */
  of(author: Author, scimIds: readonly string[], now: number, change: () => void): string[] {
    const before = new Map(scimIds.map((id) => [id, this.#users.roleNames(id)]));
    const people = new Set(this.peopleOf(scimIds));
    change();
    for (const [id, names] of before) {
      const still = new Set(this.#users.roleNames(id));
      const lost = names.filter((name) => !still.has(name) && !sameGrants(grantsOf([name]), NOTHING));
      this.#users.withdraw(id, lost, now);
    }
    for (const person of this.peopleOf(scimIds)) people.add(person);
    for (const person of people) this.#directory.settle(author, person, now);
    return [...people];
  }

  /** Everybody whom these SCIM users may decide about. */
  peopleOf(scimIds: readonly string[]): string[] {
    return [...new Set(scimIds.flatMap((id) => this.#users.peopleOf(id)))];
  }
}
