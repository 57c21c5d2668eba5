import { statSync } from "node:fs";
import { unstable_readConfig as readConfig, type Unstable_Config } from "wrangler";
import { ENVIRONMENTS, type DeployCommand, type Environment } from "./arguments.ts";
import { DeployError } from "./deploy-error.ts";
import { messageOf } from "../core/thrown.ts";

/** What is to be deployed: the environment's section of wrangler.toml, with what it inherits. */
export type Target = Unstable_Config;

/** Variables that the API's document is compiled by. */
export const DOCUMENT_VARS: readonly string[] = ["API_DOCUMENT", "API_OVERLAY", "ORIGINS"];

/** Reads the section. Throws a {@link DeployError} where there is none, or wrangler cannot read it. */
export function readTarget({ config, environment }: DeployCommand): Target {
  if (!isFile(config)) throw new DeployError(`--config: there is no file ${JSON.stringify(config)}`);
  if (!/\.(?:toml|jsonc?)$/.test(config)) {
    throw new DeployError(`--config: ${config} must end in .toml, .json or .jsonc, as wrangler reads them`);
  }
  const target = read(config, environment);
  if (!target.definedEnvironments?.includes(environment)) {
    throw new DeployError(`${config} has no section [env.${environment}]`);
  }
  return target;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

/** The file's sections for other environments. */
export function readOthers({ config, environment }: DeployCommand): ReadonlyMap<Environment, Target> {
  const others = ENVIRONMENTS.filter((name) => name !== environment)
    .map((name) => [name, read(config, name)] as const)
    .filter(([name, target]) => target.definedEnvironments?.includes(name));
  return new Map(others);
}

function read(config: string, env: string): Target {
  try {
    return readConfig({ config, env }, { hideWarnings: true });
  } catch (error) {
    throw new DeployError(`${config}: ${messageOf(error)}`);
  }
}

type Routed = Pick<Target, "route" | "routes">;

/** The hosts of the target's routes, without their paths; a `*` in front stands for anything. */
export function hostsOf(target: Routed): string[] {
  return routesOf(target).map(({ host }) => host);
}

export interface Route {
  readonly pattern: string;
  readonly host: string;
  /** Whether it is a custom domain. */
  readonly isDomain: boolean;
  /** Whether it takes everything on its host. */
  readonly takesAll: boolean;
  /** The zone that it says it is in, by name or by id; `null` where it does not say. */
  readonly zoneName: string | null;
  readonly zoneId: string | null;
  /** Whether it is switched off, and whether previews answer under names beside it. */
  readonly isOff: boolean;
  readonly hasPreviews: boolean;
}

/** All that wrangler takes as a route, but for plain text. */
interface GivenRoute {
  readonly pattern: string;
  readonly custom_domain?: boolean;
  readonly zone_name?: string;
  readonly zone_id?: string;
  readonly enabled?: boolean;
  readonly previews_enabled?: boolean;
}

/** The target's routes. A custom domain takes all of its host, another route what its pattern says. */
export function routesOf({ route, routes = [] }: Routed): Route[] {
  return (route === undefined ? routes : [route, ...routes]).map((each) => {
    const given: GivenRoute = typeof each === "string" ? { pattern: each } : each;
    const { pattern, custom_domain: isDomain = false } = given;
    const [host = "", ...path] = pattern.replace(/^https?:\/\//i, "").split("/");
    const takesAll = isDomain ? path.length === 0 : path.join("/") === "*" && !/^http:/i.test(pattern);
    return {
      pattern,
      host: plainHost(host),
      isDomain,
      takesAll,
      zoneName: given.zone_name ?? null,
      zoneId: given.zone_id ?? null,
      isOff: given.enabled === false,
      hasPreviews: given.previews_enabled === true,
    };
  });
}

/** A host as it is compared: in lower case, without the root's dot. */
export function plainHost(host: string): string {
  return host.toLowerCase().replace(/\.$/, "");
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
