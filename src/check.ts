/** The build's check: a mistake in the API document stops it and is named; and `--token FILE`, which explains a token. */

import { parseArgs } from "node:util";
import { checkToken } from "./check-token.ts";
import document from "./core/api.openapi.json" with { type: "json" };
import { compilePolicy, PolicyError } from "./core/route-policy.ts";

const { values } = parseArgs({ options: { token: { type: "string" } } });

try {
  const policy = compilePolicy(document);
  if (values.token !== undefined) {
    process.exitCode = await checkToken(values.token, policy.resourceTypes.has("vault"));
  }
} catch (error) {
  if (!(error instanceof PolicyError)) throw error;
  console.error(`src/core/api.openapi.json: ${error.message}`);
  process.exitCode = 1;
}
