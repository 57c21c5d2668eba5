/**
 * `npm run bench`: what the gateway costs, in rounds; see `USAGE`. A ratio is the median of those of the rounds, so that what
 * else the machine does meanwhile concerns both sides of it; by CPU time it holds on a busy machine, too.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { commandOf, writeFigures } from "../../src/command-line.ts";
import { readArguments, USAGE } from "./arguments.ts";
import { startIssuer, type TestIssuer } from "../support/issuer.ts";
import { measureBulk, type Bulk } from "./bulk.ts";
import { buildBundles } from "./bundles.ts";
import { createKeys } from "./keys.ts";
import { startOrigin } from "./origin.ts";
import { pinProcessors } from "./processors.ts";
import { formatReport, reportJson, type Findings } from "./report.ts";
import { measureRounds } from "./rounds.ts";
import { startRuntime } from "./runtime.ts";
import { benchServices } from "./services.ts";
import { measureStartup, type Startup } from "./startup.ts";
import { formatState, measureState } from "./state.ts";
import { chosenVariants, listVariants, MANY } from "./variants.ts";

const { plan, named, json, state } = commandOf(USAGE, readArguments);
const only = named.filter((name) => name !== "bulk");
const withBulk = named.length === 0 || named.includes("bulk");

// What has to be cleaned up is cleaned up at the exit, however it comes.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => process.exit(1));
const directory = mkdtempSync(join(tmpdir(), "portcullis-bench-"));
process.once("exit", () => rmSync(directory, { recursive: true, force: true }));

if (state) {
  buildBundles(directory);
  console.log(formatState(await measureState(directory, progress)));
} else {
  const findings = await run();
  console.log(formatReport(findings));
  writeFigures("--json", json, reportJson(findings));
}

async function run(): Promise<Findings> {
  progress("building the bundle");
  const bundle = buildBundles(directory);
  const { prefix, description } = pinProcessors();
  const [issuer, origin] = await Promise.all([startIssuer(), startOrigin()]);
  const services = benchServices(origin.url, issuer.url);

  const startup = named.length === 0 ? await startupOf(services, prefix) : null;

  progress("creating keys");
  const { leased, strangers, unsigned, perRequest, bare, floor, bareRefusal } = services;
  const withGuards = [leased, strangers, unsigned].flatMap((gateway) => Object.values(gateway));
  const all = [...withGuards, perRequest, bare, floor, bareRefusal];
  const runtime = await startRuntime(directory, all, prefix);
  const urls = {
    leased: runtime.url(leased.gateway.name),
    strangers: runtime.url(strangers.gateway.name),
    unsigned: runtime.url(unsigned.gateway.name),
    perRequest: runtime.url(perRequest.name),
    bare: runtime.url(bare.name),
    floor: runtime.url(floor.name),
    bareRefusal: runtime.url(bareRefusal.name),
    guards: runtime.url(leased.guards.name),
  };
  const keys = await createKeys(urls, issuer, MANY);

  const variants =
    named.length > 0 && only.length === 0 ? [] : chosenVariants(listVariants(urls, keys), only);
  const series = await measureRounds(variants, runtime.pid, plan, progress);
  const bulk = withBulk ? await bulkOf(urls.leased, issuer) : null;
  await runtime.stop();
  await issuer.close();
  origin.close();
  return { machine: description, bundle, startup, bulk, series };
}

function startupOf(
  { perRequest, bareRefusal }: ReturnType<typeof benchServices>,
  prefix: readonly string[],
): Promise<Startup> {
  progress("measuring the time to start");
  return measureStartup(directory, perRequest, bareRefusal, prefix);
}

function bulkOf(gateway: string, issuer: TestIssuer): Promise<Bulk> {
  progress("working with a large organisation");
  return measureBulk(gateway, issuer);
}

function progress(text: string): void {
  console.error(`… ${text}`);
}
