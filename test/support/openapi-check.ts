import { NDJSON } from "../../src/core/http/ndjson.ts";
import { z } from "zod";

interface Answer {
  readonly headers?: Readonly<Record<string, { readonly schema: object; readonly required?: boolean }>>;
  readonly content?: Readonly<
    Partial<Record<"application/json" | typeof NDJSON, { readonly schema: object }>>
  >;
}

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly { readonly in: string; readonly name: string }[];
  readonly responses: Readonly<Record<string, Answer>>;
}

/** The parts of an OpenAPI 3.1 document that answers are held against. */
export interface OpenApiDocument {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

/** Throws when an answer to a request is not one that the document describes. Reads the answer's body. */
type CheckAnswer = (method: string, path: string, answer: Response) => Promise<void>;

/**
 * Prepares a document for checking: status, required headers and JSON body, which must hold nothing that is not
 * described. What the document does not serve must be refused with 404 or 405.
 */
export function compileOpenApi(document: OpenApiDocument): CheckAnswer {
  const schemas = compileSchemas(document);
  return async (method, path, answer) => {
    const where = `${method} ${path} → ${answer.status}`;
    const served = findPath(document, path);
    const operation = served?.[method === "HEAD" ? "get" : method.toLowerCase()];
    const described = operation?.responses[answer.status] ?? undescribed(served, answer.status);
    if (described === undefined) throw new Error(`${where} is not described`);
    for (const [name, { schema, required }] of Object.entries(described.headers ?? {})) {
      const value = answer.headers.get(name) ?? undefined;
      if (value === undefined && !required) continue;
      mustFit(schemas(schema), value, `${where}, header ${name}`);
    }
    const text = await answer.text();
    if (answer.headers.get("Content-Type") === NDJSON) {
      const line = described.content?.[NDJSON]?.schema;
      if (line === undefined) throw new Error(`${where} has lines`);
      for (const each of text.trimEnd().split("\n")) mustFit(schemas(line), JSON.parse(each), where);
      return;
    }
    const schema = described.content?.["application/json"]?.schema;
    if (method === "HEAD" || schema === undefined) {
      if (text !== "") throw new Error(`${where} has a body`);
      return;
    }
    mustFit(schemas(schema), JSON.parse(text), where);
  };
}

function findPath(document: OpenApiDocument, path: string): Readonly<Record<string, Operation>> | undefined {
  const segments = path.replace(/\?.*/, "").split("/");
  const fits = (template: string): boolean => {
    const parts = template.split("/");
    return parts.length === segments.length && parts.every((part, i) => matches(part, segments[i] ?? ""));
  };
  const found = Object.keys(document.paths).find(fits);
  return found === undefined ? undefined : document.paths[found];
}

function matches(part: string, segment: string): boolean {
  return part.startsWith("{") ? segment !== "" : part === segment;
}

/** What every path and method answers that the document does not name. */
function undescribed(served: object | undefined, status: number): Answer | undefined {
  if (status !== (served === undefined ? 404 : 405)) return undefined;
  return { content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } } };
}

/** Compiles each schema of a document once; its components are found where `$ref` looks for them. */
function compileSchemas(document: OpenApiDocument): (schema: object) => z.ZodType {
  const compiled = new Map<object, z.ZodType>();
  const definitions = closed(document.components.schemas);
  return (schema) => {
    const known = compiled.get(schema);
    if (known !== undefined) return known;
    const root = { $defs: definitions, ...(closed(schema) as object) };
    const made = z.fromJSONSchema(root as z.core.JSONSchema.JSONSchema);
    compiled.set(schema, made);
    return made;
  };
}

/** The schema with `#/$defs/` for `#/components/schemas/`, and every object closed that lists its properties. */
function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed);
  if (typeof value !== "object" || value === null) return value;
  const copy = Object.fromEntries(Object.entries(value).map(([name, member]) => [name, closed(member)]));
  if (typeof copy["$ref"] === "string")
    copy["$ref"] = copy["$ref"].replace("#/components/schemas/", "#/$defs/");
  if ("properties" in copy && !("additionalProperties" in copy)) copy["additionalProperties"] = false;
  return copy;
}

function mustFit(schema: z.ZodType, value: unknown, where: string): void {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new Error(`${where}: ${z.prettifyError(parsed.error)}`);
}
