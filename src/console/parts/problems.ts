import type { ApiRefusal } from "../api.ts";

/** What is wrong with the fields of a form, by the field's name; `""` for what is about no field of it. */
export type Problems = Readonly<Partial<Record<string, string>>>;

/**
 * What the control API has found wrong with what was filled in, for the form to show; `null` when the refusal is about
 * something else. A field of the API that the form has in parts counts for the field that its name begins with.
 */
export function problemsOf(refusal: ApiRefusal, fields: readonly string[]): Problems | null {
  if (refusal.code !== "invalid_value" && refusal.code !== "invalid_request") return null;
  const { field, problem } = refusal.details;
  const name = typeof field === "string" ? field : "";
  const text = typeof problem === "string" ? problem : refusal.message;
  const [own = "", ...within] = name.split(".");
  if (!fields.includes(own)) return { "": name === "" ? text : `${name}: ${text}` };
  return { [own]: within.length === 0 ? text : `${within.join(".")}: ${text}` };
}
