/**
 * The build's step for the API's document: it becomes a table in a module of the Worker. A mistake stops the build.
 * `API_POLICY_FILE` names another file for the module.
 */

import { join } from "node:path";
import { compileFiles, nameOf } from "./compile-files.ts";
import { problemLines } from "./report.ts";
import { compileVariables } from "./variables.ts";
import { writeModule } from "./write-module.ts";

const { sources, table, findings } = await compileFiles(compileVariables());
if (findings.mistakes.length > 0) {
  console.error([nameOf(sources), "", ...problemLines("mistake", findings.mistakes)].join("\n"));
  process.exit(1);
}
// A text that is parsed loads faster than a literal.
const content = `export const POLICY_TABLE = JSON.parse(${JSON.stringify(JSON.stringify(table))});\n`;
writeModule(process.env["API_POLICY_FILE"] ?? join(import.meta.dirname, "policy.generated.js"), content);
