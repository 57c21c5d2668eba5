import { rateText } from "./wording.ts";

/** A value on record: text, a moment, or the id of a key. */
export type Value =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "moment"; readonly iso: string }
  | { readonly kind: "key"; readonly id: string };

/** What one field was and is; `null` where there was or is nothing that could have it. */
export interface Change {
  readonly field: string;
  readonly before: readonly Value[] | null;
  readonly after: readonly Value[] | null;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * What differs between before and after, in words; of something new or gone, all that it had. `names`: those that are
 * known, by their ids.
 */
export function changesOf(before: Fields | null, after: Fields | null, names: Names = new Map()): Change[] {
  return Object.keys({ ...before, ...after })
    .filter((field) => JSON.stringify(before?.[field]) !== JSON.stringify(after?.[field]))
    .map((field) => ({
      field: labelled(field),
      before: before === null ? null : valuesOf(field, before[field], names),
      after: after === null ? null : valuesOf(field, after[field], names),
    }));
}

export type Names = ReadonlyMap<string, string>;

/** What is called something else where it is set, or in words of its own. */
const LABELS: Readonly<Record<string, string>> = {
  allowedIps: "allowed addresses",
  disabledReason: "why it was paused",
  displayName: "name",
  expiresAt: "expiry",
  keyPrefix: "begins with",
  kid: "signing key",
  predecessorId: "replaces",
  rateLimit: "rate limit",
  retiresAt: "end after its rotation",
  revocationReason: "reason",
  revokedAt: "revoked",
  revokedBy: "revoked by",
  createdAt: "created",
  createdBy: "created by",
  lastUsedAt: "last used",
  lastUsedIp: "last used from",
  lastRefusedAt: "last refused",
  lastRefusedIp: "last refused from",
  successorId: "replaced by",
  tokenId: "token",
  url: "URL",
  userName: "user name",
  vaultRoles: "vaults",
};

/** `rateLimit` as "rate limit". */
function labelled(field: string): string {
  if (Object.hasOwn(LABELS, field)) return LABELS[field] ?? field;
  return field.replaceAll(/[A-Z]+/g, (letters) => ` ${letters.toLowerCase()}`);
}

const NONE: Value = { kind: "text", text: "none" };
const KEY_ID = /^key_[0-9A-Za-z]{12}$/;
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

function valuesOf(field: string, value: unknown, names: Names): Value[] {
  if (value === null || value === undefined || value === "") return [NONE];
  if (Array.isArray(value)) {
    return value.length === 0 ? [NONE] : value.flatMap((item) => valuesOf(field, item, names));
  }
  if (typeof value === "string" && ISO.test(value)) return [{ kind: "moment", iso: value }];
  if (typeof value === "string" && KEY_ID.test(value)) return [{ kind: "key", id: value }];
  return [{ kind: "text", text: textOf(field, value, names) }];
}

function textOf(field: string, value: unknown, names: Names): string {
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "string") {
    if (value === "*" && field === "vaults") return "every vault";
    return field.endsWith("By") ? (names.get(value) ?? value) : value;
  }
  if (typeof value !== "object" || value === null) return String(value);
  return objectText(field, value as Fields);
}

/** People and service users by their names, members of a group by theirs, other objects by what they hold. */
function objectText(field: string, value: Fields): string {
  const { name, display, action, resource, requests, windowSeconds } = value;
  if (typeof action === "string" && typeof resource === "string") return `${resource}:${action}`;
  if (typeof requests === "number" && typeof windowSeconds === "number")
    return rateText({ requests, windowSeconds });
  const called = [name, display, value["value"]].find((each) => typeof each === "string");
  if (typeof called === "string" && field !== "vaultRoles") return called;
  const parts = Object.entries(value).map(([part, each]) => partText(field, part, each));
  return parts.length === 0 ? "none" : parts.join("; ");
}

function partText(field: string, part: string, value: unknown): string {
  const text = [value]
    .flat()
    .map((each) => textOf(part, each, new Map()))
    .join(", ");
  if (field === "vaultRoles") return `${text} on ${part === "*" ? "every vault" : part}`;
  return `${labelled(part)}: ${text}`;
}
