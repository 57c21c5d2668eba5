import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawn } from "node:child_process";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { freePort } from "./free-port.ts";
import { type Launch, launch, paste } from "./launch.ts";

const STATE_DIR = mkdtempSync(join(tmpdir(), "portcullis-start-"));
const running: Launch[] = [];
let environment: Record<string, string>;
let gateway: string;

beforeAll(async () => {
  environment = { STATE_DIR, PORT: `${await freePort()}`, DEMO_PORT: `${await freePort()}` };
  gateway = `http://127.0.0.1:${environment["PORT"]}`;
});
afterEach(async () => {
  await Promise.all(running.splice(0).map(stop));
});
afterAll(() => rmSync(STATE_DIR, { recursive: true }));

function start(changes: Record<string, string> = {}, ...flags: string[]): Launch {
  const launched = launch({ ...environment, ...changes }, ...flags);
  running.push(launched);
  return launched;
}

async function stop({ child, kill, ended }: Launch): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) kill("SIGKILL", "group");
  await ended;
}

/** The first line to paste, as a reader of the output would find it. */
function curlLine({ output }: Launch): string {
  return /curl .*\/v1\/vaults.*/.exec(output())?.[0] ?? "";
}

function keyOf(launched: Launch): string {
  return /Bearer (fkc_\w+)/.exec(curlLine(launched))?.[1] ?? "";
}

/** Ends a process that leads a group, and all that is left of the group. */
function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // Nothing is left.
  }
}

async function gatewayIsDown(): Promise<void> {
  await vi.waitFor(() => expect(fetch(`${gateway}/-/healthz`)).rejects.toThrow("fetch failed"), 5000);
}

describe("what a start prints", () => {
  let launched: Launch;
  beforeAll(async () => {
    launched = launch(environment);
    await launched.ready;
  });
  afterAll(() => stop(launched));

  test("says where the console is, and as whom to sign in", async () => {
    const [, url = ""] = /Console +(\S+) +\(sign in as alice, bob or carol\)/.exec(launched.output()) ?? [];
    const page = await fetch(url);
    expect([page.status, page.url]).toEqual([200, expect.stringContaining("/-/console/sign-in")]);
  });

  test("holds a curl line that lists the vaults, when pasted into a shell", async () => {
    const answer = await paste(curlLine(launched));
    expect(answer).toMatch(/^HTTP\/1.1 200 /);
    expect(answer).toContain("vault_3f8a2c1d9b");
  });

  test("leads to an origin that answers nobody who goes around the gateway", async () => {
    const origin = `http://127.0.0.1:${environment["DEMO_PORT"]}/v1/vaults`;
    for (const headers of [{}, { "X-Portcullis-Key-Id": "key_1", "X-Portcullis-Assertion": "a.b.c" }]) {
      const answer = await fetch(origin, { headers });
      expect([answer.status, await answer.text()]).toEqual([
        401,
        expect.not.stringContaining("vault_3f8a2c1d9b"),
      ]);
    }
  });

  test("has no colours when nobody looks at a terminal", () => {
    expect(launched.output()).not.toContain("\u001b");
  });

  test("goes on with one line of JSON for each request", async () => {
    await paste(curlLine(launched).replace("vaults", "networks"));
    await vi.waitFor(() => expect(launched.output()).toContain('"operation":"listNetworks"'));
    const line = launched.output().trim().split("\n").at(-1) ?? "";
    expect(JSON.parse(line)).toMatchObject({ status: 200, address: "127.0.0.1" });
  });

  test("has a key that is kept where nobody else on the machine can read it", () => {
    const file = join(STATE_DIR, "demo-key.json");
    expect(readFileSync(file, "utf8")).toContain(keyOf(launched));
    expect(statSync(file).mode & 0o077).toBe(0);
  });

  test("may go unread: the gateway answers on", async () => {
    launched.child.stdout.destroy();
    for (let n = 0; n < 3; n++) expect(await paste(curlLine(launched))).toMatch(/^HTTP\/1.1 200 /);
  });
});

describe("nothing is left running, and the next start has the same key, which works, after", () => {
  let current: Launch;
  beforeAll(async () => {
    current = launch(environment);
    await current.ready;
  });
  afterAll(() => stop(current));

  test.each([
    { end: "SIGTERM to the launcher", signal: "SIGTERM", whom: "launcher", code: 0 },
    { end: "Ctrl-C", signal: "SIGINT", whom: "group", code: 0 },
    { end: "SIGKILL to the launcher alone", signal: "SIGKILL", whom: "launcher", code: null },
    { end: "SIGKILL to everything", signal: "SIGKILL", whom: "group", code: null },
  ] as const)("$end", async ({ signal, whom, code }) => {
    const key = keyOf(current);
    current.kill(signal, whom);
    expect(await current.ended).toBe(code);
    await gatewayIsDown();

    current = launch(environment);
    await current.ready;
    expect(keyOf(current)).toBe(key);
    expect(await paste(curlLine(current))).toMatch(/^HTTP\/1.1 200 /);
  });
});

test("npm's end is the launcher's, even when npm could not say so", async () => {
  const script = `require("child_process").spawn(process.execPath, ["src/demo/start.ts"], { stdio: "inherit" })`;
  const npm = spawn(process.execPath, ["-e", script], {
    env: { ...process.env, ...environment, npm_lifecycle_event: "start" },
    stdio: "ignore",
    detached: true,
  });
  try {
    await vi.waitFor(async () => expect((await fetch(`${gateway}/-/healthz`)).status).toBe(200), 45_000);
    npm.kill("SIGKILL");
    await gatewayIsDown();
  } finally {
    killGroup(npm.pid as number);
  }
});

test("each printed command does what it says, and a start after a revocation has a new key", async () => {
  const first = start();
  await first.ready;
  const list = curlLine(first);
  const [, nothing = "", close = "", open = "", revoke = ""] = first.output().match(/^ {2}curl .*$/gm) ?? [];

  expect(await paste(nothing)).toMatch(/^HTTP\/1.1 404 /);
  await paste(close);
  expect(await paste(list)).toMatch(/^HTTP\/1.1 403 /);
  await paste(open);
  expect(await paste(list)).toMatch(/^HTTP\/1.1 200 /);
  expect(JSON.parse(await paste(revoke))).toMatchObject({ status: "revoked" });
  expect(await paste(list)).toMatch(/^HTTP\/1.1 401 /);
  first.kill("SIGTERM");
  await first.ended;

  const second = start();
  await second.ready;
  expect(keyOf(second)).not.toBe(keyOf(first));
  expect(await paste(curlLine(second))).toMatch(/^HTTP\/1.1 200 /);
});

test("a key that was narrowed is replaced, even where there is room for one key alone", async () => {
  const first = start({ MAX_KEYS_PER_OWNER: "1" }, "--fresh");
  await first.ready;
  const [, , close = ""] = first.output().match(/^ {2}curl .*$/gm) ?? [];
  await paste(close);
  first.kill("SIGTERM");
  await first.ended;

  const second = start({ MAX_KEYS_PER_OWNER: "1" });
  await second.ready;
  expect(keyOf(second)).not.toBe(keyOf(first));
  expect(await paste(curlLine(second))).toMatch(/^HTTP\/1.1 200 /);
});

test("--fresh forgets every key", async () => {
  const before = start();
  await before.ready;
  before.kill("SIGTERM");
  await before.ended;

  const after = start({}, "--fresh");
  await after.ready;
  expect(keyOf(after)).not.toBe(keyOf(before));
  expect(await paste(curlLine(before))).toContain("api_key_invalid");
});

test("a control host of its own is no hindrance", async () => {
  const launched = start({ CONTROL_HOSTNAME: "control.localhost" });
  await launched.ready;
  expect(await paste(curlLine(launched))).toMatch(/^HTTP\/1.1 200 /);
  const revoke = launched.output().match(/curl -X DELETE .*$/m)?.[0] ?? "";
  expect(JSON.parse(await paste(revoke))).toMatchObject({ status: "revoked" });
});

describe("with ORIGIN_URL", () => {
  let other: Server;
  let originUrl: string;
  beforeAll(async () => {
    const port = await freePort();
    originUrl = `http://127.0.0.1:${port}`;
    other = createServer((_request, response) => response.end('{"data":[]}'));
    await new Promise<void>((resolve) => {
      other.listen(port, "127.0.0.1", resolve);
    });
  });
  afterAll(() => other.close());

  test("that origin is guarded, and the sample one does not run", async () => {
    const launched = start({ ORIGIN_URL: originUrl });
    await launched.ready;
    expect(await paste(curlLine(launched))).toContain('{"data":[]}');
    expect(launched.output()).toContain(
      "The document is still the sample's: its 7 operations are let through",
    );
    const sample = await fetch(`http://127.0.0.1:${environment["DEMO_PORT"]}/v1/vaults`);
    expect(sample.status).toBe(404);
  });
});

test("with OIDC_ISSUER the sample provider does not run, and the output says why there is no key", async () => {
  const launched = start({ OIDC_ISSUER: "https://issuer.example" });
  await launched.ready;
  expect(launched.output()).toMatch(/No demo key: .*issuer\.example/);
  const answer = await fetch(`http://127.0.0.1:${environment["DEMO_PORT"]}/oidc/jwks`);
  expect(answer.status).toBe(404);
});

describe("with API_DOCUMENT", () => {
  const files = mkdtempSync(join(tmpdir(), "portcullis-document-"));
  afterAll(() => rmSync(files, { recursive: true }));
  const write = (name: string, text: string): string => {
    writeFileSync(join(files, name), text);
    return join(files, name);
  };

  test("its operations are guarded, and the printed key can call one of them, without a word of vaults", async () => {
    const api = createServer((request, response) => response.end(`seen ${request.url}`));
    await new Promise<void>((resolve) => {
      api.listen(0, "127.0.0.1", resolve);
    });
    const { port } = api.address() as AddressInfo;
    const document = write(
      "pets.yaml",
      "openapi: 3.0.3\nservers: [{ url: https://pets.example/v2 }]\npaths: { '/pets/{id}': { get: {} }, /pets: { get: {}, post: {} }, /up: { put: { servers: [{ url: https://up.example }] } } }\n",
    );
    const launched = start({ API_DOCUMENT: document, ORIGIN_URL: `http://127.0.0.1:${port}` });
    await launched.ready;
    expect(launched.output()).toContain(`${document}  (4 operations)`);
    expect(launched.output()).toContain("1 operation of 4 would be answered 503");
    const [line = ""] = /curl -i .*/.exec(launched.output()) ?? [];
    expect(await paste(line)).toMatch(/^HTTP\/1\.1 200 [^]*seen \/v2\/pets$/);
    const token = await paste("node src/demo/token.ts --user alice --mfa", environment);
    const create = (vaults: object) =>
      fetch(`${gateway}/-/api-keys`, {
        method: "POST",
        headers: { Authorization: `Bearer ${token.trim()}`, "Content-Type": "application/json" },
        body: JSON.stringify({ name: "Narrow", scopes: ["pets/7:read"], ...vaults }),
      });
    const made = await create({});
    expect(made.status).toBe(201);
    const { key } = (await made.json()) as { key: string };
    const statuses = ["/v2/pets/7", "/v2/pets/8", "/v2/pets"].map(async (path) => {
      const { status } = await fetch(gateway + path, { headers: { Authorization: `Bearer ${key}` } });
      return status;
    });
    expect(await Promise.all(statuses)).toEqual([200, 404, 404]);
    expect((await create({ vaults: ["vault_1"] })).status).toBe(422);
    api.close();
  });

  test("what is wrong with it is told by name, and nothing starts", async () => {
    const document = write(
      "broken.yaml",
      "openapi: 3.1.0\npaths: { /a: { get: { x-portcullis-lists: {} } } }\n",
    );
    const launched = start({ API_DOCUMENT: document });
    expect(await launched.ended).toBe(1);
    expect(launched.output()).toContain(
      "GET /a: x-portcullis-lists means nothing here\n    write: x-portcullis-list:",
    );
    expect(launched.output()).not.toContain("    at ");
  });
});

describe("a start that cannot be ends with one line that names the variable", () => {
  let taken: Server;
  let port: string;
  beforeAll(async () => {
    port = `${await freePort()}`;
    taken = createServer();
    await new Promise<void>((resolve) => {
      taken.listen(Number(port), "127.0.0.1", resolve);
    });
  });
  afterAll(() => taken.close());

  test.each([
    { problem: "a bad URL", name: "ORIGIN_URL", variables: () => ({ ORIGIN_URL: "not a url" }) },
    { problem: "a port in use", name: "PORT", variables: () => ({ PORT: port }) },
    { problem: "another port in use", name: "DEMO_PORT", variables: () => ({ DEMO_PORT: port }) },
  ])("$problem: $name", async ({ name, variables }) => {
    const launched = start(variables());
    expect(await launched.ended).toBe(1);
    expect(launched.output()).toMatch(new RegExp(`^${name} .*\n$`));
  });

  test("a state directory that is in use: STATE_DIR", async () => {
    const first = start();
    await first.ready;
    const second = start({ PORT: `${await freePort()}`, DEMO_PORT: `${await freePort()}` }, "--fresh");
    expect(await second.ended).toBe(1);
    expect(second.output()).toMatch(/^STATE_DIR .*\n$/);
    expect(await paste(curlLine(first))).toMatch(/^HTTP\/1.1 200 /);
  });
});

test("an unknown flag is answered with the usage and exit code 2", async () => {
  const launched = start({}, "--frehs");
  expect(await launched.ended).toBe(2);
  expect(launched.output()).toContain("Usage: npm start");
});
