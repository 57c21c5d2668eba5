/** What the document lets clients send, and the gateway keeps from the API. */

import { barredFromOrigin } from "../core/http/header-policy.ts";
import { isObject, type Findings, type JsonObject } from "./problem.ts";

const METHOD = /^(?:get|put|post|delete|options|head|patch)$/;
/** Headers that nobody expects to pass: the credential, and those of the connection. */
const SILENT = new Set([
  "authorization",
  "connection",
  "content-length",
  "expect",
  "host",
  "te",
  "transfer-encoding",
]);

/** Tells of headers and bodies that the document describes and that never reach the API, each once. */
export function tellUnforwarded(document: JsonObject, findings: Findings): void {
  const headers = new Map<string, string[]>();
  const bodies: string[] = [];
  const note = (parameter: unknown, where: string) => {
    const name = isObject(parameter) && parameter["in"] === "header" ? parameter["name"] : undefined;
    if (typeof name !== "string") return;
    const key = name.toLowerCase();
    if (!SILENT.has(key) && barredFromOrigin(key)) headers.set(name, [...(headers.get(name) ?? []), where]);
  };
  for (const [path, item] of entriesOf(document["paths"])) {
    for (const parameter of listOf(item, "parameters")) note(parameter, path);
    for (const [member, operation] of entriesOf(item)) {
      if (!METHOD.test(member) || !isObject(operation)) continue;
      const where = `${member.toUpperCase()} ${path}`;
      for (const parameter of listOf(operation, "parameters")) note(parameter, where);
      if ((member === "get" || member === "head") && isObject(operation["requestBody"])) bodies.push(where);
    }
  }
  for (const [name, places] of headers) {
    findings.warn(
      counted(places),
      `the header ${name} never reaches the API, because clients could claim by it what only a gateway may say`,
    );
  }
  if (bodies.length > 0) {
    findings.warn(counted(bodies), "with a body it is refused (400), because a Worker cannot send one on");
  }
}

/** The first place, and how many more there are. */
function counted([first = "", ...more]: readonly string[]): string {
  return more.length === 0 ? first : `${first} and ${more.length} more`;
}

function entriesOf(value: unknown): [string, unknown][] {
  return isObject(value) ? Object.entries(value) : [];
}

function listOf(value: unknown, member: string): unknown[] {
  const list = isObject(value) ? value[member] : undefined;
  return Array.isArray(list) ? list : [];
}
