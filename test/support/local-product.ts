import { type ChildProcess, execFile, spawn } from "node:child_process";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const ROOT = join(import.meta.dirname, "../..");
const START_DEADLINE_MS = 30_000;

/** `npm start` as a process group of its own, that can be killed like a power cut and started again on its state. */
export interface LocalProduct {
  readonly url: string;
  start(): Promise<void>;
  /** SIGKILL to every process of it, at once. */
  kill(): Promise<void>;
  /** An identity token of a sample user, with a fresh second factor. */
  token(user: string): Promise<string>;
  /** Ends it and forgets its state. */
  remove(): Promise<void>;
}

/** `prepare` may fill the folder of the state first. */
export async function localProduct(
  vars: Readonly<Record<string, string>>,
  prepare: (stateDir: string) => Promise<void> = async () => {},
): Promise<LocalProduct> {
  const [port, demoPort, stateDir] = await Promise.all([
    freePort(),
    freePort(),
    mkdtemp(join(tmpdir(), "portcullis-")),
  ]);
  await prepare(stateDir);
  const env = { ...process.env, ...vars, PORT: `${port}`, DEMO_PORT: `${demoPort}`, STATE_DIR: stateDir };
  const url = `http://127.0.0.1:${port}`;
  let child: ChildProcess | null = null;
  const kill = async (): Promise<void> => {
    if (child?.pid === undefined) return;
    const gone = new Promise((resolve) => child?.once("close", resolve));
    process.kill(-child.pid, "SIGKILL");
    await gone;
    child = null;
  };
  return {
    url,
    kill,
    async start() {
      child = spawn("node", ["src/demo/start.ts"], { cwd: ROOT, env, detached: true, stdio: "ignore" });
      await answering(`${url}/-/healthz`, child);
    },
    async token(user) {
      const command = ["src/demo/token.ts", "--user", user, "--mfa"];
      const { stdout } = await promisify(execFile)("node", command, { cwd: ROOT, env });
      return stdout.trim();
    },
    async remove() {
      await kill();
      await rm(stateDir, { recursive: true, force: true });
    },
  };
}

async function answering(url: string, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + START_DEADLINE_MS;
  while (Date.now() < deadline && child.exitCode === null) {
    const response = await fetch(url).catch(() => null);
    if (response?.ok) return;
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
  }
  throw new Error(`No answer at ${url}`);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return port;
}
