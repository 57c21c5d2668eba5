/** `npm run check`: the API's document, what a key needs for its operations, and what a token is; see `USAGE`. */

import { compileFiles, nameOf } from "./api/compile-files.ts";
import { operationLines, prefixLines, problemLines, requestLines } from "./api/report.ts";
import { compileVariables, variables } from "./api/variables.ts";
import { commandOf, parseOptions, UsageError } from "./command-line.ts";
import { VAULT } from "./core/policy/resource-types.ts";

const USAGE = `Usage: npm run check [-- --operation 'GET /v1/vaults/x' | --token FILE]

Everything that is wrong with the API's document, and then what a key needs for each operation, and what keys
begin with.

  --operation  what one request would need
  --token      what the gateway makes of an identity token, or of the answer of a token endpoint; - reads standard input

Exit code 1: a mistake, no such operation, or a token that is not accepted; 2: the command line cannot be carried out.
`;

const PREFIXES = ["KEY_PREFIX", "KEY_PREFIXES_ACCEPTED"];
/** A method and a path. A path that cannot be is answered as the gateway would. */
const REQUEST = /^\s*[A-Za-z]+\s+\/\S*\s*$/;

function readArguments(args: string[]) {
  const { operation, token } = parseOptions({
    args,
    options: { operation: { type: "string" }, token: { type: "string" } },
  }).values;
  if (operation !== undefined && !REQUEST.test(operation)) {
    throw new UsageError(
      `--operation must be a method and a path, like 'GET /v1/vaults/x' (is ${JSON.stringify(operation)})`,
    );
  }
  if (operation !== undefined && token !== undefined) {
    throw new UsageError("--operation and --token are asked for one at a time");
  }
  return { operation, token };
}

const { operation, token } = commandOf(USAGE, readArguments);
const everything = operation === undefined && token === undefined;
const { sources, table, findings } = await compileFiles(compileVariables());
const { mistakes, warnings } = findings;
// A token is explained whatever else is wrong: of the document it takes only whether there are vaults.
const told =
  token === undefined
    ? [...problemLines("mistake", mistakes), ...(everything ? problemLines("warning", warnings) : [])]
    : [];
if (told.length > 0) console.error([nameOf(sources), "", ...told].join("\n"));
if (everything) {
  console.log([...operationLines(table), ...prefixLines(variables(PREFIXES))].join("\n"));
}
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
  if (mistakes.length > 0) {
    console.error(`\n${nameOf(sources)} has mistakes, which npm run check names; they are left aside here.`);
  }
} else if (mistakes.length > 0) process.exitCode = 1;
