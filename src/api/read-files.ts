/** Reads an API's document and its overlay from their files. */

import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parse as parseYaml, YAMLParseError } from "yaml";
import { applyOverlay } from "./overlay.ts";
import { isTooDeep, TOO_DEEP } from "./nesting.ts";
import { isObject, type Findings, type JsonObject } from "./problem.ts";
import { inlinePaths } from "./references.ts";
import { systemCodeOf } from "../core/thrown.ts";

export interface Sources {
  readonly document: string;
  /** `null` for none. */
  readonly overlay: string | null;
}

const ROOT = join(import.meta.dirname, "../..");
export const SAMPLE_DOCUMENT = join(import.meta.dirname, "openapi.yaml");
/** How much the aliases of a YAML file may stand for, so that a short file cannot become a huge document. */
const MAX_ALIASES = 10_000;
const URL_NAME = /^https?:\/\//i;
/** A reference to another file. */
const EXTERNAL_REFERENCE = /\$ref["']?\s*:\s*(?:["'](?!#)|[^"'#\s])/;

/**
 * The files that `API_DOCUMENT` and `API_OVERLAY` name. Without the one it is the sample, without the other
 * `overlay.yaml` beside the document, if there is one.
 */
export function sourcesOf(variables: Readonly<Record<string, string | undefined>>): Sources {
  const named = variables["API_DOCUMENT"];
  const document = named === undefined || named === "" ? SAMPLE_DOCUMENT : resolveFile(named);
  const overlay = variables["API_OVERLAY"];
  if (overlay !== undefined && overlay !== "") return { document, overlay: resolveFile(overlay) };
  const beside = join(dirname(document), "overlay.yaml");
  return { document, overlay: existsSync(beside) && beside !== document ? beside : null };
}

/** Resolves a path from the directory of the command, or else from the project. */
function resolveFile(name: string): string {
  const here = join(process.env["INIT_CWD"] ?? process.cwd(), name);
  if (name.startsWith("/") || isUrl(name)) return name;
  return existsSync(here) ? here : join(ROOT, name);
}

/** Whether a name is not that of a file. */
export function isUrl(name: string): boolean {
  return URL_NAME.test(name);
}

/** The document as the gateway reads it: one piece, references in its paths followed, the overlay applied. */
export async function readSources(sources: Sources, findings: Findings): Promise<JsonObject | null> {
  const own = await readDocument(sources.document, findings);
  if (own === null) return null;
  const whole = inlinePaths(own, findings);
  if (sources.overlay === null) return whole;
  const overlay = readFile(sources.overlay, findings);
  return overlay === undefined ? whole : inlinePaths(applyOverlay(whole, overlay.value, findings), findings);
}

async function readDocument(file: string, findings: Findings): Promise<JsonObject | null> {
  const read = readFile(file, findings);
  if (read === undefined) return null;
  if (!isObject(read.value)) {
    findings.mistake(file, "is no OpenAPI document: it must be an object");
    return null;
  }
  if (!EXTERNAL_REFERENCE.test(read.text)) return read.value;
  const whole = await bundleFiles(file, read.value);
  if (!isTooDeep(whole)) return whole;
  findings.mistake(file, TOO_DEEP);
  return null;
}

/** Parses a JSON or YAML file; `undefined` after telling what is wrong. */
function readFile(
  file: string,
  findings: Findings,
): { readonly text: string; readonly value: unknown } | undefined {
  let text: string;
  try {
    text = readFileSync(file, "utf8").replace(/^\uFEFF/, "");
  } catch (error) {
    tellUnreadable(file, systemCodeOf(error) ?? String(error), findings);
    return undefined;
  }
  try {
    const value = parseText(text);
    if (!isTooDeep(value)) return { text, value };
    findings.mistake(file, TOO_DEEP);
  } catch (error) {
    findings.mistake(file, parseProblem(error));
  }
  return undefined;
}

/** Why a file cannot be read, by the code of the system's error. */
const UNREADABLE: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EISDIR: "is a directory: name the file in it that has the paths",
  EACCES: "cannot be read: permission denied",
};

function tellUnreadable(file: string, code: string, findings: Findings): void {
  if (!isUrl(file)) return findings.mistake(file, UNREADABLE[code] ?? `cannot be read: ${code}`);
  findings.mistake(
    file,
    "is a URL, and only files are read: fetch it first",
    `curl -fL -o openapi.yaml '${file}'`,
  );
}

function parseProblem(error: unknown): string {
  // The YAML parser tells of the end of its stack in a message of its own.
  if (/call stack/.test(String(error))) return TOO_DEEP;
  if (error instanceof ReferenceError) return `is YAML whose aliases stand for too much: ${error.message}`;
  const line = error instanceof YAMLParseError ? error.message.split(":\n")[0] : String(error);
  return `is neither JSON nor YAML: ${line}`;
}

function parseText(text: string): unknown {
  if (text.trimStart().startsWith("{")) {
    try {
      return JSON.parse(text);
    } catch {
      // YAML may begin with a brace, too; its parser says where the mistake is.
    }
  }
  return parseYaml(text, { merge: true, maxAliasCount: MAX_ALIASES, logLevel: "error" });
}

/** Puts the files that a document refers to into it. What leads nowhere stays as it is, and counts where it is used. */
async function bundleFiles(file: string, fallback: JsonObject): Promise<JsonObject> {
  const { BaseResolver, bundle, createConfig } = await import("@redocly/openapi-core");
  const customFetch = () => Promise.reject(new Error("only files are read"));
  const externalRefResolver = new BaseResolver({ http: { headers: [], customFetch } });
  try {
    const { bundle: whole } = await bundle({
      ref: file,
      config: await createConfig({}),
      externalRefResolver,
    });
    return isObject(whole.parsed) ? whole.parsed : fallback;
  } catch {
    return fallback;
  }
}
