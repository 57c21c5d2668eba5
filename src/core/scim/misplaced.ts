import { plainName } from "../organization/plain-name.ts";
import { isActiveIn, isFalse } from "./deactivation.ts";
import { mayNameMembers } from "./members.ts";
import { changedIn, isList, isObject, valueOf, type ScimObject } from "./object.ts";
import { scimProblem, type ScimProblem } from "./problem.ts";
import { isOneSlipAway, plainOf, saysOut } from "./says-out.ts";
import {
  ENTERPRISE_USER_SCHEMA,
  findAttribute,
  GROUP_SCHEMA,
  isExtension,
  sameName,
  USER_SCHEMA,
  type ResourceType,
} from "./schemas.ts";

/** The attributes that decide who somebody is, and what they may do. */
const DECIDING: Readonly<Record<ResourceType, readonly string[]>> = {
  User: ["active", "userName", "externalId", "emails", "roles"],
  Group: ["displayName", "members"],
};

/** Further names that are taken for one of them. */
const MEANT: Readonly<Record<ResourceType, Readonly<Record<string, string>>>> = {
  User: { emailAddress: "emails", login: "userName" },
  Group: { name: "displayName", groupName: "displayName" },
};

/** Names of lists of people, and names of what a group has beside its members. */
const PEOPLE = /^(?:group|team)?(?:user|people|person|member)/;
const OTHERS = /(?:^(?:owner|role|entitlement|permission|application|app|parent|tag|label)|id)$/;

const OWN: readonly string[] = [USER_SCHEMA, GROUP_SCHEMA, ENTERPRISE_USER_SCHEMA];

/** What decides beside an attribute: all that the request sets, and the resource as it is on record. */
interface Around {
  readonly sent: ScimObject;
  readonly stored: ScimObject;
}

/**
 * Why an attribute of a resource cannot be kept like others that no schema knows: its client means one that decides about
 * access, and would believe that somebody is out who is not. What says the same as that one misleads nobody.
 */
export function misplaced(
  type: ResourceType,
  key: string,
  sent: unknown,
  around: Around,
): ScimProblem | null {
  // Of somebody who is out, anything may say so.
  const isOut = type === "User" && isFalse(decided(around, "active"));
  const contradicting = isOut ? () => null : contradiction;
  if (isExtension(key)) return misplacedIn(type, key, sent, { around, contradicting });
  if (/^operations?$/i.test(key.trim())) return scimProblem("invalidPath", "Operations are those of a PATCH");
  const attribute = findAttribute(type, null, key);
  if (attribute === undefined) {
    return (
      misnamed(type, key, { sent, around }) ??
      membersElsewhere(type, key, sent, around) ??
      contradicting(type, key, sent)
    );
  }
  // An address or a number that is out of use is not its owner.
  const isOfPerson = !attribute.multiValued || sameName(attribute.name, "roles");
  return isOfPerson && !isOut && attribute.type === "complex" ? contradictionIn(type, sent) : null;
}

/** Why a resource that replaces another cannot be kept: only what the client has changed can mislead it. */
export function misplacedAnew(
  type: ResourceType,
  names: readonly string[],
  resource: ScimObject,
  stored: ScimObject,
): ScimProblem | null {
  return firstOf(names, (name) => {
    const changed = changedIn(valueOf(resource, name), valueOf(stored, name));
    return changed === undefined ? null : misplaced(type, name, changed, { sent: resource, stored: {} });
  });
}

/** Why what no schema knows may be meant as an attribute that decides about access, whatever its value. */
export function misnamed(
  type: ResourceType,
  name: string,
  { sent, around }: { readonly sent?: unknown; readonly around?: Around } = {},
): ScimProblem | null {
  const plain = plainOf(name);
  const meant =
    DECIDING[type].find((each) => isOneSlipAway(plain, plainOf(each))) ??
    Object.entries(MEANT[type]).find(([each]) => plainOf(each) === plain)?.[1];
  // What is set to null is not kept.
  if (meant === undefined || sent === null) return null;
  if (around !== undefined && repeats(meant, sent, around)) return null;
  return scimProblem("invalidPath", `${plainName(name)} is no attribute here; ${meant} is one of a ${type}`);
}

/** Why attributes beside the operations of a PATCH, which are not looked at, cannot be passed over. */
export function besideOperations(body: unknown): ScimProblem | null {
  if (!isObject(body)) return null;
  const stray = Object.entries(body).find(
    ([name, value]) => /^(?:active|members?|roles?)$/.test(name.trim().toLowerCase()) || saysOut(name, value),
  );
  return stray === undefined
    ? null
    : scimProblem("invalidSyntax", `${plainName(stray[0])} stands beside the operations`);
}

/**
 * Attributes of an extension. Those of a client's own schema are its own; only a request that says nothing of `active`
 * may mean them for it.
 */
function misplacedIn(
  type: ResourceType,
  schema: string,
  sent: unknown,
  { around, contradicting }: { readonly around: Around; readonly contradicting: typeof contradiction },
): ScimProblem | null {
  if (!isObject(sent)) return null;
  for (const [name, value] of Object.entries(sent)) {
    if (type === "User" && isActiveIn(schema, name) && !isFalse(value)) continue;
    const isOurs = OWN.some((own) => sameName(own, schema));
    const known =
      isOurs && !DECIDING[type].some((each) => sameName(each, name)) && findAttribute(type, schema, name);
    if (known) continue;
    const isSaid = !isOurs && valueOf(around.sent, "active") !== undefined;
    const problem =
      (isOurs ? misnamed(type, name, { sent: value, around }) : null) ??
      (isOurs || isOneSlipAway(plainOf(name), "member")
        ? membersElsewhere(type, name, value, around)
        : null) ??
      (isSaid ? null : contradicting(type, name, value));
    if (problem !== null) return problem;
  }
  return null;
}

function membersElsewhere(
  type: ResourceType,
  name: string,
  value: unknown,
  around: Around,
): ScimProblem | null {
  if (type !== "Group" || OTHERS.test(plainOf(name)) || repeats("members", value, around)) return null;
  const isOfPeople = PEOPLE.test(plainOf(name)) && (isList(value) || isObject(value));
  if (!isOfPeople && !mayNameMembers(value)) return null;
  return scimProblem("invalidPath", `A group has members, and no ${plainName(name)}`);
}

function contradiction(type: ResourceType, name: string, value: unknown): ScimProblem | null {
  if (type === "User" && saysOut(name, value)) {
    return scimProblem(
      "invalidPath",
      `${plainName(name)} deactivates nobody here: that is active, at the top of a user`,
    );
  }
  return contradictionIn(type, value);
}

function contradictionIn(type: ResourceType, value: unknown): ScimProblem | null {
  if (isList(value)) return firstOf(value, (each) => contradictionIn(type, each));
  if (!isObject(value)) return null;
  return firstOf([...Object.entries(value), ...pairIn(value)], ([name, each]) =>
    contradiction(type, name, each),
  );
}

/** What an object says as a pair, such as `{"name":"active","value":false}`. */
function pairIn(object: ScimObject): [name: string, value: unknown][] {
  const names = ["name", "key", "attribute", "path"].map((label) => valueOf(object, label));
  return names.flatMap((name) => (typeof name === "string" ? [[name, valueOf(object, "value")]] : []));
}

function firstOf<T>(all: readonly T[], problemOf: (each: T) => ScimProblem | null): ScimProblem | null {
  for (const each of all) {
    const problem = problemOf(each);
    if (problem !== null) return problem;
  }
  return null;
}

/** An attribute as the request sets it, or else as it is on record. */
function decided({ sent, stored }: Around, name: string): unknown {
  return valueOf(sent, name) ?? valueOf(stored, name);
}

/** Whether a value says what the attribute that decides says itself; one address of several, too. */
function repeats(meant: string, sent: unknown, around: Around): boolean {
  const said = textsIn(sent);
  const known = textsIn(decided(around, meant));
  if (said.size === 0 || meant === "active") return false;
  return meant === "emails"
    ? said.isSubsetOf(known.union(textsIn(decided(around, "userName"))))
    : said.symmetricDifference(known).size === 0;
}

function textsIn(value: unknown): Set<string> {
  if (isList(value)) return new Set(value.flatMap((each) => [...textsIn(each)]));
  if (isObject(value)) return textsIn(valueOf(value, "value"));
  const isPlain = typeof value === "string" || typeof value === "number" || typeof value === "boolean";
  return new Set(isPlain ? [`${value}`.trim().toLowerCase()] : []);
}
