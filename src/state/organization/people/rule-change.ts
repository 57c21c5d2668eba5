import type { Alarm } from "../../alarm.ts";
import { SYSTEM } from "../audit/audit-log.ts";
import type { Settings } from "../settings.ts";
import type { Directory } from "./directory.ts";
import { scimRoleRules } from "./scim-roles.ts";
import type { ScimUsers } from "./scim-users.ts";
import type { UserTable } from "./user-table.ts";

/** Grows when the rules change by which people and SCIM users are one, or roles are found. */
const RULES_VERSION = 4;

interface Parts {
  readonly settings: Settings;
  readonly users: UserTable;
  readonly scimUsers: ScimUsers;
  readonly directory: Directory;
  readonly alarm: Alarm;
  readonly rolesMaxAgeMs: number | null;
}

/** Has everybody's standing follow when another version or another setting judges it otherwise. */
export class RuleChange {
  readonly #storage: DurableObjectStorage;
  readonly #parts: Parts;

  constructor(storage: DurableObjectStorage, parts: Parts) {
    this.#storage = storage;
    this.#parts = parts;
  }

  /** Call this before anyone is judged. */
  follow(now: number): void {
    const { settings, users, scimUsers, directory, alarm, rolesMaxAgeMs } = this.#parts;
    const age = rolesMaxAgeMs === null ? "" : ` ${rolesMaxAgeMs}`;
    const rules = `${RULES_VERSION} ${scimRoleRules}${age}`;
    if (settings.peopleRules() === rules) return;
    this.#storage.transactionSync(() => {
      scimUsers.indexNames();
      users.indexNames();
      for (const id of users.people()) directory.settle(SYSTEM, id, now);
      settings.setPeopleRules(rules);
    });
    // Roles that are too old by a new setting end by the alarm.
    if (rolesMaxAgeMs !== null) alarm.ringBy(now);
  }
}
