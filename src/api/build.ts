/**
 * The build's step for the API's document: it becomes a table in a module of the Worker. A mistake stops the build.
 * `API_POLICY_FILE` names another file for the module.
 */

import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { PolicyTable } from "../core/policy/route-policy.ts";
import { compileFiles, nameOf } from "./compile-files.ts";
import { problemLines } from "./report.ts";
import { compileVariables } from "./variables.ts";

const { sources, table, findings } = await compileFiles(compileVariables());
if (findings.mistakes.length > 0) {
  console.error([nameOf(sources), "", ...problemLines("mistake", findings.mistakes)].join("\n"));
  process.exit(1);
}
writePolicy(process.env["API_POLICY_FILE"] ?? join(import.meta.dirname, "policy.generated.js"), table);

/** Writes at once or not at all: another build may be reading. */
function writePolicy(file: string, policy: PolicyTable): void {
  // A text that is parsed loads faster than a literal.
  const content = `export const POLICY_TABLE = JSON.parse(${JSON.stringify(JSON.stringify(policy))});\n`;
  if (existsSync(file) && readFileSync(file, "utf8") === content) return;
  const partial = `${file}.${process.pid}`;
  writeFileSync(partial, content);
  renameSync(partial, file);
}
