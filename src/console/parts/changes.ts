import { formatScope, type Scope } from "../../core/policy/scope.ts";
import { exact } from "./time.tsx";

/** What one field was and is, in words; `null` where there was or is nothing that could have it. */
export interface Change {
  readonly field: string;
  readonly before: string | null;
  readonly after: string | null;
}

type Fields = Readonly<Record<string, unknown>>;

/** What differs between before and after; of something new or gone, all that it had. */
export function changesOf(before: Fields | null, after: Fields | null): Change[] {
  return Object.keys({ ...before, ...after })
    .filter((field) => JSON.stringify(before?.[field]) !== JSON.stringify(after?.[field]))
    .map((field) => ({
      field: labelled(field),
      before: before === null ? null : inWords(field, before[field]),
      after: after === null ? null : inWords(field, after[field]),
    }));
}

/** What is called something else where it is set. */
const LABELS: Readonly<Record<string, string>> = {
  allowedIps: "allowed addresses",
  vaultRoles: "vaults",
  expiresAt: "expiry",
  retiresAt: "end after its rotation",
};

/** `rateLimit` as "rate limit". */
function labelled(field: string): string {
  return LABELS[field] ?? field.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function inWords(field: string, value: unknown): string {
  if (value === null || value === undefined || value === "") return "none";
  if (typeof value === "boolean") return value ? "yes" : "no";
  // The log keeps times as numbers.
  if (typeof value === "number" && /(?:At|Until)$/.test(field)) return exact(new Date(value).toISOString());
  if (Array.isArray(value)) {
    return value.length === 0
      ? "none"
      : value.map((item) => (isScope(item) ? formatScope(item) : text(item))).join(", ");
  }
  return text(value);
}

function isScope(value: unknown): value is Scope {
  return typeof value === "object" && value !== null && "action" in value && "resource" in value;
}

/** People and service users by their names, other objects by what they hold. */
function text(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  if ("name" in value && typeof value.name === "string") return value.name;
  return Object.entries(value)
    .map(
      ([name, each]) => `${labelled(name)}: ${Array.isArray(each) ? each.map(text).join(", ") : text(each)}`,
    )
    .join("; ");
}
