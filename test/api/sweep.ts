/**
 * Tries the gateway with documents that nobody here wrote: `node test/api/sweep.ts FOLDER [--requests 150]`.
 *
 * Compiles every document of a folder as `npm run check` does, then starts one gateway over an origin that echoes and
 * sends one request for each operation of so many documents, evenly drawn. So that one gateway can hold them all, the
 * paths of each document get a segment of its own in front.
 */

import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { isRefusal, problemOf } from "../../src/core/refusal.ts";
import { compileFiles } from "../../src/api/compile-files.ts";
import type { Problem } from "../../src/api/problem.ts";
import type { OperationEntry, PolicyTable } from "../../src/core/policy/route-policy.ts";
import { parseTemplate } from "../../src/core/policy/path-template.ts";
import { requestToken } from "../../src/demo/identity-token.ts";
import { freePort } from "../demo/free-port.ts";
import { launch } from "../demo/launch.ts";

const CONCURRENCY = 24;

interface Document {
  readonly file: string;
  readonly table: PolicyTable;
  readonly mistakes: readonly Problem[];
  readonly warnings: readonly Problem[];
}

const { values, positionals } = parseArgs({
  options: { requests: { type: "string", default: "150" } },
  allowPositionals: true,
});
const [folder = ""] = positionals;
const documents = await compileFolder(folder);
tellDocuments(documents);
const passing = documents.filter(
  ({ mistakes, table }) => mistakes.length === 0 && table.operations.length > 0,
);
const step = Math.max(1, Math.floor(passing.length / Number(values.requests)));
await sendRequests(passing.filter((_, i) => i % step === 0).slice(0, Number(values.requests)));

async function compileFolder(path: string): Promise<Document[]> {
  const files = readdirSync(path, { recursive: true, encoding: "utf8" })
    .filter((file) => /\.(?:json|ya?ml)$/.test(file) && !/(?:^|\/)(?:package|overlay)\./.test(file))
    .toSorted();
  const compiled: Document[] = [];
  for (const file of files) {
    const { table, findings } = await compileFiles({ API_DOCUMENT: resolve(path, file) });
    compiled.push({ file, table, mistakes: findings.mistakes, warnings: findings.warnings });
  }
  return compiled;
}

function tellDocuments(all: readonly Document[]): void {
  const refused = all.filter(({ mistakes }) => mistakes.length > 0);
  const operations = sum(all.map(({ table }) => table.operations.length));
  const unserved = all.flatMap(({ warnings }) =>
    warnings.filter(({ problem }) => problem.startsWith("not served")),
  );
  console.log(
    `${all.length} documents, ${all.length - refused.length} pass as they are; ${operations} operations`,
  );
  console.log(`refused, by the first mistake of each: ${refused.length}`);
  tellKinds(
    refused.map(({ file, mistakes: [first] }) => [
      kindOf(first?.problem ?? ""),
      `${file}: ${first?.where}: ${first?.problem}`,
    ]),
  );
  const [elsewhere, inexpressible] = [true, false].map((isElsewhere) =>
    unserved.filter(({ problem }) => problem.includes("ORIGINS") === isElsewhere),
  );
  console.log(`operations that cannot be expressed: ${inexpressible?.length}`);
  tellKinds((inexpressible ?? []).map(({ where, problem }) => [kindOf(problem), where]));
  console.log(`operations that need an entry of ORIGINS, and are sent with one: ${elsewhere?.length}`);
}

function tellKinds(found: readonly (readonly [kind: string, example: string])[]): void {
  const byKind = Map.groupBy(found, ([kind]) => kind);
  for (const [kind, each] of [...byKind].toSorted((a, b) => b[1].length - a[1].length)) {
    console.log(`  ${each.length}  ${kind}   (${each[0]?.[1].slice(0, 160)})`);
  }
}

/** A message without what is particular in it. */
function kindOf(problem: string): string {
  return problem.replaceAll(/\{[^{}]*\}|"[^"]*"|\/\S+|\d+/g, "…").slice(0, 90);
}

async function sendRequests(drawn: readonly Document[]): Promise<void> {
  const entries = drawn.flatMap(({ table }, i) =>
    table.operations.map((entry) => ({ ...entry, path: `/d${i}${entry.path}` })),
  );
  const directory = mkdtempSync(join(tmpdir(), "portcullis-sweep-"));
  const origin = createServer((request, response) => {
    request.resume().on("end", () => {
      response.setHeader("X-Seen", `${request.method} ${request.url}`);
      response.setHeader("Content-Type", "application/json");
      response.end("{}");
    });
  });
  origin.listen(0, "127.0.0.1");
  await once(origin, "listening");
  const echo = `http://127.0.0.1:${(origin.address() as AddressInfo).port}`;
  writeFileSync(join(directory, "all.json"), JSON.stringify(documentOf(entries)));
  const gateway = await startGateway(directory, echo);
  try {
    console.log(`${drawn.length} documents behind one gateway, ${entries.length} operations`);
    const lost = await callAll(entries, gateway.url, await gateway.key());
    const reached = entries.length - lost.length;
    console.log(
      `reached: ${reached} of ${entries.length} (${((100 * reached) / entries.length).toFixed(2)} %)`,
    );
    tellKinds(lost);
  } finally {
    await gateway.stop();
    origin.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** One document with the operations of all. */
function documentOf(entries: readonly OperationEntry[]): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const { method, path, many = [], origin, public: isPublic } of entries) {
    const parameters = many.map((name) => ({ name, in: "path", "x-portcullis-many-segments": true }));
    (paths[path] ??= {})[method.toLowerCase()] = {
      parameters,
      ...(isPublic && { security: [] }),
      ...(origin && { "x-portcullis-origin": "echo" }),
    };
  }
  return { openapi: "3.1.0", paths };
}

async function startGateway(directory: string, echo: string) {
  const [port, demoPort] = [await freePort(), await freePort()];
  const launched = launch({
    STATE_DIR: join(directory, "state"),
    PORT: `${port}`,
    DEMO_PORT: `${demoPort}`,
    API_DOCUMENT: join(directory, "all.json"),
    ORIGIN_URL: echo,
    ORIGINS: JSON.stringify({ echo }),
    RATE_LIMIT_REQUESTS: "1000000000",
    REQUEST_LOG: "refused",
  });
  await launched.ready;
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    /** A key that may do everything. */
    async key(): Promise<string> {
      const token = await requestToken(`http://127.0.0.1:${demoPort}/oidc`, { user: "alice", mfa: true });
      const scopes = ["*:*"];
      const answer = await fetch(`${url}/-/api-keys`, {
        method: "POST",
        headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
        body: JSON.stringify({ name: "Sweep", scopes, vaults: "*" }),
      });
      return (await answer.json<{ key: string }>()).key;
    },
    async stop(): Promise<void> {
      launched.kill("SIGKILL", "group");
      await launched.ended;
    },
  };
}

/** Sends a request for each operation; those that did not come to the origin as they were sent, by kind. */
async function callAll(
  entries: readonly OperationEntry[],
  url: string,
  key: string,
): Promise<(readonly [string, string])[]> {
  const lost: (readonly [string, string])[] = [];
  const queue = entries.values();
  const work = async () => {
    for (const entry of queue) {
      const path = exampleOf(entry);
      const seen = await call(entry.method, url + path, key);
      if (seen !== `${entry.method} ${path}`) lost.push([seen, `${entry.method} ${path}`]);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
  return lost;
}

/** What the origin has seen of a request, or the gateway's refusal. */
async function call(method: string, url: string, key: string): Promise<string> {
  try {
    const response = await fetch(url, { method, headers: { Authorization: `Bearer ${key}` } });
    const body = await response.text();
    return response.headers.get("X-Seen") ?? `${response.status} ${/"code":"(\w+)"/.exec(body)?.[1] ?? ""}`;
  } catch (error) {
    return String(error);
  }
}

/** A path that fits a template and hardly any other. */
function exampleOf({ path, many = [] }: OperationEntry): string {
  const template = parseTemplate(path, new Set(many));
  if (isRefusal(template)) throw new Error(`${path}: ${problemOf(template)}`);
  return template.segments
    .map(({ texts, parameters, many: several }) =>
      texts
        .map((text, i) => text + (parameters[i] === undefined ? "" : several ? "x7x/x8x" : "x7x"))
        .join(""),
    )
    .map((segment) => `/${segment}`)
    .join("");
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
