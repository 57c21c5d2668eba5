import { z } from "zod";
import type { Result } from "../core/refusal.ts";
import { issueText } from "./issue-text.ts";
import { MAX_PROBLEMS, refuseProblems, type FieldProblem } from "../core/http/field-problems.ts";
import { isRecord } from "../core/json.ts";

type Issue = z.core.$ZodIssue;
type Schema = z.ZodType | undefined;

/** What a schema makes of a part of a request. */
export type Parsed<T extends Schema> = T extends z.ZodType ? z.output<T> : undefined;
/** The fields of it that fit, where not all do. */
export type Fitting<T extends Schema> = Partial<NonNullable<Parsed<T>>>;

/** What is wrong with the form of a request, rather than with a value of the right type. */
const FORM_ISSUES = ["invalid_type", "unrecognized_keys", "invalid_union", "invalid_key", "invalid_element"];

/** Letters of a field's path that a refusal repeats. */
const MAX_FIELD_LENGTH = 256;

/**
 * Parses a part of a request; a refusal tells of everything that is wrong with it. In a body, a type that does not fit
 * is 400, and a value of the right type that cannot be is 422.
 */
export function parse<T extends Schema>(
  schema: T | z.ZodType | undefined,
  value: unknown,
  inBody?: boolean,
  check?: (fitting: Fitting<T>) => readonly FieldProblem[],
): Result<{ value: Parsed<T> }>;
export function parse(
  schema: Schema,
  value: unknown,
  inBody = false,
  check: (fitting: Readonly<Record<string, unknown>>) => readonly FieldProblem[] = () => [],
): Result<{ value: unknown }> {
  if (schema === undefined) return { value: undefined };
  const parsed = schema.safeParse(value, { error: issueText });
  const issues = (parsed.error?.issues ?? []).map(meantIssue);
  const found = check(parsed.success ? recordOf(parsed.data) : fittingFields(schema, value));
  const unseen = inBody ? unfit(value) : [];
  const problems = [...issues.flatMap(problemsOf), ...unseen, ...found];
  if (problems.length === 0) return { value: parsed.data };
  const ofForm = !inBody || unseen.length > 0 || issues.some(({ code }) => FORM_ISSUES.includes(code));
  return refuseProblems(problems, ofForm ? "invalid_request" : "invalid_value");
}

/** The fields of an object that fit its schema, where not all of them do. */
export function fittingFields<T extends z.ZodType>(schema: T, value: unknown): Fitting<T>;
export function fittingFields(schema: z.ZodType, value: unknown): Readonly<Record<string, unknown>> {
  const object = schema instanceof z.ZodOptional ? schema.unwrap() : schema;
  if (!(object instanceof z.ZodObject)) return {};
  const fields = Object.entries(recordOf(value)).flatMap(([name, each]) => {
    const field = Object.hasOwn(object.shape, name) ? object.shape[name] : undefined;
    const parsed = field?.safeParse(each);
    return parsed?.success ? [[name, parsed.data] as const] : [];
  });
  return Object.fromEntries(fields);
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : {};
}

/** A problem for each unknown name: zod's one message lists all of them, however many and long they are. */
function problemsOf(issue: Issue): FieldProblem[] {
  if (issue.code !== "unrecognized_keys") return [{ field: fieldOf(issue.path), problem: issue.message }];
  return issue.keys.slice(0, MAX_PROBLEMS).map((key) => ({
    field: fieldOf([...issue.path, key]),
    problem: NO_SUCH_FIELD,
  }));
}

const NO_SUCH_FIELD = "There is no such field";
const HALVED = "Must be Unicode text, and holds half a character";

/**
 * What no schema sees: texts with half of a surrogate pair, which UTF-8 cannot write and nothing can keep as they are
 * (RFC 8259 section 8.2); and `__proto__`, which zod leaves out of what it parses and tells of in some objects only.
 */
function unfit(value: unknown, path: readonly PropertyKey[] = []): FieldProblem[] {
  if (typeof value === "string") {
    return value.isWellFormed() ? [] : [{ field: fieldOf(path), problem: HALVED }];
  }
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, each]) => {
    const field = [...path, name];
    if (!name.isWellFormed()) return { field: fieldOf(field), problem: HALVED };
    return name === "__proto__" && !Array.isArray(value)
      ? { field: fieldOf(field), problem: NO_SUCH_FIELD }
      : unfit(each, field);
  });
}

function fieldOf(path: readonly PropertyKey[]): string {
  return path.join(".").slice(0, MAX_FIELD_LENGTH).toWellFormed();
}

/**
 * Of alternatives, the issue of the one that the value was meant for: its type fits, something in it does not. Of a name
 * that cannot be, what is wrong with the name.
 */
function meantIssue(issue: Issue): Issue {
  if (issue.code === "invalid_key") return { ...issue, message: issue.issues[0]?.message ?? issue.message };
  if (issue.code !== "invalid_union") return issue;
  const within = issue.errors
    .flatMap(([first]) => first ?? [])
    .find(({ path, code }) => path.length > 0 || (code !== "invalid_type" && code !== "invalid_value"));
  return within === undefined ? issue : meantIssue({ ...within, path: [...issue.path, ...within.path] });
}
