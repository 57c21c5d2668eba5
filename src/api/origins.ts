import { originName } from "../core/http/origins.ts";
import type { PolicyTable } from "../core/policy/route-policy.ts";
import { isObject, type Findings } from "./problem.ts";

/** Tells of operations with an origin of their own that `ORIGINS`, a JSON object, does not map: they are not served. */
export function warnOfOrigins(table: PolicyTable, origins: string | undefined, findings: Findings): void {
  const mapped = namesIn(origins);
  for (const { method, path, origin } of table.operations) {
    if (origin === undefined || origin.some((name) => mapped.has(originName(name)))) continue;
    const [name = ""] = origin.toReversed();
    findings.warn(
      `${method} ${path}`,
      `not served: ORIGINS names none of ${origin.join(", ")}`,
      `ORIGINS='${JSON.stringify({ [name]: name.includes("//") ? name : "https://origin.example.com" })}'`,
    );
  }
}

function namesIn(origins: string | undefined): ReadonlySet<string> {
  try {
    const value: unknown = JSON.parse(origins ?? "{}");
    return new Set(isObject(value) ? Object.keys(value).map(originName) : []);
  } catch {
    // The Worker's own check of its settings names the mistake.
    return new Set();
  }
}
