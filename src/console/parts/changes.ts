import type { RateLimit } from "../../core/key/key-record.ts";
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
 * known, by their ids. What a new thing does not have is left out.
 */
export function changesOf(
  before: Fields | null,
  after: Fields | null,
  { names = new Map(), usual = null }: Known = {},
): Change[] {
  const told = { names, usual };
  return Object.keys({ ...before, ...after })
    .filter((field) => JSON.stringify(before?.[field]) !== JSON.stringify(after?.[field]))
    .filter(
      (field) => (before !== null && after !== null) || saysSomething(field, (after ?? before)?.[field]),
    )
    .map((field) => ({
      field: labelled(field),
      before: before === null ? null : valuesOf(field, before[field], told),
      after: after === null ? null : valuesOf(field, after[field], told),
    }));
}

export type Names = ReadonlyMap<string, string>;

/** `usual`: the rate limit of a key without its own. */
interface Known {
  readonly names?: Names;
  readonly usual?: RateLimit | null | undefined;
}

interface Told {
  readonly names: Names;
  readonly usual: RateLimit | null;
}

/** Fields in which nothing means something. */
const TELLING = ["allowedIps", "rateLimit", "expiresAt"];

/** Of something new or gone, what was never filled in is left out, and so is what is not the case. */
function saysSomething(field: string, value: unknown): boolean {
  if (TELLING.includes(field)) return value !== undefined;
  if (value === null || value === undefined || value === "" || value === false) return false;
  return typeof value !== "object" || Object.keys(value).length > 0;
}

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

function valuesOf(field: string, value: unknown, known: Told): Value[] {
  if (value === null || value === undefined || value === "") return [nothingIn(field, known)];
  if (Array.isArray(value)) {
    return value.length === 0
      ? [nothingIn(field, known)]
      : value.flatMap((item) => valuesOf(field, item, known));
  }
  if (typeof value === "string" && ISO.test(value)) return [{ kind: "moment", iso: value }];
  if (typeof value === "string" && KEY_ID.test(value)) return [{ kind: "key", id: value }];
  return [{ kind: "text", text: textOf(field, value, known.names) }];
}

/** What a setting that was not made stands for. */
function nothingIn(field: string, { usual }: Told): Value {
  if (field === "allowedIps") return { kind: "text", text: "Any address" };
  if (field === "expiresAt") return { kind: "text", text: "never" };
  if (field !== "rateLimit") return NONE;
  return { kind: "text", text: usual === null ? "the default" : `the default, ${rateText(usual)}` };
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

/** What was wrong in an attempt that was refused, in words; `null` where that is not on record. */
export function faultOf({ outcome, after }: { outcome: string; after: Fields | null }): string | null {
  const { field, problem } = after ?? {};
  if (outcome !== "refused" || typeof problem !== "string") return null;
  if (typeof field !== "string" || field === "" || problem.startsWith(field)) return problem;
  const [name = "", ...rest] = field.split(".");
  // Members of an object are named by what was filled in, entries of a list are counted.
  const isList = name !== "vaultRoles";
  const members = rest.map((part) => (isList && /^\d+$/.test(part) ? `no. ${Number(part) + 1}` : part));
  return `${[labelled(name), ...members].join(" ")}: ${problem}`;
}
