import { readAtMost } from "../core/http/body.ts";
import { refuseProblems } from "../core/http/field-problems.ts";
import { nestsTooDeep } from "../core/http/json-depth.ts";
import { repeatedName } from "../core/http/json-names.ts";
import { NDJSON } from "../core/http/ndjson.ts";
import { withoutSecrets } from "../core/key/key-secret.ts";
import { plainName } from "../core/organization/plain-name.ts";
import { isRefusal, refuse, type Refusal, type Result } from "../core/refusal.ts";

/** The control API's bodies are small: the largest holds ten thousand ids. */
const MAX_BODY_BYTES = 4_194_304;

/** A name that a caller chose is cut to so many letters. */
const MAX_NAME_LENGTH = 256;

/** Reads a body of any type to its end. */
export function readBytes(request: Request): Promise<Result<Uint8Array>> {
  return readAtMost(request.body, MAX_BODY_BYTES);
}

/** Reads a JSON body (RFC 8259: UTF-8) of one of these media types. A body that is absent reads as `undefined`. */
export async function readBody(
  request: Request,
  mediaTypes: readonly string[] = ["application/json"],
): Promise<Result<{ value: unknown }>> {
  const bytes = await readBytes(request);
  if (isRefusal(bytes)) return bytes;
  const body = parseBody(request, bytes, mediaTypes);
  return isRefusal(body) ? body : (repetition(bytes) ?? body);
}

/** The refusal of JSON that says something twice: one reader takes the first of it and another the last. */
export function repetition(bytes: Uint8Array): Refusal | null {
  const name = repeatedName(new TextDecoder().decode(bytes));
  if (name === null) return null;
  const field = withoutSecrets(plainName(name.slice(0, MAX_NAME_LENGTH)));
  return refuseProblems([{ field, problem: "Stands twice in one object" }], "invalid_request");
}

/** One line alone is JSON, too. */
const LINES = [NDJSON, "application/ndjson", "application/jsonl", "application/json"];

/** Whether a body says that it is lines of JSON. */
export function isLines(request: Request): boolean {
  return LINES.includes(mediaTypeOf(request) ?? "");
}

function mediaTypeOf(request: Request): string | undefined {
  return request.headers.get("Content-Type")?.split(";")[0]?.trim().toLowerCase();
}

/** Parses a body that has been read as JSON of one of these media types; an absent one is `undefined`. */
export function parseBody(
  request: Request,
  bytes: Uint8Array,
  mediaTypes: readonly string[] = ["application/json"],
): Result<{ value: unknown }> {
  const mediaType = mediaTypeOf(request);
  if (bytes.byteLength === 0) return { value: undefined };
  if (mediaType === undefined || !mediaTypes.includes(mediaType)) return refuse("unsupported_media_type");
  if (nestsTooDeep(bytes)) {
    return refuse("invalid_request", { details: { problem: "The body is nested too deep" } });
  }
  try {
    return {
      value: JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes)),
    };
  } catch {
    return refuse("invalid_request", { details: { problem: "The body is not JSON" } });
  }
}
