import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "smol-toml";
import { isObject, type JsonObject } from "./problem.ts";

const NAMES = ["API_DOCUMENT", "API_OVERLAY", "ORIGINS"] as const;
const CONFIGURATION = join(import.meta.dirname, "../../wrangler.toml");

/**
 * The settings that the document is compiled by: of the environment, or else of wrangler.toml, where those of the
 * deployment that `CLOUDFLARE_ENV` names go before the common ones.
 */
export function compileVariables(environment: Environment = process.env) {
  return variables(NAMES, environment);
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Settings by their names, from the same places. */
export function variables(names: readonly string[], environment: Environment = process.env) {
  const configuration: JsonObject = parse(readFileSync(CONFIGURATION, "utf8"));
  const deployments = objectAt(configuration, "env");
  const own = objectAt(objectAt(deployments, environment["CLOUDFLARE_ENV"] ?? ""), "vars");
  const common = objectAt(configuration, "vars");
  return Object.fromEntries(
    names.map((name) => [name, environment[name] ?? textAt(own, name) ?? textAt(common, name)]),
  );
}

function objectAt(value: JsonObject, member: string): JsonObject {
  const inner = Object.hasOwn(value, member) ? value[member] : undefined;
  return isObject(inner) ? inner : {};
}

function textAt(value: JsonObject, member: string): string | undefined {
  const inner = value[member];
  return typeof inner === "string" ? inner : undefined;
}
