import { isRefusal } from "../../../core/refusal.ts";
import { idsOf } from "../../../core/scim/members.ts";
import { scimProblem, type ScimProblem, type ScimResult } from "../../../core/scim/problem.ts";
import type { ScimObject } from "../../../core/scim/object.ts";
import type { ResourceType } from "../../../core/scim/schemas.ts";
import type { AuditLog, Author } from "../audit/audit-log.ts";
import type { KeyTable } from "../keys/key-table.ts";
import type { Propagation } from "../propagation.ts";
import type { EditCommand, Expecting, ScimAnswer, ScimCommand, Target } from "./scim-command.ts";
import { CONFLICT, edit } from "./scim-edit.ts";
import type { ScimEffects } from "./scim-effects.ts";
import type { ScimIdentities } from "./scim-identities.ts";
import type { ScimGroups } from "./scim-groups.ts";
import { listResources, type ScimStores } from "./scim-list.ts";
import { represent } from "./scim-store.ts";
import type { ScimUsers } from "./scim-users.ts";

/** Letters of a resource's JSON without members: a row of SQLite holds 2 MB, of up to three bytes a letter. */
const MAX_RESOURCE_LENGTH = 500_000;

/** The directory as the identity provider pushes it (RFC 7644). A change is in force for all keys when it answers. */
export class Scim {
  readonly #storage: DurableObjectStorage;
  readonly #users: ScimUsers;
  readonly #identities: ScimIdentities;
  readonly #groups: ScimGroups;
  readonly #stores: ScimStores;
  readonly #effects: ScimEffects;
  readonly #keys: KeyTable;
  readonly #audit: AuditLog;
  readonly #propagation: Propagation;

  constructor(
    storage: DurableObjectStorage,
    parts: {
      users: ScimUsers;
      identities: ScimIdentities;
      groups: ScimGroups;
      effects: ScimEffects;
      keys: KeyTable;
      audit: AuditLog;
      propagation: Propagation;
    },
  ) {
    this.#storage = storage;
    this.#users = parts.users;
    this.#identities = parts.identities;
    this.#groups = parts.groups;
    this.#stores = { User: parts.users, Group: parts.groups };
    this.#effects = parts.effects;
    this.#keys = parts.keys;
    this.#audit = parts.audit;
    this.#propagation = parts.propagation;
  }

  run(author: Author, command: ScimCommand): ScimAnswer | Promise<ScimAnswer> {
    switch (command.kind) {
      case "create":
        return this.#create(author, command.type, command.resource);
      case "get":
        return this.#get(command);
      case "list":
        return listResources(this.#stores, command);
      case "replace":
      case "patch":
        return this.#change(author, command);
      case "delete":
        return this.#delete(author, command);
    }
  }

  #get({ type, id }: Target): ScimAnswer {
    const store = this.#stores[type];
    const stored = store.find(id);
    return stored === null ? NOT_FOUND : { resource: represent(type, stored, store) };
  }

  async #create(author: Author, type: ResourceType, sent: ScimObject): Promise<ScimAnswer> {
    const id = crypto.randomUUID();
    const resource = type === "User" ? { active: true, ...sent } : sent;
    const now = Date.now();
    const outcome = this.#storage.transactionSync(() => {
      const problem = this.#problemWith(type, id, resource, {});
      if (problem !== null) return problem;
      const change = () => this.#stores[type].insert(id, resource, now);
      const people = this.#effects.of(author, affectedBy(type, id, {}, resource), now, change);
      this.#note(author, { type, id, what: "created", before: null, after: resource }, now);
      return { people };
    });
    return isRefusal(outcome) ? outcome : this.#answer(type, id, outcome.people);
  }

  async #change(author: Author, command: EditCommand): Promise<ScimAnswer> {
    const { type, id } = command;
    const now = Date.now();
    const outcome = this.#storage.transactionSync(() => {
      const stored = this.#stores[type].find(id);
      if (stored === null) return NOT_FOUND;
      const { resource: before } = stored;
      const edited = edit(command, stored, (resource) => this.#problemWith(type, id, resource, before));
      if (isRefusal(edited)) return edited;
      const { resource, leftOut } = edited;
      if (JSON.stringify(resource) === JSON.stringify(before)) {
        return { people: this.#concernedBefore(type, id), leftOut };
      }
      const change = () => this.#stores[type].update(id, resource, now);
      const people = this.#effects.of(author, affectedBy(type, id, before, resource), now, change);
      this.#note(author, { type, id, what: "updated", before, after: resource }, now);
      return { people, leftOut };
    });
    if (isRefusal(outcome)) return outcome;
    const answer = await this.#answer(type, id, outcome.people);
    return "resource" in answer ? { ...answer, leftOut: outcome.leftOut } : answer;
  }

  async #delete(author: Author, { type, id, versions }: Target & Expecting): Promise<ScimAnswer> {
    const now = Date.now();
    const outcome = this.#storage.transactionSync(() => {
      const stored = this.#stores[type].find(id);
      if (stored === null) return this.#deletedBefore(type, id);
      if (versions?.includes(stored.version) === false) return CONFLICT;
      const change = () => this.#stores[type].remove(id, now);
      const affected = affectedBy(type, id, stored.resource, {});
      const people = this.#effects.of(author, affected, now, change);
      this.#note(author, { type, id, what: "deleted", before: stored.resource, after: null }, now);
      return { people };
    });
    if (isRefusal(outcome)) return outcome;
    return (await this.#inForce(outcome.people)) ? { deleted: true } : UNCONFIRMED;
  }

  /** A deletion that could not be confirmed may be repeated until it is. */
  #deletedBefore(type: ResourceType, id: string): ScimResult<{ people: string[] }> {
    const people = this.#concernedBefore(type, id);
    return people.some((person) => this.#keys.pendingOf(person).length > 0) ? { people } : NOT_FOUND;
  }

  /** People whom an earlier attempt at the same change may have left waiting; a group has lost its former members. */
  #concernedBefore(type: ResourceType, id: string): string[] {
    return type === "User" ? this.#effects.peopleOf([id]) : this.#identities.waiting();
  }

  async #answer(type: ResourceType, id: string, people: readonly string[]): Promise<ScimAnswer> {
    return (await this.#inForce(people)) ? this.#get({ type, id }) : UNCONFIRMED;
  }

  /** Pushes all that still waits for a guard, also from earlier attempts. */
  async #inForce(people: readonly string[]): Promise<boolean> {
    const pending = people.flatMap((person) => this.#keys.pendingOf(person));
    return (await this.#propagation.pushAll(pending)).length === 0;
  }

  #problemWith(type: ResourceType, id: string, resource: ScimObject, before: ScimObject): ScimProblem | null {
    const attribute = type === "User" ? "userName" : "displayName";
    const name = resource[attribute];
    if (typeof name !== "string" || name.trim() === "") {
      return scimProblem("invalidValue", `${attribute} is required`, attribute);
    }
    // Groups of one name that were there before they had to differ stay, and can be changed otherwise.
    if (name !== before[attribute] && this.#isTaken(type, id, name)) {
      return scimProblem("uniqueness", `Another ${type.toLowerCase()} has this ${attribute}`, attribute);
    }
    const length = lengthOf(resource);
    if (length > MAX_RESOURCE_LENGTH && length > lengthOf(before)) return TOO_LARGE;
    if (type === "User") return null;
    const known = idsOf(before["members"]);
    const stranger = [...idsOf(resource["members"])].find(
      (member) => !known.has(member) && this.#users.find(member) === null,
    );
    return stranger === undefined
      ? null
      : scimProblem("invalidValue", `There is no user ${stranger}`, "members");
  }

  #isTaken(type: ResourceType, id: string, name: string): boolean {
    if (type === "Group") return this.#groups.isNamed(name, id);
    return (this.#users.candidates("userName", name) ?? []).some((other) => other !== id);
  }

  /** Records a change; of a group's members only those added or removed. */
  #note(author: Author, { type, id, what, before, after }: ScimChange, now: number): void {
    const action = `${EVENTS[type]}.${what}` as const;
    const told = { before: withoutMembersOf(before, after), after: withoutMembersOf(after, before) };
    this.#audit.add(author, { action, target: id, ...(type === "User" ? { before, after } : told) }, now);
  }
}

/** What has become of a resource. */
interface ScimChange extends Target {
  readonly what: "created" | "updated" | "deleted";
  readonly before: ScimObject | null;
  readonly after: ScimObject | null;
}

const EVENTS = { User: "scim_user", Group: "scim_group" } as const;
const NOT_FOUND = scimProblem("notFound", "There is no such resource");
const TOO_LARGE = scimProblem(
  "tooLarge",
  `A resource has at most ${MAX_RESOURCE_LENGTH} letters as JSON, its members aside`,
);
const UNCONFIRMED = scimProblem(
  "unconfirmed",
  "The change is kept, but not in force for every key yet; repeat it",
);

/** The users whose roles or standing a change may concern. */
function affectedBy(type: ResourceType, id: string, before: ScimObject, after: ScimObject): string[] {
  if (type === "User") return [id];
  const were = idsOf(before["members"]);
  const are = idsOf(after["members"]);
  const renamed = before["displayName"] !== after["displayName"];
  return [...(renamed ? were.union(are) : were.symmetricDifference(are))];
}

function lengthOf({ members: _, ...rest }: ScimObject): number {
  return JSON.stringify(rest).length;
}

function withoutMembersOf(group: ScimObject | null, other: ScimObject | null): ScimObject | null {
  if (group === null) return null;
  const others = idsOf(other?.["members"]);
  return { ...group, members: [...idsOf(group["members"]).difference(others)] };
}
