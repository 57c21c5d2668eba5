/** The build's check: a mistake in the API document stops it and is named. */

import document from "./core/api.openapi.json" with { type: "json" };
import { compilePolicy, PolicyError } from "./core/route-policy.ts";

try {
  compilePolicy(document);
} catch (error) {
  if (!(error instanceof PolicyError)) throw error;
  console.error(`src/core/api.openapi.json: ${error.message}`);
  process.exitCode = 1;
}
