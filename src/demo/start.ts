import { rmSync } from "node:fs";
import type { RequestListener } from "node:http";
import { join } from "node:path";
import { compileFiles, nameOf, type Compiled } from "../api/compile-files.ts";
import { problemLines } from "../api/report.ts";
import { compileVariables } from "../api/variables.ts";
import { commandOf, parseOptions } from "../command-line.ts";
import { ConfigError, type Config } from "../settings.ts";
import { behindGateway } from "./assertion.ts";
import { controlClient } from "./control-client.ts";
import { demoCall, type DemoCall } from "./demo-call.ts";
import { type DemoKey, provideDemoKey } from "./demo-key.ts";
import { startDemoServer } from "./demo-server.ts";
import { identityProvider } from "./identity-provider.ts";
import { loadIdentitySecrets } from "./identity-secrets.ts";
import { requestToken } from "./identity-token.ts";
import { originHandler } from "./origin.ts";
import { configuredVars, printLog, startRuntime } from "./runtime.ts";
import { readSettings, type Settings } from "./settings.ts";
import { StartError } from "./start-error.ts";
import { summary } from "./summary.ts";
import { messageOf } from "../core/thrown.ts";

/** `npm start`: the whole product on this machine, with a key to try it. `--fresh` forgets what was kept. */

const USAGE = "Usage: npm start [-- --fresh]\n\n  --fresh  forgets what was kept\n";

async function start(fresh: boolean): Promise<void> {
  const settings = readSettings(process.env, configuredVars());
  const { stateDir, port, vars } = settings;
  const api = await compileApi();
  const keyFile = join(stateDir, "demo-key.json");
  const secretsFile = join(stateDir, "identity-provider.json");

  // The requests that make the demo key would only be in the way of the summary.
  let quiet = true;
  const log = (line: string, level: string) => {
    if (!quiet || level === "error") printLog(line, level);
  };
  const { url } = await startRuntime({ stateDir, fresh, port, vars, log, policy: api.table });
  if (fresh) for (const file of [keyFile, secretsFile]) rmSync(file, { force: true });
  await startSamples(settings, url, secretsFile);

  const call = demoCall(api.table, api.isSample);
  const demo = await demoKey(settings, url, call, keyFile);
  console.log(summary({ settings, api, gateway: url, call, demo }));
  quiet = false;
}

/** The API's document. Its problems are printed before anything starts. */
async function compileApi(): Promise<Compiled> {
  const compiled = await compileFiles(compileVariables());
  const { mistakes } = compiled.findings;
  if (mistakes.length === 0) return compiled;
  throw new StartError(
    [nameOf(compiled.sources), "", ...problemLines("mistake", mistakes)].join("\n").trim(),
  );
}

/** Serves the sample origin and the sample identity provider, as far as they are used. */
async function startSamples(settings: Settings, gateway: string, secretsFile: string): Promise<void> {
  const { config, port, usesSampleOrigin, usesSampleProvider } = settings;
  if (!usesSampleOrigin && !usesSampleProvider) return;
  const hosts = ["127.0.0.1", "localhost", config.controlHostname ?? []].flat();
  const consoles = [...hosts.map((host) => `http://${host}:${port}`), config.publicOrigin ?? []].flat();
  await startDemoServer(settings.demoPort, {
    origin: usesSampleOrigin ? sampleOrigin(config, gateway) : undefined,
    identityProvider: usesSampleProvider
      ? identityProvider(
          { issuer: config.identity.issuer, audience: config.identity.audience, consoleOrigins: consoles },
          await loadIdentitySecrets(secretsFile),
        )
      : undefined,
  });
}

/** The sample API, which answers only what comes through the gateway. */
function sampleOrigin(config: Config, gateway: string): RequestListener {
  if (config.originIdentity === "headers") return originHandler;
  const { originAudience, origin, controlHostname: host } = config;
  const audience = originAudience ?? origin.url;
  return behindGateway(originHandler, { jwksUrl: `${gateway}/-/jwks.json`, audience, host });
}

/** A key of alice, or why there is none: the gateway runs without one, too. */
async function demoKey(
  settings: Settings,
  gateway: string,
  { scopes }: DemoCall,
  file: string,
): Promise<DemoKey | { why: string }> {
  const { config, usesSampleProvider } = settings;
  if (!usesSampleProvider)
    return { why: `No demo key: ${config.identity.issuer} signs people in, so make one with its token.` };
  try {
    const token = await requestToken(config.identity.issuer, { user: "alice", mfa: true });
    const client = controlClient(gateway, token, config.controlHostname);
    return await provideDemoKey(client, scopes, file, config.keyPrefixes);
  } catch (error) {
    return { why: `No demo key: ${messageOf(error)}` };
  }
}

/** npm does not always pass on the signal that ends it. */
function endWithParent(): void {
  const parent = process.ppid;
  setInterval(() => process.ppid === parent || process.exit(0), 1000).unref();
}

function isFresh(args: string[]): boolean {
  const { values } = parseOptions({ args, options: { fresh: { type: "boolean", default: false } } });
  return values.fresh;
}

// The reader of the output may go away; the gateway goes on.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => process.exit(0));
if (process.env["npm_lifecycle_event"] !== undefined) endWithParent();
try {
  await start(commandOf(USAGE, isFresh));
} catch (error) {
  const expected = error instanceof ConfigError || error instanceof StartError;
  console.error(expected ? error.message : error);
  process.exit(1);
}
