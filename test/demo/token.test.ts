import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { decodeJwt } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type DemoServer, startDemoServer } from "../../src/demo/demo-server.ts";
import { identityProvider } from "../../src/demo/identity-provider.ts";
import { loadIdentitySecrets } from "../../src/demo/identity-secrets.ts";
import { freePort } from "./free-port.ts";

const PROJECT = resolve(import.meta.dirname, "../..");
const directory = mkdtempSync(join(tmpdir(), "portcullis-token-"));
let server: DemoServer;

beforeAll(async () => {
  const port = await freePort();
  const options = { issuer: `http://127.0.0.1:${port}/oidc`, audience: "portcullis", consoleOrigins: [] };
  const secrets = await loadIdentitySecrets(join(directory, "secrets.json"));
  server = await startDemoServer(port, { identityProvider: identityProvider(options, secrets) });
});
afterAll(async () => {
  await server.close();
  rmSync(directory, { recursive: true });
});

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function token(flags: readonly string[], demoPort = `${server.port}`): Promise<Outcome> {
  const env = { ...process.env, DEMO_PORT: demoPort };
  return new Promise((done) => {
    const command = [join(PROJECT, "src/demo/token.ts"), ...flags];
    execFile(process.execPath, command, { env }, (error, stdout, stderr) => {
      done({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr });
    });
  });
}

test.each([
  { flags: ["--user", "bob"], claims: { sub: "bob", amr: ["pwd"] }, scope: undefined },
  {
    flags: ["--user", "alice", "--mfa"],
    claims: { sub: "alice", amr: ["pwd", "otp", "mfa"] },
    scope: undefined,
  },
  { flags: ["--user=carol", "--ops"], claims: { sub: "carol", amr: ["pwd"] }, scope: "portcullis:ops" },
])("$flags prints the token and nothing else", async ({ flags, claims, scope }) => {
  const { code, stdout, stderr } = await token(flags);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
  expect(decodeJwt(stdout.trim())).toMatchObject(claims);
  expect(decodeJwt(stdout.trim())["scope"]).toBe(scope);
});

describe("exit code 2 and the usage, with nothing on stdout, for", () => {
  test.each([
    { wrong: "nobody", flags: [] },
    { wrong: "an unknown user", flags: ["--user", "mallory"] },
    { wrong: "a user without a name", flags: ["--user"] },
    { wrong: "an unknown flag", flags: ["--user", "alice", "--admin"] },
    { wrong: "something more", flags: ["--user", "alice", "bob"] },
  ])("$wrong", async ({ flags }) => {
    const { code, stdout, stderr } = await token(flags);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain("--user <alice|bob|carol>");
  });
});

test("exit code 1, and a message that says what to do, when no provider runs", async () => {
  const { code, stdout, stderr } = await token(["--user", "alice"], `${await freePort()}`);
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toMatch(/^No identity provider .* npm start .*\n$/);
});

test("exit code 1, and the variable's name, for a bad port", async () => {
  const { code, stderr } = await token(["--user", "alice"], "x");
  expect(code).toBe(1);
  expect(stderr).toMatch(/^DEMO_PORT .*\n$/);
});
