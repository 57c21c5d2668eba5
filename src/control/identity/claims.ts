import { numericDate } from "../../core/token-times.ts";

/** The claims of a verified token (RFC 7519 section 4), of any type. */
export type Payload = Readonly<Record<string, unknown>>;

/** The value of a claim by its name, or by a JSON pointer (RFC 6901); `undefined` where there is none. */
export function readClaim(payload: Payload, nameOrPointer: string): unknown {
  if (!nameOrPointer.startsWith("/")) return member(payload, nameOrPointer);
  const path = nameOrPointer.slice(1).split("/");
  return path
    .map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"))
    .reduce<unknown>((value, token) => member(value, token), payload);
}

function member(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  return Reflect.get(value, name);
}

/** A text; `null` where the claim is none. */
export function textIn(payload: Payload, nameOrPointer: string): string | null {
  const value = readClaim(payload, nameOrPointer);
  return typeof value === "string" && value !== "" ? value : null;
}

/** The names in a claim, as {@link namesOf} reads them. */
export function namesIn(payload: Payload, nameOrPointer: string): string[] {
  return namesOf(readClaim(payload, nameOrPointer));
}

/** The values of a claim that is a text or a list of texts; what else is in it is left out. */
export function valuesIn(payload: Payload, nameOrPointer: string): string[] {
  return textsOf(readClaim(payload, nameOrPointer));
}

function textsOf(value: unknown): string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.filter((each) => typeof each === "string");
}

/**
 * The names in a value that is a text, a list or an object, as of roles. Of an object the members' names count, unless
 * a member says that it does not hold. A text is one name: names of groups have spaces and commas in them.
 */
export function namesOf(value: unknown): string[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return textsOf(value);
  return Object.entries(value).flatMap(([name, held]) => (holds(held) ? [name] : []));
}

/** Some providers write every value as a text. */
const NOT_HELD = ["", "false", "0", "no"];

/** Whether a value says that something is so. */
export function holds(value: unknown): boolean {
  if (typeof value === "string") return !NOT_HELD.includes(value.trim().toLowerCase());
  return typeof value === "object" && value !== null ? Object.keys(value).length > 0 : Boolean(value);
}

/** Scopes, as a text separated by spaces (RFC 6749 section 3.3) or as a list. */
export function scopesIn(payload: Payload, name: string): string[] {
  return valuesIn(payload, name).flatMap((text) => text.split(" ").filter((scope) => scope !== ""));
}

/** A time in seconds, as {@link numericDate} reads it. */
export function timeIn(payload: Payload, name: string): number | null {
  return numericDate(readClaim(payload, name));
}
