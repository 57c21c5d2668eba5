import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { takeLifeline } from "../../src/demo/lifeline.ts";
import { type Runtime, type RuntimeOptions, startRuntime } from "../../src/demo/runtime.ts";
import { StartError } from "../../src/demo/start-error.ts";
import { BUNDLE_DIR } from "../support/build-bundle.ts";
import { adminClaims, startIssuer } from "../support/issuer.ts";

const directory = mkdtempSync(join(tmpdir(), "portcullis-runtime-"));
const running: Runtime[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((runtime) => runtime.dispose()));
});
afterAll(() => rmSync(directory, { recursive: true }));

async function start(stateDir: string, options: Partial<RuntimeOptions> = {}): Promise<Runtime> {
  const runtime = await startRuntime({
    stateDir: join(directory, stateDir),
    bundleDir: BUNDLE_DIR,
    log: () => {},
    ...options,
  });
  running.push(runtime);
  return runtime;
}

async function stop(runtime: Runtime): Promise<void> {
  running.splice(running.indexOf(runtime), 1);
  await runtime.dispose();
}

describe("the client's address", () => {
  test.each([
    { who: "is this machine's when nobody says otherwise", headers: {}, address: "127.0.0.1" },
    {
      who: "is what CF-Connecting-IP says",
      headers: { "CF-Connecting-IP": "203.0.113.9" },
      address: "203.0.113.9",
    },
  ])("$who", async ({ headers, address }) => {
    const lines: string[] = [];
    const { url } = await start("address", { log: (line) => lines.push(line) });
    await fetch(`${url}/v1/vaults`, { headers });
    await expect.poll(() => lines.join("\n")).toContain('"code":"credential_missing"');
    expect(lines.join("\n")).toContain(`"address":"${address}"`);
  });
});

test("a variable that is given takes the place of the one in wrangler.toml", async () => {
  const { url } = await start("untouched", { vars: { PUBLIC_ORIGIN: "https://api.example" } });
  const response = await fetch(`${url}/v1//vaults`);
  expect(await response.json()).toMatchObject({
    error: { docUrl: expect.stringMatching("^https://api.example/") },
  });
});

test("every edge sees what was stored through another, and a later runtime sees it, until it starts fresh", async () => {
  const issuer = await startIssuer();
  const options = { edges: 3, vars: { OIDC_ISSUER: issuer.url } };
  const headers = { Authorization: `Bearer ${await issuer.token(adminClaims())}` };
  const bootstrap = async (url = "") =>
    (await fetch(`${url}/-/organization/bootstrap`, { method: "POST", headers })).status;

  const first = await start("kept", options);
  expect(new Set(first.urls).size).toBe(3);
  expect(await bootstrap(first.urls[1])).toBeLessThan(300);
  for (const url of first.urls) expect(await bootstrap(url)).toBe(409);
  await stop(first);

  const second = await start("kept", options);
  expect(await bootstrap(second.url)).toBe(409);
  await stop(second);

  const third = await start("kept", { ...options, fresh: true });
  expect(await bootstrap(third.url)).toBeLessThan(300);
  await issuer.close();
});

test("one runtime at a time uses a state directory, and the next may once it is gone", async () => {
  const first = await start("exclusive");
  await expect(start("exclusive")).rejects.toThrow(StartError);
  expect((await fetch(`${first.url}/-/healthz`)).status).toBe(200);
  await stop(first);
  await expect(start("exclusive")).resolves.toBeDefined();
});

test("a state directory that cannot be is named", async () => {
  const taken = takeLifeline("/dev/null/state");
  await expect(taken).rejects.toThrow(StartError);
  await expect(taken).rejects.toThrow(/^STATE_DIR \/dev\/null\/state cannot be used \(E[A-Z]+\)$/);
});

test("a port in use is named, and costs neither the state nor the one who uses it", async () => {
  const first = await start("port-first");
  const port = Number(new URL(first.url).port);
  await expect(start("port-second", { port })).rejects.toThrow(`PORT ${port} is in use`);
  expect((await fetch(`${first.url}/-/healthz`)).status).toBe(200);
  await expect(start("port-second")).resolves.toBeDefined();
});
