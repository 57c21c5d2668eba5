/** A compiled document as `npm run check` prints it. */

import { canonicalPath } from "../core/policy/canonical-path.ts";
import { formatResource } from "../core/policy/resource-types.ts";
import { loadPolicy, type OperationEntry, type PolicyTable } from "../core/policy/route-policy.ts";
import type { Problem } from "./problem.ts";

/** Problems, each with the line to write. */
export function problemLines(title: string, problems: readonly Problem[]): string[] {
  if (problems.length === 0) return [];
  const count = `${problems.length} ${title}${problems.length === 1 ? "" : "s"}`;
  return [
    count,
    ...problems.flatMap(({ where, problem, write }) => [
      `  ${where}: ${problem}`,
      ...(write === undefined ? [] : [`    write: ${write}`]),
    ]),
    "",
  ];
}

/** All operations, with what a key needs for each. */
export function operationLines({ operations }: PolicyTable): string[] {
  const rows = operations.map(
    (entry) => [entry.method, entry.path, needsOf(entry), remarksOf(entry)] as const,
  );
  const width = (column: 0 | 1 | 2) => Math.max(0, ...rows.map((row) => row[column].length));
  const [methods, paths, needs] = [width(0), Math.min(width(1), 60), Math.min(width(2), 40)];
  return [
    `${operations.length} operation${operations.length === 1 ? "" : "s"}`,
    ...rows.map(([method, path, need, remarks]) =>
      `  ${method.padEnd(methods)}  ${path.padEnd(paths)}  ${need.padEnd(needs)}  ${remarks}`.trimEnd(),
    ),
  ];
}

function needsOf({ public: isPublic, security = [] }: OperationEntry): string {
  if (security.length === 0) return "public";
  const scopes = security.map((alternative) => alternative.join(" and ")).join(", or ");
  return isPublic === true ? `${scopes}, or no credential` : scopes;
}

function remarksOf({ resource, list, cost, maxBodyBytes, timeoutMs, origin }: OperationEntry): string {
  return [
    resource === undefined ? "" : `on ${resource}`,
    list === undefined ? "" : `list of ${list.resource}`,
    cost === undefined ? "" : `costs ${cost}`,
    maxBodyBytes === undefined ? "" : `at most ${maxBodyBytes} bytes`,
    timeoutMs === undefined ? "" : `within ${timeoutMs} ms`,
    origin === undefined ? "" : `at ${origin[0]}`,
  ]
    .filter((remark) => remark !== "")
    .join("; ");
}

/** What `KEY_PREFIX` is where nobody sets it. */
const USUAL_PREFIX = "fkc";

/**
 * What keys begin with, where anybody has chosen it. Nothing here knows which keys were given out, so a prefix without a
 * former one is asked about. The deployment does know, and refuses to leave one out.
 */
export function prefixLines({ KEY_PREFIX, KEY_PREFIXES_ACCEPTED: text = "" }: Prefixes): string[] {
  const own = KEY_PREFIX ?? USUAL_PREFIX;
  const accepted = text.split(",").map((prefix) => prefix.trim());
  const former = accepted.filter((prefix) => prefix !== "" && prefix !== own);
  if (former.length > 0) {
    return ["", `keys begin with ${own}_; accepted, too: ${former.map((prefix) => `${prefix}_`).join(", ")}`];
  }
  if (own === USUAL_PREFIX) return [];
  return [
    "",
    `keys begin with ${own}_; no former prefix is accepted`,
    `  keys that were given out with another prefix (${USUAL_PREFIX}_ before one was chosen) are refused`,
    `    write: KEY_PREFIXES_ACCEPTED = "${USUAL_PREFIX}"`,
  ];
}

interface Prefixes {
  readonly KEY_PREFIX?: string | undefined;
  readonly KEY_PREFIXES_ACCEPTED?: string | undefined;
}

/** What one request, such as `GET /v1/vaults/x`, would need; `null` if it is none of the API's. */
export function requestLines(
  table: PolicyTable,
  request: string,
): { readonly lines: string[]; readonly found: boolean } {
  const [method = "", target = ""] = request.trim().split(/\s+/);
  const path = canonicalPath(`http://host${target}`)?.path;
  if (path === undefined) return { lines: [`${request}: 400 invalid_path`], found: false };
  const policy = loadPolicy(table);
  const match = policy.match(method.toUpperCase(), path);
  if (match.kind === "not_found")
    return { lines: [`${request}: 404 not_found, no operation has this path`], found: false };
  if (match.kind === "invalid_path") {
    return { lines: [`${request}: 400 invalid_path, decoded it is another operation`], found: false };
  }
  if (match.kind === "method_not_allowed") {
    return { lines: [`${request}: 405 method_not_allowed, Allow: ${match.allow.join(", ")}`], found: false };
  }
  const lines = [match, ...match.also].flatMap(({ operation, params }) => {
    const entry = table.operations[policy.operations.findIndex(({ id }) => id === operation.id)];
    if (entry === undefined) return [];
    const values = Object.entries(params).map(
      ([name, value]) => `    ${name} = ${value === "" ? "(more than one reading: any value)" : value}`,
    );
    const resource =
      operation.resource &&
      formatResource(operation.resource).replaceAll(
        /\{([^{}]*)\}/g,
        (whole, name: string) => params[name] ?? whole,
      );
    return [
      `${request} is ${operation.id} (${operation.method} ${operation.template})`,
      ...values,
      `  needs ${needsOf(entry)}${resource === null ? "" : `, covering ${resource}`}`,
      ...(entry.list === undefined ? [] : [`  shows of the list what is covered as ${entry.list.resource}`]),
    ];
  });
  return { lines, found: true };
}
