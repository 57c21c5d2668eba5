import type { z } from "zod";
import { refuse, type Refusal } from "../core/refusal.ts";

type Issue = z.core.$ZodIssue;

/** What is wrong with the form of a request, rather than with a value of the right type. */
const FORM_ISSUES = ["invalid_type", "unrecognized_keys", "invalid_union", "invalid_key", "invalid_element"];

/**
 * Parses a part of a request; a refusal names the field. In a body, a type that does not fit is 400, and a value of
 * the right type that cannot be is 422.
 */
export function parse(
  schema: z.ZodType | undefined,
  value: unknown,
  inBody = false,
): { value: unknown } | Refusal {
  if (schema === undefined) return { value: undefined };
  const parsed = schema.safeParse(value);
  if (parsed.success) return { value: parsed.data };
  const issue = meantIssue(parsed.error.issues[0] as Issue);
  const path = issue.code === "unrecognized_keys" ? [...issue.path, issue.keys[0]] : issue.path;
  const field = path.join(".");
  const details = { ...(field && { field }), problem: issue.message };
  const badValue = inBody && !FORM_ISSUES.includes(issue.code);
  return refuse(badValue ? "invalid_value" : "invalid_request", { details });
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
