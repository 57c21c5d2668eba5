/** A mistake in the API's document, or a warning for its owner. */
export interface Problem {
  /** The operation, such as `GET /v1/vaults`, or the part of the document. */
  readonly where: string;
  readonly problem: string;
  /** The line to write instead; absent where the sentence says it. */
  readonly write?: string;
}

/** Collects problems, so that one run reports all of them. */
export class Findings {
  /** Each of them fails the build. */
  readonly mistakes: Problem[] = [];
  readonly warnings: Problem[] = [];

  mistake(where: string, problem: string, write?: string): void {
    this.mistakes.push(write === undefined ? { where, problem } : { where, problem, write });
  }

  warn(where: string, problem: string, write?: string): void {
    this.warnings.push(write === undefined ? { where, problem } : { where, problem, write });
  }
}

export type JsonObject = { readonly [member: string]: unknown };

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A copy whose parts are each used once. YAML's aliases and references share parts: a change in one place is one in all. */
export function ownCopy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ownCopy);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([member, inner]) => [member, ownCopy(inner)]));
}
