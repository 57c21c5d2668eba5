import { isRefusal } from "../refusal.ts";
import { matches, type Filter } from "./filter.ts";
import { scimProblem, type ScimProblem, type ScimResult } from "./problem.ts";
import { isObject, spelledTwice, valueOf, type ReadValue, isList } from "./object.ts";

/** How often a value may be wrapped in lists and objects. */
const MAX_WRAPPINGS = 8;
const UUID = /^(?:urn:uuid:|\{)?([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})\}?$/i;
const JSON_TEXT = /^\s*(?:\[|\{\s*")/;
const REFERENCE = /(?:^|\/)Users\/([^/?#]+)\/?$/i;

/** What an operation does to the members of a group. */
interface MemberChange {
  readonly op: "add" | "replace" | "remove";
  readonly where: Filter | null;
  readonly sub: string | null;
  readonly value: unknown;
}

type Ids = ScimResult<{ readonly ids: readonly string[] }>;

/** Reads the members of a group: each by its `value` or its `$ref`, in a list or alone, or within an object. */
export function readMembers(sent: unknown): ReadValue {
  const read = readIds(sent);
  return isRefusal(read) ? read : membersOf(read.ids);
}

/** What `members` holds after a change. */
export function changeMembers({ op, where, sub, value }: MemberChange, current: unknown): ReadValue {
  if (sub !== null) return scimProblem("invalidPath", "Members are added and removed as a whole");
  const members = idsOf(current);
  if (where !== null) return changeChosen(op, where, value, members);
  if (op === "remove" && (value === undefined || value === null)) return membersOf([]);
  const read = readIds(value);
  if (isRefusal(read)) return read;
  if (op === "remove" && read.ids.length === 0) {
    return scimProblem("invalidValue", "A removal names members, or has no value and removes all");
  }
  const named = new Set(read.ids);
  if (op === "replace") return membersOf(named);
  return op === "add" ? membersOf(members.union(named)) : without(members, named, named);
}

/** The ids in a group's `members`. */
export function idsOf(members: unknown): Set<string> {
  const read = readIds(members);
  return new Set(isRefusal(read) ? [] : read.ids);
}

/** Whether a value under another name could be meant as members: ids of users, references, or objects of them. */
export function mayNameMembers(value: unknown, wrappings = 0): boolean {
  if (wrappings > MAX_WRAPPINGS) return false;
  const couldBe = (each: unknown) => mayNameMembers(each, wrappings + 1);
  if (isList(value)) return value.some(couldBe);
  if (isObject(value)) {
    const isMember = ["value", "$ref", "members"].some((name) => valueOf(value, name) !== undefined);
    return isMember || Object.values(value).some(couldBe);
  }
  if (typeof value !== "string") return false;
  const text = value.trim();
  return UUID.test(text) || referredId(text) !== null || couldBe(jsonIn(text));
}

/** What a text that may be JSON holds; `undefined` where it is none. */
function jsonIn(text: string): unknown {
  if (!JSON_TEXT.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Removes or replaces the members that a filter chooses; `add` adds those that it names. */
function changeChosen(
  op: MemberChange["op"],
  where: Filter,
  value: unknown,
  members: ReadonlySet<string>,
): ReadValue {
  const plain = byValue(where);
  if (plain === null) {
    return scimProblem("invalidFilter", "Members are chosen by value or $ref, with eq");
  }
  const chosen = chosenBy(plain, members);
  if (op === "remove") return without(members, chosen, namedBy(plain));
  const named = readIds(value ?? []);
  if (isRefusal(named)) return named;
  if (op === "replace") return membersOf(members.difference(chosen).union(new Set(named.ids)));
  return membersOf(members.union(new Set([...named.ids, ...namedBy(plain)])));
}

/**
 * The members that a filter chooses. It is asked about those that it names, and once for all others: a group may have very
 * many members, and a request very many filters.
 */
function chosenBy(plain: Filter, members: ReadonlySet<string>): Set<string> {
  const isChosen = (value: string) => matches(plain, { value, type: "User" });
  const named = new Set(namedBy(plain).map((id) => id.toLowerCase()));
  const areOthers = isChosen("");
  return new Set([...members].filter((id) => (named.has(id.toLowerCase()) ? isChosen(id) : areOthers)));
}

/**
 * The members that are left. To remove a user who is no member is no error; a name that is no id at all is one, since the
 * member that it means would stay.
 */
function without(
  members: ReadonlySet<string>,
  gone: ReadonlySet<string>,
  named: Iterable<string>,
): ReadValue {
  const stranger = [...named].find((name) => !members.has(name) && !UUID.test(name));
  if (stranger !== undefined) return scimProblem("invalidValue", `${stranger} is no user's id`);
  return membersOf(members.difference(gone));
}

/** The filter with references as the ids that they lead to; `null` when it asks for what is not kept of members. */
function byValue(filter: Filter): Filter | null {
  if (filter.kind === "and" || filter.kind === "or") {
    const left = byValue(filter.left);
    const right = byValue(filter.right);
    return left && right && { ...filter, left, right };
  }
  if (filter.kind !== "compare" || filter.operator !== "eq" || typeof filter.value !== "string") return null;
  const name = filter.path.name?.toLowerCase();
  if (name === "type") return filter;
  if (name !== "value" && name !== "$ref") return null;
  const id = name === "value" ? plainId(filter.value) : referredId(filter.value);
  return id === null ? null : { ...filter, path: { ...filter.path, name: "value" }, value: id };
}

function namedBy(filter: Filter): string[] {
  if (filter.kind === "and" || filter.kind === "or") {
    return [...namedBy(filter.left), ...namedBy(filter.right)];
  }
  return filter.kind === "compare" && filter.path.name === "value" ? [String(filter.value)] : [];
}

function readIds(sent: unknown, wrappings = 0): Ids {
  if (sent === null || sent === undefined) return { ids: [] };
  if (wrappings > MAX_WRAPPINGS) return unreadable();
  if (isList(sent)) return readAll(sent, wrappings);
  if (typeof sent === "string") return readText(sent, wrappings);
  // As SCIM 1.1 takes members out of a list of others that it adds.
  if (!isObject(sent) || valueOf(sent, "operation") !== undefined || spelledTwice(sent) !== null) {
    return unreadable();
  }
  const inside = valueOf(sent, "members") ?? valueOf(sent, "value");
  if (inside !== undefined && inside !== null) return readIds(inside, wrappings + 1);
  const reference = valueOf(sent, "$ref");
  return typeof reference === "string" ? oneId(referredId(reference)) : unreadable();
}

/** An id or a reference; or JSON of them, as Entra writes roles. */
function readText(text: string, wrappings: number): Ids {
  if (!JSON_TEXT.test(text)) return oneId(referredId(text) ?? plainId(text));
  const read = jsonIn(text);
  return read === undefined ? unreadable() : readIds(read, wrappings + 1);
}

function readAll(sent: readonly unknown[], wrappings: number): Ids {
  const ids: string[] = [];
  for (const each of sent) {
    const read = each === null ? unreadable() : readIds(each, wrappings + 1);
    if (isRefusal(read)) return read;
    for (const id of read.ids) ids.push(id);
  }
  return { ids };
}

function oneId(id: string | null): Ids {
  return id === null ? unreadable() : { ids: [id] };
}

/** The id at the end of a reference to a user (RFC 7643 section 2.4); `null` when it is none. */
function referredId(reference: string): string | null {
  const [path = ""] = reference.split(/[?#]/, 1);
  const id = REFERENCE.exec(path)?.[1];
  return id === undefined ? null : plainId(id);
}

function plainId(text: string): string | null {
  const id = text.trim();
  return id === "" ? null : (UUID.exec(id)?.[1]?.toLowerCase() ?? id);
}

function membersOf(ids: Iterable<string>): ReadValue {
  const members = [...new Set(ids)].map((value) => ({ value }));
  return { value: members.length === 0 ? undefined : members };
}

function unreadable(): ScimProblem {
  return scimProblem("invalidValue", "Every member must have a value or a $ref that leads to a user");
}
