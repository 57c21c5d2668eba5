import { problemsIn, type FieldProblem } from "../../core/http/field-problems.ts";
import { problemOf, type Refusal } from "../../core/refusal.ts";

/** What is wrong with the fields of a form, by the field's name; `""` for what is about no field of it. */
export type Problems = Readonly<Partial<Record<string, string>>>;

/** The fields of a form: what people call each. */
export type FieldLabels = Readonly<Record<string, string>>;

/** Fields whose members are named by what was filled in, like the ids of vaults. */
const BY_NAME = new Set(["vaultRoles"]);

/**
 * Everything that the control API has found wrong with what was filled in, for the form to show; `null` when the refusal
 * is about something else. `renamed`: fields of the API that the form calls otherwise. A field that the form has in parts
 * counts for the field that its name begins with. `sent`: what was filled in, so that entries of lists are named.
 */
export function problemsOf(
  refusal: Refusal,
  labels: FieldLabels,
  renamed: Readonly<Record<string, string>> = {},
  sent: object = {},
): Problems | null {
  const entries = new Map(Object.entries(sent));
  if (refusal.code !== "invalid_value" && refusal.code !== "invalid_request") return null;
  const found = new Map<string, string[]>();
  for (const { field, problem } of toldBy(refusal)) {
    const [, first = "", member = ""] = /^([^.]*)\.?(.*)$/s.exec(field) ?? [];
    const own = Object.hasOwn(renamed, first) ? (renamed[first] ?? first) : first;
    const isKnown = Object.hasOwn(labels, own);
    const place = isKnown ? (BY_NAME.has(first) ? member : entryName(entries.get(first), member)) : field;
    const name = isKnown ? own : "";
    const text = place === "" ? problem : `${place}: ${problem}`;
    found.set(name, [...new Set([...(found.get(name) ?? []), text])]);
  }
  return Object.fromEntries([...found].map(([name, texts]) => [name, texts.join("; ")]));
}

/** Which entry of a list is meant, as it was filled in; nothing for a field that is no list. */
function entryName(list: unknown, member: string): string {
  const [index = ""] = member.split(".");
  if (!Array.isArray(list) || !/^\d+$/.test(index)) return "";
  const entry: unknown = list[Number(index)];
  return typeof entry === "string" && entry !== "" ? entry.slice(0, MAX_ENTRY) : `No. ${Number(index) + 1}`;
}

/** As much of an entry as is repeated beside its problem. */
const MAX_ENTRY = 60;

/** What several sources have found; of a field, what the first says. */
export function allProblems(...sources: readonly Problems[]): Problems {
  return Object.assign({}, ...sources.toReversed());
}

function toldBy(refusal: Refusal): readonly FieldProblem[] {
  const fields = problemsIn(refusal);
  if (fields.length > 0) return fields;
  const field = refusal.details?.["field"];
  return [{ field: typeof field === "string" ? field : "", problem: problemOf(refusal) }];
}
