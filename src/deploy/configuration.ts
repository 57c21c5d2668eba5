import { existsSync } from "node:fs";
import { unstable_readConfig as readConfig, type Unstable_Config } from "wrangler";
import type { DeployCommand } from "./arguments.ts";
import { DeployError } from "./deploy-error.ts";

/** What is to be deployed: the environment's section of wrangler.toml, with what it inherits. */
export type Target = Unstable_Config;

const DOCUMENT_VARS: readonly string[] = ["API_DOCUMENT", "API_OVERLAY", "ORIGINS"];

/** Reads the section. Throws a {@link DeployError} where there is none, or wrangler cannot read it. */
export function readTarget({ config, environment }: DeployCommand): Target {
  if (!existsSync(config)) throw new DeployError(`${config} is not there`);
  const target = read(config, environment);
  if (!target.definedEnvironments?.includes(environment)) {
    throw new DeployError(`${config} has no section [env.${environment}]`);
  }
  return target;
}

function read(config: string, env: string): Target {
  try {
    return readConfig({ config, env }, { hideWarnings: true });
  } catch (error) {
    throw new DeployError(`${config}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The hosts of the target's routes, without their paths; a `*` in front stands for any subdomain. */
export function hostsOf({ routes = [] }: Pick<Target, "routes">): string[] {
  return patternsOf({ routes }).map((pattern) => pattern.replace(/^https?:\/\//, "").split("/")[0] ?? "");
}

/** The patterns of the target's routes. */
export function patternsOf({ routes = [] }: Pick<Target, "routes">): string[] {
  return routes.map((route) => (typeof route === "string" ? route : route.pattern));
}

/** The variables that the API's document is compiled by: the target's, before those of this shell. */
export function documentVarsOf(target: Target, { environment }: DeployCommand): Record<string, string> {
  const named = Object.entries(varsOf(target)).filter(([name]) => DOCUMENT_VARS.includes(name));
  return { CLOUDFLARE_ENV: environment, ...Object.fromEntries(named) };
}

/** The target's variables, as text. */
export function varsOf({ vars }: Pick<Target, "vars">): Record<string, string> {
  return Object.fromEntries(
    Object.entries(vars).map(([name, value]) => [
      name,
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  );
}
