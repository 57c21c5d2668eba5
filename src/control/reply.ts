import type { z } from "zod";
import type { Wire } from "../api-types/common.ts";
import type { Exact } from "../api-types/exact.ts";
import type { LineStream } from "./line-stream.ts";

type SuccessStatus = 200 | 201 | 204;

/** What an endpoint answers with one status, as the OpenAPI document describes it. */
interface Answer {
  readonly description: string;
  readonly schema?: z.ZodType;
  /** The schema of each line, where a client that accepts NDJSON gets it. */
  readonly lines?: z.ZodType<object>;
  readonly headers?: z.ZodObject;
}

/** The answers of an endpoint that does not refuse. */
export type Success = Readonly<Partial<Record<SuccessStatus, Answer>>>;

/** What may be answered: for each status of `S` the body and the headers that fit its schemas, and nothing else. */
export type ReplyOf<S extends Success> = {
  [Status in keyof S & SuccessStatus]: { readonly status: Status } & ContentOf<S[Status]> &
    HeadersOf<S[Status]>;
}[keyof S & SuccessStatus];

type ContentOf<A> =
  | (A extends { readonly schema: infer Schema extends z.ZodType }
      ? { readonly body: Exact<Wire<Schema>>; readonly lines?: undefined }
      : { readonly body?: undefined; readonly lines?: undefined })
  | (A extends { readonly lines: infer Line extends z.ZodType<object> }
      ? { readonly lines: LineStream<Wire<Line>>; readonly body?: undefined }
      : never);

type HeadersOf<A> = A extends { readonly headers: infer Headers extends z.ZodObject }
  ? { readonly headers: Wire<Headers> }
  : { readonly headers?: undefined };

/** Any of them, for what sends it. */
export interface Reply {
  readonly status: SuccessStatus;
  readonly body?: unknown;
  readonly lines?: Pick<LineStream<object>, "readable"> | undefined;
  readonly headers?: Readonly<Record<string, unknown>> | undefined;
}
