import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { workerdConfig, type Service } from "./workerd-config.ts";
import { readJson } from "../support/json.ts";

/** A running workerd. */
interface Runtime {
  readonly pid: number;
  /** Where a service answers, without a slash at the end. */
  url(service: string): string;
  stop(): Promise<void>;
}

/**
 * Starts workerd with these services, from a directory that holds their modules, and waits until all of them listen.
 * What the workers log goes nowhere, but they do log.
 */
export async function startRuntime(
  directory: string,
  services: readonly Service[],
  prefix: readonly string[],
): Promise<Runtime> {
  const configPath = join(directory, `${services.map(({ name }) => name).join("-")}.capnp`);
  const objects = join(directory, "objects");
  mkdirSync(objects, { recursive: true });
  writeFileSync(configPath, workerdConfig(services, objects));
  const command = [...prefix, workerdBinary(), "serve", "--control-fd=3", configPath];
  const child = spawn(command[0] as string, command.slice(1), {
    stdio: ["ignore", "ignore", "pipe", "pipe"],
  });
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  const exited = once(child, "exit");
  let complaints = "";
  child.stderr?.on("data", (part) => (complaints += String(part)));
  const ports = new Map<string, number>();
  // The stream ends with the process.
  for await (const line of createInterface(child.stdio[3] as Readable)) {
    const message = readJson<{ event: string; socket: string; port: number }>(line);
    if (message.event === "listen") ports.set(message.socket, message.port);
    if (ports.size === services.length) break;
  }
  if (ports.size < services.length) throw new Error(`workerd does not start:\n${complaints}`);
  return {
    pid: child.pid as number,
    url: (service) => `http://127.0.0.1:${ports.get(service)}`,
    async stop() {
      kill();
      process.removeListener("exit", kill);
      await exited;
    },
  };
}

/** The binary that wrangler runs. */
function workerdBinary(): string {
  const require = createRequire(createRequire(import.meta.url).resolve("wrangler"));
  return (require("workerd") as { default: string }).default;
}
