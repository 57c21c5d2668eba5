import type { z } from "zod";
import type { FieldProblem } from "../core/http/field-problems.ts";
import type { ChangingOperation } from "../core/organization/audit-event.ts";
import type { Actor } from "../core/organization/organization.ts";
import type { Result } from "../core/refusal.ts";
import type { RefusalCode } from "../core/refusal-table.ts";
import type { Control } from "./context.ts";
import type { Fitting, Parsed } from "./parse.ts";
import type { ReplyOf, Success } from "./reply.ts";

/** The schema of named texts: parameters of the path or the query, or headers. */
export type Fields = z.ZodObject | undefined;

/** The schema of a JSON body. */
export type Json = z.ZodType | undefined;

/**
 * One operation of the control API. The same schemas describe it in OpenAPI, validate its requests, and type its answers.
 */
export type Endpoint<
  P extends Fields,
  Q extends Fields,
  H extends Fields,
  B extends Json,
  S extends Success,
> = Parts<P, Q, H, B, S> & Named;

type ChangingMethod = "post" | "patch" | "put" | "delete";

/**
 * How an operation is called. One that changes something has an event, under which a refused attempt at it is audited.
 * An operation may be safe even if its method is not (RFC 9110 section 9.2.1).
 */
type Named =
  | { readonly method: "get"; readonly safe?: undefined; readonly operationId: string }
  | { readonly method: ChangingMethod; readonly safe: true; readonly operationId: string }
  | { readonly method: ChangingMethod; readonly safe?: undefined; readonly operationId: ChangingOperation };

interface Parts<P extends Fields, Q extends Fields, H extends Fields, B extends Json, S extends Success> {
  /** With parameters as `{name}`. */
  readonly path: string;
  readonly summary: string;
  readonly tag: string;
  /** Who may ask: anybody with an identity token, or only operators. */
  readonly access?: "identity" | "operator";
  readonly params?: P;
  readonly query?: Q;
  /** The request headers that it reads. */
  readonly headers?: H;
  readonly body?: B;
  /** The schema of each line, for an endpoint that reads NDJSON as it comes. */
  readonly lineBody?: z.ZodType;
  /** What is wrong with values that the schema cannot know; it is given the fields that fit the schema. */
  readonly check?: (body: Fitting<B>, url: string) => readonly FieldProblem[];
  /** What else is wrong with them that only the organisation knows; asked where something is wrong already. */
  readonly checkFurther?: (
    input: { params: Parsed<P>; body: Fitting<B> },
    actor: Actor,
  ) => Promise<readonly FieldProblem[]>;
  /** Fields of the body that may hold a whole key: their values are never stored or shown. */
  readonly credentialFields?: readonly string[];
  readonly success: S;
  /** It works through very much, step by step, and each step has a time limit of its own. */
  readonly hasOwnLimits?: true;
  /** What it can refuse with, beyond what every endpoint can. */
  readonly refusals: readonly RefusalCode[];
  readonly run: (
    input: {
      params: Parsed<P>;
      query: Parsed<Q>;
      headers: Parsed<H>;
      body: Parsed<B>;
      /** For an endpoint with `lineBody`. */
      lines: ReadableStream<Uint8Array> | null;
    },
    actor: Actor,
    control: Control,
    url: string,
  ) => Promise<Result<ReplyOf<S>>>;
}
