import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawn } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freePort } from "./free-port.ts";
import { type Launch, launch, paste } from "./launch.ts";

const STATE_DIR = mkdtempSync(join(tmpdir(), "portcullis-start-"));
const launched: Launch[] = [];
/** The product that runs; tests go on with what the one before has left. */
let current: Launch;
let environment: Record<string, string>;
let gateway: string;

beforeAll(async () => {
  environment = { STATE_DIR, PORT: `${await freePort()}`, DEMO_PORT: `${await freePort()}` };
  gateway = `http://127.0.0.1:${environment["PORT"]}`;
});
afterAll(async () => {
  await Promise.all(launched.map(stop));
  rmSync(STATE_DIR, { recursive: true });
});

function start(changes: Record<string, string> = {}, ...flags: string[]): Launch {
  const one = launch({ ...environment, ...changes }, ...flags);
  launched.push(one);
  return one;
}

/** Has another start take the place of what runs. */
async function restart(changes: Record<string, string> = {}, ...flags: string[]): Promise<void> {
  await Promise.all(launched.splice(0).map(stop));
  current = start(changes, ...flags);
  await current.ready;
}

async function stop({ child, kill, ended }: Launch): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) kill("SIGKILL", "group");
  await ended;
}

/** The first line to paste, as a reader of the output would find it. */
function curlLine({ output }: Launch): string {
  return /curl .*\/v1\/vaults.*/.exec(output())?.[0] ?? "";
}

function keyOf(one: Launch): string {
  return /Bearer (fkc_\w+)/.exec(curlLine(one))?.[1] ?? "";
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
  const answers = () =>
    fetch(`${gateway}/-/healthz`).then(
      () => true,
      () => false,
    );
  await expect.poll(answers).toBe(false);
}

describe("what a start prints", () => {
  beforeAll(() => restart());

  test("says where the console is, and as whom to sign in", async () => {
    const [, url = ""] = /Console +(\S+) +\(sign in as alice, bob or carol\)/.exec(current.output()) ?? [];
    const page = await fetch(url);
    expect([page.status, page.url]).toEqual([200, expect.stringContaining("/-/console/sign-in")]);
  });

  test("holds a curl line that lists the vaults, when pasted into a shell", async () => {
    const answer = await paste(curlLine(current));
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
    expect(current.output()).not.toContain("\u001b");
  });

  test("goes on with one line of JSON for each request", async () => {
    await paste(curlLine(current).replace("vaults", "networks"));
    await expect.poll(current.output).toContain('"operation":"listNetworks"');
    const line = current.output().trim().split("\n").at(-1) ?? "";
    expect(JSON.parse(line)).toMatchObject({ status: 200, address: "127.0.0.1" });
  });

  test("has a key that is kept where nobody else on the machine can read it", () => {
    const file = join(STATE_DIR, "demo-key.json");
    expect(readFileSync(file, "utf8")).toContain(keyOf(current));
    expect(statSync(file).mode & 0o077).toBe(0);
  });

  test("may go unread: the gateway answers on", async () => {
    current.child.stdout.destroy();
    for (let n = 0; n < 3; n++) expect(await paste(curlLine(current))).toMatch(/^HTTP\/1.1 200 /);
  });
});

describe("nothing is left running, and the next start has the same key, which works, after", () => {
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

    await restart();
    expect(keyOf(current)).toBe(key);
    expect(await paste(curlLine(current))).toMatch(/^HTTP\/1.1 200 /);
  });
});

test("each printed command does what it says, and a start after a revocation has a new key", async () => {
  const revoked = keyOf(current);
  const list = curlLine(current);
  const [, nothing = "", close = "", open = "", revoke = ""] =
    current.output().match(/^ {2}curl .*$/gm) ?? [];

  expect(await paste(nothing)).toMatch(/^HTTP\/1.1 404 /);
  await paste(close);
  expect(await paste(list)).toMatch(/^HTTP\/1.1 403 /);
  await paste(open);
  expect(await paste(list)).toMatch(/^HTTP\/1.1 200 /);
  expect(JSON.parse(await paste(revoke))).toMatchObject({ status: "revoked" });
  expect(await paste(list)).toMatch(/^HTTP\/1.1 401 /);

  await restart();
  expect(keyOf(current)).not.toBe(revoked);
  expect(await paste(curlLine(current))).toMatch(/^HTTP\/1.1 200 /);
});

test("a state directory that is in use is not taken from who uses it: STATE_DIR", async () => {
  const second = start({ PORT: `${await freePort()}`, DEMO_PORT: `${await freePort()}` }, "--fresh");
  expect(await second.ended).toBe(1);
  expect(second.output()).toMatch(/^STATE_DIR .*\n$/);
  expect(await paste(curlLine(current))).toMatch(/^HTTP\/1.1 200 /);
});

test("--fresh forgets every key", async () => {
  const before = curlLine(current);
  await restart({ MAX_KEYS_PER_OWNER: "1" }, "--fresh");
  expect(curlLine(current)).not.toBe(before);
  expect(await paste(before)).toContain("api_key_invalid");
});

test("a key that was narrowed is replaced, even where there is room for one key alone", async () => {
  const narrowed = keyOf(current);
  const [, , close = ""] = current.output().match(/^ {2}curl .*$/gm) ?? [];
  await paste(close);
  await restart({ MAX_KEYS_PER_OWNER: "1" });
  expect(keyOf(current)).not.toBe(narrowed);
  expect(await paste(curlLine(current))).toMatch(/^HTTP\/1.1 200 /);
});

test("npm's end is the launcher's, even when npm could not say so", async () => {
  await stop(current);
  const script = `require("child_process").spawn(process.execPath, ["src/demo/start.ts"], { stdio: "inherit" })`;
  const npm = spawn(process.execPath, ["-e", script], {
    env: { ...process.env, ...environment, npm_lifecycle_event: "start" },
    stdio: "ignore",
    detached: true,
  });
  try {
    const status = () => fetch(`${gateway}/-/healthz`).then((answer) => answer.status);
    await expect.poll(status).toBe(200);
    npm.kill("SIGKILL");
    await gatewayIsDown();
  } finally {
    killGroup(npm.pid as number);
  }
});

test("a control host of its own is no hindrance", async () => {
  await restart({ CONTROL_HOSTNAME: "control.localhost" });
  expect(await paste(curlLine(current))).toMatch(/^HTTP\/1.1 200 /);
  const revoke = current.output().match(/curl -X DELETE .*$/m)?.[0] ?? "";
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
    await restart({ ORIGIN_URL: originUrl });
    expect(await paste(curlLine(current))).toContain('{"data":[]}');
    expect(current.output()).toContain(
      "The document is still the sample's: its 7 operations are let through",
    );
    const sample = await fetch(`http://127.0.0.1:${environment["DEMO_PORT"]}/v1/vaults`);
    expect(sample.status).toBe(404);
  });
});

test("with OIDC_ISSUER the sample provider does not run, and the output says why there is no key", async () => {
  await restart({ OIDC_ISSUER: "https://issuer.example" });
  expect(current.output()).toMatch(/No demo key: .*issuer\.example/);
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
    await restart({ API_DOCUMENT: document, ORIGIN_URL: `http://127.0.0.1:${port}` });
    expect(current.output()).toContain(`${document}  (4 operations)`);
    expect(current.output()).toContain("1 operation of 4 would be answered 503");
    const [line = ""] = /curl -i .*/.exec(current.output()) ?? [];
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
    const { key } = await made.json<{ key: string }>();
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
    const broken = start({ API_DOCUMENT: document });
    expect(await broken.ended).toBe(1);
    expect(broken.output()).toContain(
      "GET /a: x-portcullis-lists means nothing here\n    write: x-portcullis-list:",
    );
    expect(broken.output()).not.toContain("    at ");
  });
});

describe("a start that cannot be ends with one line that names the variable", () => {
  let taken: Server;
  let port: string;
  beforeAll(async () => {
    await stop(current);
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
    const refused = start(variables());
    expect(await refused.ended).toBe(1);
    expect(refused.output()).toMatch(new RegExp(`^${name} .*\n$`));
  });
});

test("an unknown flag is answered with the usage and exit code 2", async () => {
  const refused = start({}, "--frehs");
  expect(await refused.ended).toBe(2);
  expect(refused.output()).toContain("Usage: npm start");
});
