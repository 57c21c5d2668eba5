import { resolve } from "node:path";
import { type Config, ConfigError, isSecret, readConfig, SETTINGS } from "../settings.ts";
import { PROJECT } from "./bundle.ts";
import { DEFAULT_DEMO_PORT, demoPort, gatewayPort, sampleIssuer, sampleOrigin } from "./ports.ts";

type Environment = Readonly<Record<string, string | undefined>>;

export interface Settings {
  readonly port: number;
  readonly demoPort: number;
  /** Where everything is kept between starts. */
  readonly stateDir: string;
  /** The Worker's variables. */
  readonly vars: Readonly<Record<string, string>>;
  /** The same, checked. */
  readonly config: Config;
  /** Whether the gateway guards the sample origin. */
  readonly usesSampleOrigin: boolean;
  /** Whether the gateway trusts the sample identity provider. */
  readonly usesSampleProvider: boolean;
}

/**
 * Puts the environment's settings over those of wrangler.toml. The sample origin and the sample identity provider are
 * used while nothing else is named in either. Throws a {@link ConfigError}.
 */
export function readSettings(
  environment: Environment,
  configured: Readonly<Record<string, string>>,
): Settings {
  const [port, demo] = [gatewayPort(environment), demoPort(environment)];
  if (port === demo) throw new ConfigError(`DEMO_PORT must not be PORT (both are ${port})`);

  const unlessSet = (name: string, sample: string) =>
    environment[name] === undefined && configured[name] === sample;
  const usesSampleOrigin = unlessSet("ORIGIN_URL", sampleOrigin(DEFAULT_DEMO_PORT));
  const usesSampleProvider = unlessSet("OIDC_ISSUER", sampleIssuer(DEFAULT_DEMO_PORT));

  const isSetting = (name: string) =>
    SETTINGS.includes(name) || isSecret(name) || Object.hasOwn(configured, name);
  const vars = {
    ...configured,
    ...Object.fromEntries(
      Object.entries(environment).filter(
        (entry): entry is [string, string] => entry[1] !== undefined && isSetting(entry[0]),
      ),
    ),
    ...(usesSampleOrigin && { ORIGIN_URL: sampleOrigin(demo) }),
    ...(usesSampleProvider && { OIDC_ISSUER: sampleIssuer(demo) }),
  };
  return {
    port,
    demoPort: demo,
    stateDir: resolve(PROJECT, stateDirectory(environment)),
    vars,
    config: readConfig(vars),
    usesSampleOrigin,
    usesSampleProvider,
  };
}

function stateDirectory({ STATE_DIR: directory = ".wrangler" }: Environment): string {
  if (directory !== "") return directory;
  throw new ConfigError('STATE_DIR must be the path of a directory (is "")');
}
