import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { randomUUID } from "node:crypto";
import { buffer } from "node:stream/consumers";
import { close, listen } from "./issuer.ts";
import { readJson } from "./json.ts";

/** What was uploaded of a Worker. */
interface Upload {
  readonly script: string;
  readonly metadata: Readonly<Record<string, unknown>> & {
    readonly bindings: readonly Readonly<Record<string, unknown>>[];
  };
}

/** Cloudflare's API for tests of deployments, as far as wrangler asks it. */
export interface TestCloudflare {
  readonly url: string;
  /** Requests that change something, as `METHOD path`. */
  readonly changes: readonly string[];
  /** Requests that it has no answer for. */
  readonly unknown: readonly string[];
  readonly uploads: readonly Upload[];
  readonly namespaces: { readonly id: string; readonly title: string }[];
  readonly secrets: string[];
  /** The ids of the versions that were deployed, the newest last. */
  readonly deployments: string[];
  /** What the namespaces hold. */
  readonly values: Map<string, string>;
  /** Requests that fail, by what fits their `METHOD path`, each with its status. */
  readonly failing: Map<string, number>;
  /** Has a version run that was deployed before, and tells its id. */
  release(): string;
  close(): Promise<void>;
}

interface Version {
  readonly id: string;
  readonly tag: string | null;
}

const ACCOUNT = "0123456789abcdef0123456789abcdef";
export const CREDENTIALS = { CLOUDFLARE_API_TOKEN: "test", CLOUDFLARE_ACCOUNT_ID: ACCOUNT };

interface State extends Omit<TestCloudflare, "url" | "release" | "close"> {
  readonly changes: string[];
  readonly unknown: string[];
  readonly uploads: Upload[];
  readonly versions: Version[];
}

export async function startCloudflare(): Promise<TestCloudflare> {
  const state: State = {
    changes: [],
    unknown: [],
    uploads: [],
    namespaces: [],
    secrets: [],
    versions: [],
    deployments: [],
    values: new Map(),
    failing: new Map(),
  };
  const server = createServer((request, response) => {
    void answer(request, response, state);
  });
  const url = await listen(server);
  return {
    ...state,
    url: `${url}/client/v4`,
    release: () => add(state, null),
    close: () => close(server),
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, state: State): Promise<void> {
  const path = (request.url ?? "").replace("/client/v4", "");
  const body = await buffer(request);
  const send = (result: unknown, status = 200, code = 0) => {
    response.writeHead(status, { "Content-Type": "application/json" });
    const errors = code === 0 ? [] : [{ code, message: "Not found" }];
    response.end(JSON.stringify({ success: status < 400, result, errors, messages: [] }));
  };
  const failing = [...state.failing].find(([what]) => new RegExp(what).test(`${request.method} ${path}`));
  if (failing !== undefined) return send(null, failing[1], 10000);
  if (request.method !== "GET") state.changes.push(`${request.method} ${path.split("?")[0]}`);
  const uploaded = /^\/accounts\/\w+\/workers\/scripts\/([\w-]+)\?/.exec(path);
  if (request.method === "PUT" && uploaded !== null) {
    state.uploads.push({ script: uploaded[1] ?? "", metadata: await metadataOf(request, body) });
    return send(upload(state));
  }
  const value = /\/storage\/kv\/namespaces\/\w+\/values\/\w+/.exec(path)?.[0];
  if (value !== undefined) return answerValue(request.method, value, body.toString(), state, response, send);
  const route = ROUTES.find(([method, pattern]) => method === request.method && pattern.test(path));
  if (route !== undefined) return route[2](state, send, readJson<Json>(body.toString() || "{}"), path);
  state.unknown.push(`${request.method} ${path}`);
  return send(null, 404, 10007);
}

/** A value comes as it is, without an envelope; wrangler sends it as a form or as it is. */
function answerValue(
  method: string | undefined,
  path: string,
  body: string,
  { values }: State,
  response: ServerResponse,
  send: Send,
): void {
  if (method === "PUT") {
    values.set(path, body);
    return send({});
  }
  const value = values.get(path);
  if (value === undefined) return send(null, 404, 10009);
  response.writeHead(200).end(value);
}

type Json = Readonly<Record<string, unknown>>;
type Send = (result: unknown, status?: number, code?: number) => void;
type Route = readonly [
  method: string,
  path: RegExp,
  answer: (state: State, send: Send, body: Json, path: string) => void,
];

const SCRIPT = String.raw`\/workers\/scripts\/[\w-]+`;
const ROUTES: readonly Route[] = [
  [
    "GET",
    /\/storage\/kv\/namespaces\?/,
    // A list ends with an empty page.
    (state, send, _, path) => send(/[?&]page=(?!1\b)/.test(path) ? [] : state.namespaces),
  ],
  [
    "POST",
    /\/storage\/kv\/namespaces$/,
    (state, send, { title }) => {
      const namespace = { id: randomUUID().replaceAll("-", ""), title: String(title) };
      state.namespaces.push(namespace);
      send(namespace);
    },
  ],
  [
    "GET",
    new RegExp(`${SCRIPT}/secrets$`),
    (state, send) => {
      if (state.secrets.length === 0 && state.deployments.length === 0) return send(null, 404, 10007);
      return send(state.secrets.map((name) => ({ name, type: "secret_text" })));
    },
  ],
  [
    "GET",
    new RegExp(`${SCRIPT}/deployments$`),
    (state, send) => {
      if (state.deployments.length === 0) return send(null, 404, 10007);
      return send({ deployments: state.deployments.map(deploymentJson).toReversed() });
    },
  ],
  [
    "POST",
    new RegExp(`${SCRIPT}/deployments`),
    (state, send, body) => {
      const [{ version_id: id }] = body["versions"] as [{ version_id: string }];
      state.deployments.push(id);
      send(deploymentJson(id, state.deployments.length - 1));
    },
  ],
  [
    "GET",
    /\/workers\/workers\/[\w-]+$/,
    (_, send) =>
      send({ id: "worker", name: "portcullis", subdomain: { enabled: false, previews_enabled: false } }),
  ],
  ["PATCH", /\/workers\/workers\/[\w-]+$/, (_, send) => send({ id: "worker" })],
  ["GET", /\/workers\/subdomain$/, (_, send) => send({ subdomain: "test" })],
  ["GET", new RegExp(`${SCRIPT}/subdomain$`), (_, send) => send({ enabled: false, previews_enabled: false })],
  [
    "POST",
    new RegExp(`${SCRIPT}/subdomain$`),
    (_, send) => send({ enabled: false, previews_enabled: false }),
  ],
  [
    "POST",
    new RegExp(`${SCRIPT}/domains/changeset`),
    (_, send) => send({ added: [], removed: [], updated: [], conflicting: [] }),
  ],
  ["PUT", new RegExp(`${SCRIPT}/domains/records$`), (_, send) => send([])],
  ["PATCH", new RegExp(`${SCRIPT}/script-settings$`), (_, send) => send({})],
  [
    "GET",
    new RegExp(`${SCRIPT}/versions/`),
    (state, send, _, path) => {
      const version = state.versions.find(({ id }) => path.endsWith(id));
      send(version === undefined ? null : versionJson(version));
    },
  ],
  // Of a Worker that nobody has changed elsewhere, wrangler asks these for what it would overwrite.
  ["GET", /\/workers\/services\/[\w-]+$/, (_, send) => send(null, 404, 10090)],
  ["GET", new RegExp(`${SCRIPT}/settings$`), (_, send) => send(null, 404, 10007)],
];

/** By the time at which they were made wrangler finds the deployment before. */
function deploymentJson(id: string, number: number) {
  return {
    id: randomUUID(),
    source: "wrangler",
    strategy: "percentage",
    author_email: "test@example.com",
    created_on: new Date(number * 60_000).toISOString(),
    versions: [{ version_id: id, percentage: 100 }],
  };
}

function versionJson({ id, tag }: Version) {
  return {
    id,
    number: 1,
    metadata: { created_on: new Date().toISOString(), source: "wrangler", author_email: "test@example.com" },
    annotations: tag === null ? {} : { "workers/tag": tag },
    resources: { bindings: [], script: {}, script_runtime: {} },
  };
}

function upload(state: State) {
  const metadata = state.uploads.at(-1)?.metadata as Json;
  const annotations = (metadata["annotations"] ?? {}) as Readonly<Record<string, string>>;
  const id = add(state, annotations["workers/tag"] ?? null);
  return { id: "portcullis", deployment_id: id, startup_time_ms: 5, etag: "x" };
}

function add(state: State, tag: string | null): string {
  const id = randomUUID();
  state.versions.push({ id, tag });
  state.deployments.push(id);
  return id;
}

async function metadataOf(request: IncomingMessage, body: Buffer): Promise<Upload["metadata"]> {
  const form = await new Response(new Uint8Array(body), {
    headers: { "Content-Type": request.headers["content-type"] ?? "" },
  }).formData();
  return readJson<Upload["metadata"]>(form.get("metadata") as string);
}
