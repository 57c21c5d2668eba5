/**
 * `npm run check`: everything that is wrong with the API's document, and then what a key needs for each operation.
 * `--operation 'GET /v1/vaults/x'` tells what one request would need, `--token FILE` explains a token.
 */

import { parseArgs } from "node:util";
import { compileFiles, nameOf } from "./api/compile-files.ts";
import { operationLines, problemLines, requestLines } from "./api/report.ts";
import { compileVariables } from "./api/variables.ts";
import { VAULT } from "./core/policy/resource-types.ts";

const USAGE = "Usage: npm run check [-- --operation 'GET /v1/vaults/x' | --token FILE]";

function readArguments() {
  try {
    return parseArgs({ options: { operation: { type: "string" }, token: { type: "string" } } }).values;
  } catch {
    console.error(USAGE);
    process.exit(2);
  }
}

const { operation, token } = readArguments();
const everything = operation === undefined && token === undefined;
const { sources, table, findings } = await compileFiles(compileVariables());
const { mistakes, warnings } = findings;
const told = [...problemLines("mistake", mistakes), ...(everything ? problemLines("warning", warnings) : [])];
if (told.length > 0) console.error([nameOf(sources), "", ...told].join("\n"));
if (everything) console.log(operationLines(table).join("\n"));
if (operation !== undefined) {
  const { lines, found } = requestLines(table, operation);
  console.log(lines.join("\n"));
  if (!found) process.exitCode = 1;
}
if (token !== undefined) {
  const { checkToken } = await import("./check-token.ts");
  process.exitCode = await checkToken(
    token,
    table.types.some(({ name }) => name === VAULT),
  );
}
if (mistakes.length > 0) process.exitCode = 1;
