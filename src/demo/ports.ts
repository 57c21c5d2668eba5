import { ConfigError } from "../settings.ts";
import { LOOPBACK } from "./edge.ts";

type Environment = Readonly<Record<string, string | undefined>>;

export const DEFAULT_DEMO_PORT = 8788;

/** The gateway's port. */
export const gatewayPort = (environment: Environment): number => readPort(environment, "PORT", 8787);

/** The port of the sample origin and the sample identity provider. */
export const demoPort = (environment: Environment): number =>
  readPort(environment, "DEMO_PORT", DEFAULT_DEMO_PORT);

export const sampleOrigin = (port: number): string => `http://${LOOPBACK}:${port}`;
export const sampleIssuer = (port: number): string => `${sampleOrigin(port)}/oidc`;

function readPort(environment: Environment, name: string, preset: number): number {
  const text = environment[name] ?? `${preset}`;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) {
    throw new ConfigError(`${name} must be a whole number from 1 to 65535 (is ${JSON.stringify(text)})`);
  }
  return port;
}
