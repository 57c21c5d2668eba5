import { createServer } from "node:http";
import { connect } from "node:net";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, test } from "vitest";
import { readTarget } from "../../src/deploy/configuration.ts";
import { deployedFingerprint } from "../../src/deploy/deployed.ts";
import { documentProblems } from "../../src/deploy/document-check.ts";
import { provideNamespace } from "../../src/deploy/namespace.ts";
import { Wrangler } from "../../src/deploy/wrangler.ts";
import { CREDENTIALS, startCloudflare, type TestCloudflare } from "../support/cloudflare.ts";
import { FILLED_IN, runDeploy, standIn, writeConfig, type Replacement } from "../support/deployment.ts";
import { close, listen } from "../support/issuer.ts";

const TIMEOUT_MS = 300_000;
const VARS = "[env.production.vars]\n";
const DIRECTORY = mkdtempSync(join(tmpdir(), "portcullis-document-"));
const BAD_DOCUMENT = join(DIRECTORY, "openapi.json");
writeFileSync(
  BAD_DOCUMENT,
  JSON.stringify({
    openapi: "3.1.0",
    info: { title: "Bad", version: "1" },
    paths: { "/things": { get: { "x-portcullis-nonsense": 1, responses: {} } } },
  }),
);

/** Where the gateway would answer: `/-/readyz` says what it is told to. */
const READY = '{"status":"ok"}';
const gateway = { url: "", says: READY, asked: [] as string[] };
const server = createServer((request, response) => {
  gateway.asked.push(request.url ?? "");
  response.writeHead(200).end(gateway.says);
});
/** A proxy in front of it: nobody else knows a way to the name that it is asked for. */
const proxy = createServer().on("connect", (request, socket) => {
  gateway.asked.push(`CONNECT ${request.url}`);
  const way = connect(Number(new URL(gateway.url).port), "127.0.0.1", () => {
    socket.write("HTTP/1.1 200 OK\r\n\r\n");
    way.pipe(socket).pipe(way);
  });
});
let proxyUrl = "";
let cloudflare: TestCloudflare;
let config: ReturnType<typeof writeConfig>;

beforeAll(async () => {
  gateway.url = await listen(server);
  proxyUrl = await listen(proxy);
});
afterAll(async () => {
  await close(proxy);
  await close(server);
  rmSync(DIRECTORY, { recursive: true });
});
beforeEach(async () => {
  cloudflare = await startCloudflare();
  gateway.says = READY;
  gateway.asked = [];
});
afterEach(async () => {
  expect(cloudflare.unknown).toEqual([]);
  await cloudflare.close();
  config.remove();
});

function deploy(...args: readonly string[]) {
  return deployAt(gateway.url, {}, ...args);
}

function deployAt(url: string, env: Readonly<Record<string, string>>, ...args: readonly string[]) {
  return runDeploy(["--env", "production", "--config", config.path, "--url", url, ...args], {
    CLOUDFLARE_API_BASE_URL: cloudflare.url,
    ...CREDENTIALS,
    ...env,
  });
}

const use = (...replacements: readonly Replacement[]) => {
  config = writeConfig(...replacements);
};

test(
  "what is filled in is deployed: the namespace created, the Worker uploaded, its routes set, readiness asked; and again changes nothing",
  async () => {
    use(...FILLED_IN);
    const first = await deploy();
    expect(first).toMatchObject({ code: 0, stderr: "" });
    expect(cloudflare.namespaces.map(({ title }) => title)).toEqual(["production-portcullis-KEY_RECORDS"]);
    const id = cloudflare.namespaces[0]?.id ?? "";
    expect(readFileSync(config.path, "utf8")).toContain(`binding = "KEY_RECORDS"\nid = "${id}"`);
    expect(gateway.asked).toEqual(["/-/readyz"]);
    for (const step of [
      "/-/console/callback",
      "set the organisation up",
      "caching off",
      "https://api.acme.dev",
    ]) {
      expect(first.stdout).toContain(step);
    }

    const { script, metadata } = cloudflare.uploads.at(-1) as TestCloudflare["uploads"][number];
    expect(script).toBe("portcullis-production");
    expect(metadata).toMatchObject({
      compatibility_flags: ["enable_request_signal", "nodejs_compat", "global_fetch_strictly_public"],
      observability: { enabled: true, redact_query_string: true, logs: { invocation_logs: false } },
    });
    expect(JSON.stringify(metadata["migrations"])).toContain("Organization");
    expect(metadata.bindings).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ name: "KEY_RECORDS", type: "kv_namespace", namespace_id: id }),
        expect.objectContaining({ name: "KEY_GUARD", type: "durable_object_namespace" }),
        expect.objectContaining({ name: "ORGANIZATION", type: "durable_object_namespace" }),
        expect.objectContaining({ name: "DEPLOYMENT", type: "durable_object_namespace" }),
        expect.objectContaining({ name: "FAILURES", type: "ratelimit" }),
        expect.objectContaining({
          name: "METRICS",
          type: "analytics_engine",
          dataset: "portcullis_production",
        }),
        expect.objectContaining({ name: "ORIGIN_URL", text: "https://api.acme.dev" }),
      ]),
    );
    expect(cloudflare.changes.filter((change) => change.includes("/domains/"))).not.toEqual([]);

    const [changes, text] = [cloudflare.changes.length, readFileSync(config.path, "utf8")];
    const second = await deploy();
    expect(second).toMatchObject({ code: 0, stderr: "" });
    expect(second.stdout).toContain("nothing to deploy");
    expect(cloudflare.changes.slice(changes)).toEqual([]);
    expect(readFileSync(config.path, "utf8")).toBe(text);
  },
  TIMEOUT_MS,
);

test(
  "a namespace that is there already is taken, not created anew; and of a deployment that loses its routes wrangler says so",
  async () => {
    use(...FILLED_IN, standIn(DIRECTORY));
    const id = "0f2ac74b498b48028cb68387c421e279";
    cloudflare.namespaces.push({ id, title: "production-portcullis-KEY_RECORDS" });
    const command = {
      environment: "production",
      config: config.path,
      dryRun: false,
      url: null,
      rollbackTo: null,
    } as const;
    const wrangler = new Wrangler(command, { CLOUDFLARE_API_BASE_URL: cloudflare.url, ...CREDENTIALS });
    await provideNamespace(readTarget(command), command, wrangler, () => {});
    expect(cloudflare.changes).toEqual([]);
    expect(readTarget(command).kv_namespaces).toEqual([{ binding: "KEY_RECORDS", id }]);
    cloudflare.failing.set("PUT .*/domains/records", 403);
    expect((await wrangler.run(["deploy", "--tag", "half"])).code).not.toBe(0);
    expect(await deployedFingerprint(wrangler)).toBe("half");
  },
  TIMEOUT_MS,
);

describe("nothing is asked of Cloudflare, and nothing uploaded,", () => {
  test.each<{ name: string; with: readonly Replacement[]; args: string[]; says: string }>([
    { name: "for the example", with: [], args: [], says: "- routes: gateway.example.com is an example\n" },
    {
      name: "for an API document with a mistake",
      with: [...FILLED_IN, [VARS, `${VARS}API_DOCUMENT = "${BAD_DOCUMENT}"\n`]],
      args: [],
      says: "- The API's document:\n",
    },
  ])(
    "$name",
    async ({ with: replacements, args, says }) => {
      use(...replacements);
      const { code, stderr } = await deploy(...args);
      expect(code).toBe(1);
      expect(stderr).toMatch(/^Nothing was uploaded:\n/);
      expect(stderr).toContain(says);
      expect(cloudflare.changes).toEqual([]);
      expect(gateway.asked).toEqual([]);
    },
    TIMEOUT_MS,
  );
});

test("of a document with very many operations no more is said than what is wrong", async () => {
  use();
  const name = "x".repeat(2000);
  const operations = Array.from({ length: 600 }, (_, i) => [`/${name}/${i}`, { get: { responses: {} } }]);
  const document = join(DIRECTORY, "large.json");
  const info = { title: "Large", version: "1" };
  writeFileSync(document, JSON.stringify({ openapi: "3.1.0", info, paths: Object.fromEntries(operations) }));
  expect(await documentProblems({ API_DOCUMENT: document, API_OVERLAY: "" })).toEqual([]);
  expect(await documentProblems({ API_DOCUMENT: BAD_DOCUMENT, API_OVERLAY: "" })).toEqual([
    expect.stringMatching(/^The API's document:\n.*x-portcullis-nonsense/s),
  ]);
});

test(
  "--dry-run does all but what changes something",
  async () => {
    use(...FILLED_IN, ["required = []", 'required = ["OIDC_CLIENT_SECRET"]']);
    cloudflare.secrets.push("OIDC_CLIENT_SECRET");
    const text = readFileSync(config.path, "utf8");
    const tried = await deploy("--dry-run");
    expect(tried).toMatchObject({ code: 0, stderr: "" });
    expect(tried.stdout).toContain("production-portcullis-KEY_RECORDS would be found or created");
    expect(tried.stdout).toContain("would be deployed");
    expect(cloudflare.changes).toEqual([]);
    expect(gateway.asked).toEqual([]);
    expect(readFileSync(config.path, "utf8")).toBe(text);
  },
  TIMEOUT_MS,
);

describe("--rollback has an earlier version run, says what stays as it is, and asks whether it is ready:", () => {
  test.each([
    { name: "the version before, behind a proxy", pick: () => [], ready: true },
    {
      name: "a version that is named, where something else answers",
      pick: (before: string) => [before],
      ready: false,
    },
  ])(
    "$name",
    async ({ pick, ready }) => {
      use(...FILLED_IN);
      const before = cloudflare.release();
      cloudflare.release();
      gateway.says = ready ? READY : "<title>Parked</title>";
      const { code, stdout, stderr } = ready
        ? await deployAt("http://gateway.acme.test", { HTTP_PROXY: proxyUrl }, "--rollback", ...pick(before))
        : await deploy("--rollback", ...pick(before));
      expect(gateway.asked.includes("CONNECT gateway.acme.test:80")).toBe(ready);
      const said = stripVTControlCharacters(stderr).replace(
        /^.*Proxy environment variables detected.*\s*/,
        "",
      );
      expect({ code, said }).toEqual({ code: ready ? 0 : 2, said: "" });
      expect(stdout).toContain("nothing that is stored");
      expect(stdout).not.toMatch(/To go back|What remains/);
      expect(stdout).toContain(ready ? "/-/readyz: ready" : "does not say that all is well: 200 <title>");
      expect(cloudflare.deployments.at(-1)).toBe(before);
      expect(cloudflare.uploads).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
