import type { AttributePath } from "./filter.ts";
import { GROUP_SCHEMA, sameName, USER_SCHEMA } from "./schemas.ts";

/** RFC 7644 section 3.10 has a colon before the attribute; some clients write a dot. */
const EXTENSION = /^(urn:.+:(?:User|Group))(?:[:.](.*))?$/is;
const OTHER_URN = /^(urn:.+):([^:]+)$/i;
const NAME = /^([a-z$][\w$-]*)(?:\.([a-z$][\w$-]*))?$/i;

/** Reads a path without brackets; `null` when it is none. */
export function readPlainPath(text: string): AttributePath | null {
  const [, urn, rest] = EXTENSION.exec(text) ?? OTHER_URN.exec(text) ?? [undefined, undefined, text];
  const own = urn === undefined || sameName(urn, USER_SCHEMA) || sameName(urn, GROUP_SCHEMA);
  const schema = own ? null : urn;
  if (rest === undefined) return schema === null ? null : { schema, name: null, where: null, sub: null };
  const [, name, sub = null] = NAME.exec(rest) ?? [];
  return name === undefined ? null : { schema, name, where: null, sub };
}
