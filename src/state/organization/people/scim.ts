import { matches, type Filter } from "../../../core/scim/filter.ts";
import { applyPatch } from "../../../core/scim/patch.ts";
import { scimProblem, type ScimProblem } from "../../../core/scim/problem.ts";
import type { ScimObject } from "../../../core/scim/resource.ts";
import type { ResourceType } from "../../../core/scim/schemas.ts";
import type { AuditLog, Author } from "../audit-log.ts";
import type { KeyTable } from "../key-table.ts";
import type { Propagation } from "../propagation.ts";
import type { Expecting, ScimAnswer, ScimCommand, Target } from "./scim-command.ts";
import type { ScimEffects } from "./scim-effects.ts";
import { memberIds, type ScimGroups } from "./scim-groups.ts";
import { withMeta, type ScimStore, type StoredResource } from "./scim-store.ts";
import type { ScimUsers } from "./scim-users.ts";

type Change = (current: ScimObject) => { readonly resource: ScimObject } | ScimProblem;

/** The directory as the identity provider pushes it (RFC 7644). A change is in force for all keys when it answers. */
export class Scim {
  readonly #storage: DurableObjectStorage;
  readonly #users: ScimUsers;
  readonly #stores: Readonly<Record<ResourceType, ScimStore>>;
  readonly #effects: ScimEffects;
  readonly #keys: KeyTable;
  readonly #audit: AuditLog;
  readonly #propagation: Propagation;

  constructor(
    storage: DurableObjectStorage,
    parts: {
      users: ScimUsers;
      groups: ScimGroups;
      effects: ScimEffects;
      keys: KeyTable;
      audit: AuditLog;
      propagation: Propagation;
    },
  ) {
    this.#storage = storage;
    this.#users = parts.users;
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
        return this.#list(command);
      case "replace":
        return this.#change(author, command, (current) => ({
          resource: { ...keptBy(current), ...command.resource },
        }));
      case "patch":
        return this.#change(author, command, (current) =>
          applyPatch(command.type, current, command.operations),
        );
      case "delete":
        return this.#delete(author, command);
    }
  }

  #get({ type, id }: Target): ScimAnswer {
    const stored = this.#stores[type].find(id);
    return stored === null ? NOT_FOUND : { resource: this.#represent(type, stored) };
  }

  #list({ type, filter, offset, limit }: Extract<ScimCommand, { kind: "list" }>): ScimAnswer {
    const store = this.#stores[type];
    if (filter === null) {
      const page = store.page(offset, limit);
      return { resources: page.map((each) => this.#represent(type, each)), total: store.count() };
    }
    const found = (indexed(store, filter) ?? store.page(0, store.count()))
      .map((each) => this.#represent(type, each))
      .filter((each) => matches(filter, each));
    return { resources: found.slice(offset, offset + limit), total: found.length };
  }

  async #create(author: Author, type: ResourceType, sent: ScimObject): Promise<ScimAnswer> {
    const id = crypto.randomUUID();
    const resource = type === "User" ? { active: true, ...sent } : sent;
    const now = Date.now();
    const outcome = this.#storage.transactionSync(() => {
      const problem = this.#problemWith(type, id, resource);
      if (problem !== null) return problem;
      const change = () => this.#stores[type].insert(id, resource, now);
      const people = this.#effects.of(author, affectedBy(type, id, {}, resource), now, change);
      this.#note(author, { type, id, what: "created" }, null, resource, now);
      return { people };
    });
    return "problem" in outcome ? outcome : this.#answer(type, id, outcome.people);
  }

  async #change(
    author: Author,
    { type, id, versions }: Target & Expecting,
    edit: Change,
  ): Promise<ScimAnswer> {
    const now = Date.now();
    const outcome = this.#storage.transactionSync(() => {
      const stored = this.#stores[type].find(id);
      if (stored === null) return NOT_FOUND;
      if (versions?.includes(stored.version) === false) return CONFLICT;
      const edited = edit(stored.resource);
      if ("problem" in edited) return edited;
      const resource =
        type === "User" ? { active: stored.resource["active"], ...edited.resource } : edited.resource;
      const problem = this.#problemWith(type, id, resource);
      if (problem !== null) return problem;
      const affected = affectedBy(type, id, stored.resource, resource);
      if (JSON.stringify(resource) === JSON.stringify(stored.resource)) {
        return { people: this.#concernedBefore(type, id) };
      }
      const change = () => this.#stores[type].update(id, resource, now);
      const people = this.#effects.of(author, affected, now, change);
      this.#note(author, { type, id, what: "updated" }, stored.resource, resource, now);
      return { people };
    });
    return "problem" in outcome ? outcome : this.#answer(type, id, outcome.people);
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
      this.#note(author, { type, id, what: "deleted" }, stored.resource, null, now);
      return { people };
    });
    if ("problem" in outcome) return outcome;
    return (await this.#inForce(outcome.people)) ? { deleted: true } : UNCONFIRMED;
  }

  /** A deletion that could not be confirmed may be repeated until it is. */
  #deletedBefore(type: ResourceType, id: string): { people: string[] } | ScimProblem {
    const people = this.#concernedBefore(type, id);
    return people.some((person) => this.#keys.pendingOf(person).length > 0) ? { people } : NOT_FOUND;
  }

  /** Whom an earlier attempt at the same change may have left waiting; a group no longer knows who was in it. */
  #concernedBefore(type: ResourceType, id: string): string[] {
    return type === "User" ? this.#effects.peopleOf([id]) : this.#users.waiting();
  }

  async #answer(type: ResourceType, id: string, people: readonly string[]): Promise<ScimAnswer> {
    return (await this.#inForce(people)) ? this.#get({ type, id }) : UNCONFIRMED;
  }

  /** Pushes whatever still waits for a guard, be it of an earlier attempt. */
  async #inForce(people: readonly string[]): Promise<boolean> {
    const pending = people.flatMap((person) => this.#keys.pendingOf(person));
    return (await this.#propagation.pushAll(pending)).length === 0;
  }

  #problemWith(type: ResourceType, id: string, resource: ScimObject): ScimProblem | null {
    const name = type === "User" ? "userName" : "displayName";
    if (typeof resource[name] !== "string" || resource[name].trim() === "") {
      return scimProblem("invalidValue", `${name} is required`);
    }
    if (type === "User") {
      const same = this.#users.candidates("userName", resource[name]) ?? [];
      return same.every((each) => each.id === id)
        ? null
        : scimProblem("uniqueness", "Another user has this userName");
    }
    const stranger = memberIds(resource).find((member) => this.#users.find(member) === null);
    return stranger === undefined ? null : scimProblem("invalidValue", `There is no user ${stranger}`);
  }

  #represent(type: ResourceType, stored: StoredResource): ScimObject {
    return withMeta(type, stored, this.#stores[type].represent(stored));
  }

  /** Puts a change on record. Of a group's members only those who come or go are told. */
  #note(
    author: Author,
    { type, id, what }: Target & { readonly what: "created" | "updated" | "deleted" },
    before: ScimObject | null,
    after: ScimObject | null,
    now: number,
  ): void {
    const action = `${EVENTS[type]}.${what}`;
    const told = { before: withoutMembersOf(before, after), after: withoutMembersOf(after, before) };
    this.#audit.add(author, { action, target: id, ...(type === "User" ? { before, after } : told) }, now);
  }
}

const EVENTS = { User: "scim_user", Group: "scim_group" } as const;
const NOT_FOUND = scimProblem("notFound", "There is no such resource");
const CONFLICT = scimProblem("versionConflict", "The resource has changed since the version in If-Match");
const UNCONFIRMED = scimProblem(
  "unconfirmed",
  "The change is kept, but not in force for every key yet; repeat it",
);

/** What a PUT that does not mention it leaves as it is: losing it would turn the user into somebody else. */
function keptBy(current: ScimObject): ScimObject {
  return "externalId" in current ? { externalId: current["externalId"] } : {};
}

/** The users whose roles or standing a change may concern. */
function affectedBy(type: ResourceType, id: string, before: ScimObject, after: ScimObject): string[] {
  if (type === "User") return [id];
  const were = new Set(memberIds(before));
  const are = new Set(memberIds(after));
  const renamed = before["displayName"] !== after["displayName"];
  return [...(renamed ? were.union(are) : were.symmetricDifference(are))];
}

function withoutMembersOf(group: ScimObject | null, other: ScimObject | null): ScimObject | null {
  if (group === null) return null;
  const others = new Set(memberIds(other ?? {}));
  return { ...group, members: memberIds(group).filter((id) => !others.has(id)) };
}

/** What a comparison for equality of one attribute can find by an index; `null` when it must look at everything. */
function indexed(store: ScimStore, filter: Filter): StoredResource[] | null {
  if (filter.kind !== "compare" || filter.operator !== "eq" || typeof filter.value !== "string") return null;
  const { schema, name, sub } = filter.path;
  return schema === null && sub === null && name !== null ? store.candidates(name, filter.value) : null;
}
