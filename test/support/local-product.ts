import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { requestToken } from "../../src/demo/identity-token.ts";
import { sampleIssuer } from "../../src/demo/ports.ts";
import { freePort } from "../demo/free-port.ts";

const ROOT = join(import.meta.dirname, "../..");
const START_DEADLINE_MS = 120_000;

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
    token: (user) => requestToken(sampleIssuer(demoPort), { user, mfa: true }),
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
