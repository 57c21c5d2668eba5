/** Operations whose paths in the document go on with a query or a fragment, such as `/jobs?op=LIST` and `/#Action=Run`. */

import { hasQuery, pathPart } from "../core/policy/path-template.ts";
import type { OperationEntry } from "../core/policy/route-policy.ts";
import type { Findings } from "./problem.ts";

/**
 * Requests are matched by method and path alone, so a request must be allowed as each operation of its path, whatever its
 * query is. A public one among them would open the path for every query.
 */
export function tellQueries(entries: readonly OperationEntry[], findings: Findings): void {
  const byRequest = Map.groupBy(entries, ({ method, path }) => `${method} ${pathPart(path)}`);
  for (const [request, alike] of byRequest) {
    const queried = alike.filter(({ path }) => hasQuery(path));
    if (queried.length === 0) continue;
    if (alike.length > queried.length || !alike.every((entry) => entry.public))
      warnOf(request, alike, findings);
    else tellOpen(request, alike, findings);
  }
}

function warnOf(request: string, { length }: readonly OperationEntry[], findings: Findings): void {
  findings.warn(
    request,
    length === 1
      ? "what follows ? or # is not looked at, so every request to this path is the operation"
      : `${length} operations are told apart by what follows ? or #, which is not looked at, so a request must be allowed as each of them`,
  );
}

function tellOpen(request: string, alike: readonly OperationEntry[], findings: Findings): void {
  const [, path = ""] = request.split(" ");
  for (const { method, path: written } of alike) {
    findings.mistake(
      `${method} ${written}`,
      "is public, and what follows ? or # is not looked at, so every request to this path would be",
      `overlay: { target: $.paths, update: { "${path}": { ${method.toLowerCase()}: { security: [] } } } }`,
    );
  }
}
