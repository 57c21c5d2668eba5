import { plainName } from "../organization/plain-name.ts";
import { isActiveIn, isFalse } from "./deactivation.ts";
import { mayNameMembers } from "./members.ts";
import { isList, isObject, valueOf, type ScimObject } from "./object.ts";
import { scimProblem, type ScimProblem } from "./problem.ts";
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

/** Names that are no attributes, by which directories tell whether somebody may come in. */
const ENABLED = /^(?:is|user|account)*(?:active|enabled)$/;
const OUT =
  "inactive|disabled|suspended|deactivated|deprovisioned|terminated|(?:soft)?deleted|archived|blocked";
const DISABLED = new RegExp(`^(?:is|user|account)*(?:${OUT})$`);
const STATE = /^(?:user|account)?(?:statu|state)$/;
const IS_OUT = new RegExp(`^(?:${OUT})$`);

const OWN: readonly string[] = [USER_SCHEMA, GROUP_SCHEMA, ENTERPRISE_USER_SCHEMA];

/**
 * Why an attribute of a resource cannot be kept like others that no schema knows: its client means one that decides about
 * access, and would believe that somebody is out who is not.
 */
export function misplaced(type: ResourceType, key: string, sent: unknown): ScimProblem | null {
  if (isExtension(key)) return misplacedIn(type, key, sent);
  if (/^operations?$/i.test(key.trim())) return scimProblem("invalidPath", "Operations are those of a PATCH");
  const attribute = findAttribute(type, null, key);
  if (attribute === undefined) {
    return misnamed(type, key, sent) ?? membersElsewhere(type, key, sent) ?? contradiction(type, key, sent);
  }
  // An address or a number that is out of use is not its owner.
  const isOfPerson = !attribute.multiValued || sameName(attribute.name, "roles");
  return isOfPerson && attribute.type === "complex" ? contradictionIn(type, sent) : null;
}

/** Why what no schema knows may be meant as an attribute that decides about access, whatever its value. */
export function misnamed(type: ResourceType, name: string, sent?: unknown): ScimProblem | null {
  const plain = plainOf(name);
  const meant =
    DECIDING[type].find((each) => isOneSlipAway(plain, plainOf(each))) ??
    Object.entries(MEANT[type]).find(([each]) => plainOf(each) === plain)?.[1];
  // What is set to null is not kept.
  if (meant === undefined || sent === null) return null;
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

function misplacedIn(type: ResourceType, schema: string, sent: unknown): ScimProblem | null {
  if (!isObject(sent)) return null;
  for (const [name, value] of Object.entries(sent)) {
    if (type === "User" && isActiveIn(schema, name) && !isFalse(value)) continue;
    const isOurs = OWN.some((own) => sameName(own, schema));
    const known =
      isOurs && !DECIDING[type].some((each) => sameName(each, name)) && findAttribute(type, schema, name);
    if (known) continue;
    const problem =
      (isOurs ? misnamed(type, name) : null) ??
      membersElsewhere(type, name, value) ??
      contradiction(type, name, value);
    if (problem !== null) return problem;
  }
  return null;
}

function membersElsewhere(type: ResourceType, name: string, value: unknown): ScimProblem | null {
  if (type !== "Group" || !mayNameMembers(value)) return null;
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

/** Whether a name and its value say that somebody may not come in. */
function saysOut(name: string, value: unknown): boolean {
  const plain = plainOf(name);
  if (ENABLED.test(plain)) return isFalse(value);
  if (DISABLED.test(plain)) return isTrue(value);
  return STATE.test(plain) && (isFalse(value) || (typeof value === "string" && IS_OUT.test(plainOf(value))));
}

/** `true` as clients write it. */
function isTrue(value: unknown): boolean {
  if (isList(value)) return value.length > 0 && value.every(isTrue);
  if (isObject(value)) return isTrue(valueOf(value, "value"));
  return value === true || value === 1 || (typeof value === "string" && /^\s*(?:true|1)\s*$/i.test(value));
}

/** A name by its letters and digits alone, without the `s` of a plural. */
function plainOf(name: string): string {
  return name
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, "")
    .replace(/s$/, "");
}

/** Whether two names differ by one letter, or by two that have changed places; or not at all. */
function isOneSlipAway(a: string, b: string): boolean {
  const [short, long] = a.length > b.length ? [b, a] : [a, b];
  let i = 0;
  while (i < short.length && short[i] === long[i]) i++;
  if (short.slice(i) === long.slice(i + 1) || short.slice(i + 1) === long.slice(i + 1)) return true;
  return short[i] === long[i + 1] && short[i + 1] === long[i] && short.slice(i + 2) === long.slice(i + 2);
}
