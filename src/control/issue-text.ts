import type { z } from "zod";

type Issue = z.core.$ZodRawIssue;

const TYPES: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  record: "an object",
  null: "null",
};
const FORMATS: Readonly<Record<string, string>> = {
  datetime: "a time as ISO 8601 writes it, like 2026-11-20T09:30:00Z",
  url: "a URL",
  email: "an email address",
};

/** What is wrong with a value, in a sentence, wherever its schema has no words of its own. */
export function issueText(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      return issue.input === undefined
        ? "Is missing"
        : `Must be ${TYPES[issue.expected] ?? "of another type"}`;
    case "invalid_value":
      return `Must be ${issue.values.length === 1 ? "" : "one of "}${issue.values.map(String).join(", ")}`;
    case "too_big":
      return `Must ${sizeText(issue.origin, "at most", Number(issue.maximum))}`;
    case "too_small":
      if (issue.origin !== "number" && Number(issue.minimum) === 1) return "Must not be empty";
      return `Must ${sizeText(issue.origin, "at least", Number(issue.minimum))}`;
    case "invalid_format":
      return `Must be ${FORMATS[issue.format] ?? "of another form"}`;
    case "unrecognized_keys":
      return "There is no such field";
    case "invalid_key":
    case "invalid_element":
    case "invalid_union":
    case "not_multiple_of":
    case "custom":
      return "Must be of one of the forms that the API describes";
  }
}

const NUMBER = new Intl.NumberFormat("en");

function sizeText(origin: string, limit: string, bound: number): string {
  const size = NUMBER.format(bound);
  if (origin === "string") return `have ${limit} ${size} characters`;
  if (origin === "array") return `have ${limit} ${size} entries`;
  return `be ${limit} ${size}`;
}
