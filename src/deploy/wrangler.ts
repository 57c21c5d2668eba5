import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { DeployCommand } from "./arguments.ts";
import { DeployError } from "./deploy-error.ts";

const WRANGLER = join(
  dirname(createRequire(import.meta.url).resolve("wrangler/package.json")),
  "bin/wrangler.js",
);

/** How wrangler says that a Worker is not there: in words, or by the code of Cloudflare's API. */
const NO_WORKER = /\[code: (?:10007|10090)\]|Worker "[\w-]+"(?: \(env: [\w-]+\))? not found/;

/** What wrangler may say in a line beside what it was asked for, in lower case. */
const NEWER_VERSION = "there is a newer version of wrangler available";

/** How long one command may take. To build and upload takes half a minute. */
const TIMEOUT_MS = 300_000;

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  /** Both streams as they came. */
  readonly all: string;
  /** Whether it was ended because it took too long: what it was to do may be done. */
  readonly timedOut?: boolean;
}

/** Runs wrangler's own commands for one environment. */
export class Wrangler {
  readonly #target: readonly string[];
  /** What the build of the API's document goes by. */
  readonly #build: Readonly<Record<string, string>>;
  readonly #timeoutMs: number;

  constructor(
    { config, environment }: Pick<DeployCommand, "config" | "environment">,
    build: Readonly<Record<string, string>>,
    timeoutMs = TIMEOUT_MS,
  ) {
    this.#timeoutMs = timeoutMs;
    this.#target = ["--config", config, "--env", environment];
    this.#build = build;
  }

  /** Runs a command to its end, or ends it when its time is over. */
  run(args: readonly string[]): Promise<Outcome> {
    const child = spawn(process.execPath, [WRANGLER, ...args, ...this.#target], {
      stdio: ["ignore", "pipe", "pipe"],
      // No telemetry, no questions, and no look for a newer version.
      env: {
        ...process.env,
        ...this.#build,
        WRANGLER_SEND_METRICS: "false",
        WRANGLER_HIDE_BANNER: "true",
        NO_COLOR: "1",
        CI: "1",
      },
    });
    let stdout = "";
    let all = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      all += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      all += text;
    });
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      all += `\nwrangler ${args[0]} has not ended within ${this.#timeoutMs / 1000} s`;
      child.kill("SIGKILL");
      // What it has started may hold the other ends open.
      child.stdout.destroy();
      child.stderr.destroy();
    }, this.#timeoutMs);
    return new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code) => {
        clearTimeout(timer);
        resolve({ code: code ?? 1, stdout, all, timedOut });
      });
    });
  }

  /** The JSON that a command prints; `null` when there is no such Worker yet. */
  async json<T>(args: readonly string[]): Promise<T | null> {
    const { code, stdout, all } = await this.run(args);
    const lines = stdout.split("\n").filter((line) => !line.toLowerCase().includes(NEWER_VERSION));
    const json = lines.join("\n");
    if (code === 0 && isJson(json)) return JSON.parse(json) as T;
    if (code !== 0 && NO_WORKER.test(all)) return null;
    throw new DeployError(`wrangler ${args.slice(0, 3).join(" ")} failed:\n${all.trim()}`);
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
