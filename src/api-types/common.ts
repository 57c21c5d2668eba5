import { z } from "@hono/zod-openapi";
import { plainName } from "../core/organization/plain-name.ts";

/** The JSON that a schema describes, as those who send it and those who read it hold it. */
export type Wire<Schema extends z.ZodType> = DeepReadonly<z.output<Schema>>;

type DeepReadonly<T> = T extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Name in keyof T]: DeepReadonly<T[Name]> }
    : T;

/** ISO 8601 in UTC. */
export const Timestamp = z.iso.datetime().openapi({ example: "2026-11-20T09:30:00.000Z" });

/** What keys and service users are called, in the one spelling in which names are kept. */
export const Name = z
  .string()
  .trim()
  .refine((text) => !/\p{Cc}/u.test(text), "Must not hold control characters")
  .overwrite(plainName)
  .min(1, "Must not be empty")
  .max(100, "Must have at most 100 characters")
  .openapi({ example: "Reporting service" });

/** Why somebody did something, in one line: what cannot be seen is left out, since nothing must hold up a revocation. */
export const Reason = z
  .string()
  .overwrite(plainName)
  .min(1, "Must not be empty")
  .max(500, "Must have at most 500 characters");

/** Roles on vaults: vault id, or `*` for every vault, to the roles held there. */
export const VaultRolesSchema = z
  .record(z.string(), z.array(z.string()))
  .openapi({ example: { vault_3f8a2c1d9b: ["developer"] } });

export const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 500;

/** How many items a page holds at most. */
export const Limit = z
  .string()
  .regex(/^[1-9]\d*$/, "must be a whole number, at least 1")
  .transform((text) => Math.min(Number(text), MAX_LIMIT))
  .default(DEFAULT_LIMIT)
  .openapi({ type: "integer", minimum: 1, default: DEFAULT_LIMIT, description: `Capped at ${MAX_LIMIT}.` });

/** What a list is asked for that has nothing to filter by. */
export const PageQuery = z.strictObject({ limit: Limit, nextCursor: z.string().optional() });

const Pagination = z.object({ limit: z.int(), nextCursor: z.string().nullable() }).openapi("Pagination");

/** A page of a list, under its name in the OpenAPI document. */
export function pageOf<Item extends z.ZodType>(item: Item, name: string) {
  return z.object({ data: z.array(item), pagination: Pagination }).openapi(name);
}

export interface Page<Item> {
  readonly data: readonly Item[];
  readonly pagination: Wire<typeof Pagination>;
}
