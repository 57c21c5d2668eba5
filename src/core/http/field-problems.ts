import { withoutSecrets } from "../key/key-secret.ts";
import { refuse, type Refusal } from "../refusal.ts";

/** What is wrong with a field, for the person who has filled it in. */
export interface FieldProblem {
  /** Its path, with dots between the names; empty for the whole body. */
  readonly field: string;
  readonly problem: string;
}

/** The most problems in one refusal. */
export const MAX_PROBLEMS = 100;

/** Refuses a request for everything that is wrong with it: for its form, or else for its values. */
export function refuseProblems(
  problems: readonly FieldProblem[],
  code: "invalid_request" | "invalid_value" = "invalid_value",
): Refusal {
  const distinct = new Map(problems.map((each) => [`${each.field}\n${each.problem}`, each]));
  const fields = [...distinct.values()]
    .slice(0, MAX_PROBLEMS)
    .map(({ field, problem }) => ({ field: withoutSecrets(field), problem: withoutSecrets(problem) }));
  const [first] = fields;
  return refuse(code, {
    details: { ...(first?.field && { field: first.field }), problem: first?.problem, fields },
  });
}

/** Adds the list `fields` to a refusal that names one field only. */
export function withFields(refusal: Refusal): Refusal {
  const { field = "", problem, fields } = refusal.details ?? {};
  if (typeof problem !== "string" || fields !== undefined) return refusal;
  return { ...refusal, details: { ...refusal.details, fields: [{ field, problem }] } };
}

/** The problems in a refusal of {@link refuseProblems}. */
export function problemsIn({ details }: Refusal): readonly FieldProblem[] {
  return (details?.["fields"] ?? []) as readonly FieldProblem[];
}
