import { REFUSALS, type RefusalCode } from "./refusal-table.ts";

/** Why a request, or a value of it, is refused: the code, and what only this case knows about it. */
export interface Refusal<Code extends RefusalCode = RefusalCode> {
  readonly code: Code;
  /** Sent to the client as `error.details`; for 422 it names the `field`. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** Whole seconds, at least 1; for 429 and 503. */
  readonly retryAfter?: number;
  /** The scopes that were missing, space-separated (RFC 6750 section 3); for `insufficient_scope`. */
  readonly scope?: string;
  /** Methods that would be allowed (RFC 9110 section 10.2.1); for `method_not_allowed`. */
  readonly allow?: string;
  /** Set when the caller has shown a right secret, which the code alone does not tell. */
  readonly secretShown?: true;
  /** For the operator's log alone. */
  readonly reason?: string;
}

/**
 * The value of a step, or its refusal: the one result type inside, across RPC included. What is thrown is a fault. Each
 * surface has one place that turns a refusal into its own form.
 */
export type Result<T, R extends Refusal = Refusal> = T | R;

type Extra = Omit<Refusal, "code">;

/** The codes that say that something here has failed. */
type FailureCode = {
  [Code in RefusalCode]: (typeof REFUSALS)[Code]["status"] extends 500 | 503 ? Code : never;
}[RefusalCode];

/** A failure needs its reason: the code alone does not tell an operator what to do. */
type ExtraOf<Code extends RefusalCode> = [Extract<Code, FailureCode>] extends [never]
  ? [extra?: Extra]
  : [extra: Extra & { readonly reason: string }];

export function refuse<Code extends RefusalCode>(code: Code, ...[extra]: ExtraOf<Code>): Refusal<Code> {
  return { code, ...extra };
}

/** Refuses a value, in a sentence for the person who has given it; `field` is where it stands, if it has a place. */
export function invalid(problem: string, field?: string): Refusal {
  return refuse("invalid_value", { details: { ...(field !== undefined && { field }), problem } });
}

/** The sentence of {@link invalid}; of other refusals, the message of their code. */
export function problemOf({ code, details }: Refusal): string {
  const problem = details?.["problem"];
  return typeof problem === "string" ? problem : REFUSALS[code].message;
}

/** Tells a refusal from a value; no value has a `code` out of the table. */
export function isRefusal(outcome: unknown): outcome is Refusal {
  return (
    typeof outcome === "object" &&
    outcome !== null &&
    "code" in outcome &&
    typeof outcome.code === "string" &&
    Object.hasOwn(REFUSALS, outcome.code)
  );
}

/** The opposite of {@link isRefusal}, to sort out lists with. */
export function isAccepted<T>(outcome: Result<T>): outcome is T {
  return !isRefusal(outcome);
}
