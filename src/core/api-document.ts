/** What the gateway reads of an OpenAPI 3.1 document; everything else in it is left to other tools. */

import { z } from "zod";
import { PLAIN_SEGMENT } from "./scope.ts";

/** A mistake in the document. The message starts with the operation, or the part of the document, that it is in. */
export class PolicyError extends Error {
  constructor(where: string, mistake: string) {
    super(`${where}: ${mistake}`);
    this.name = "PolicyError";
  }
}

const NAME = /^[A-Za-z][\w-]*$/;

const link = z.url({ protocol: /^https?$/ });
const externalDocs = z.object({ url: link });
const date = z.union([z.iso.date(), z.iso.datetime({ offset: true })], {
  error: "must be an RFC 3339 date or date-time",
});

const resourceType = z.strictObject({
  description: z.string().optional(),
  segments: z.array(
    z.strictObject({
      name: z.string().regex(NAME),
      description: z.string().optional(),
      values: z.array(z.string().regex(PLAIN_SEGMENT)).min(1).optional(),
    }),
  ),
});

/** One requirement object: security scheme → scopes. */
const security = z.array(z.record(z.string(), z.array(z.string())));

export const documentSchema = z.object({
  openapi: z.string().regex(/^3\.1\.\d+$/, "must be a 3.1 version"),
  servers: z
    .array(
      z.object({
        url: z
          .string()
          .regex(
            /^(?:[a-z]+:\/\/[^/]*)?\/?$/i,
            "must have no path: paths are matched as they are in `paths`",
          ),
      }),
    )
    .optional(),
  paths: z.unknown(),
  components: z.object({ securitySchemes: z.record(z.string(), z.unknown()).optional() }).optional(),
  security: security.optional(),
  externalDocs: externalDocs.optional(),
  "x-portcullis-resources": z.record(z.string().regex(NAME), resourceType),
  "x-portcullis-deprecation-link": link.optional(),
});

export const operationSchema = z.object({
  operationId: z.string().min(1).optional(),
  security: security.optional(),
  deprecated: z.boolean().optional(),
  externalDocs: externalDocs.optional(),
  "x-portcullis-resource": z.string().optional(),
  "x-portcullis-list": z
    .strictObject({
      items: z.string().regex(/^[^.]+(?:\.[^.]+)*$/, "must be member names joined by dots"),
      id: z.string().min(1),
      resource: z.string(),
    })
    .optional(),
  "x-portcullis-deprecation": date.optional(),
  "x-portcullis-sunset": date.optional(),
  "x-portcullis-deprecation-link": link.optional(),
});

export type ApiDocument = z.infer<typeof documentSchema>;
export type ApiOperation = z.infer<typeof operationSchema>;

/** Methods as a path item spells them. TRACE is not among them, because a Worker cannot send it on. */
const METHODS = new Set(["get", "put", "post", "delete", "options", "head", "patch"]);
const OTHER_MEMBERS = new Set(["summary", "description", "servers", "parameters"]);

/**
 * Reads a part of the document. An `x-portcullis-` member that the schema does not know is a mistake, because a
 * misspelled one would silently leave an operation unguarded.
 * @throws PolicyError
 */
export function readPart<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  value: unknown,
  where: string,
): z.infer<z.ZodObject<Shape>> {
  const result = schema.safeParse(value);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw new PolicyError(where, [...(issue?.path ?? []).map(String), issue?.message].join(": "));
  }
  const unknown = Object.keys(value as object).find(
    (member) => member.startsWith("x-portcullis-") && !Object.hasOwn(schema.shape, member),
  );
  if (unknown !== undefined) throw new PolicyError(where, `${unknown} means nothing here`);
  return result.data;
}

/**
 * The operations as the document lists them, not yet read. What the gateway would overlook in a path item is a mistake.
 * @throws PolicyError
 */
export function listOperations(
  document: ApiDocument,
): readonly { readonly method: string; readonly path: string; readonly value: unknown }[] {
  return members(document.paths, "paths").flatMap(([path, item]) =>
    members(item, path).flatMap(([member, value]) => {
      if (METHODS.has(member)) return [{ method: member.toUpperCase(), path, value }];
      if (OTHER_MEMBERS.has(member)) return [];
      throw new PolicyError(path, `${member} is not supported in a path item`);
    }),
  );
}

/** The members of an object, without the extensions that other tools may have put there. */
function members(value: unknown, where: string): [string, unknown][] {
  return Object.entries(readPart(z.looseObject({}), value, where)).filter(([name]) => !name.startsWith("x-"));
}
