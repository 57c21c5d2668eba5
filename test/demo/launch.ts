import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { resolve as resolvePath } from "node:path";

const PROJECT = resolvePath(import.meta.dirname, "../..");

export interface Launch {
  readonly child: ChildProcessWithoutNullStreams;
  /** Everything printed so far. */
  readonly output: () => string;
  /** Resolves when the summary has been printed; rejects when the launcher ends before. */
  readonly ready: Promise<void>;
  /** The exit code; `null` after a signal. */
  readonly ended: Promise<number | null>;
  readonly kill: (signal: NodeJS.Signals, whom?: "launcher" | "group") => void;
}

/** Runs `src/demo/start.ts` in a process group of its own. */
export function launch(environment: Record<string, string>, ...flags: string[]): Launch {
  const child = spawn(process.execPath, ["src/demo/start.ts", ...flags], {
    cwd: PROJECT,
    detached: true,
    env: { ...process.env, ...environment },
  });
  let printed = "";
  const ended = once(child, "exit").then(([code]) => code as number | null);
  const ready = new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (chunk: string) => {
        printed += chunk;
        if (printed.includes("Portcullis is up.")) resolve();
      });
    }
    void ended.then((code) => reject(new Error(`exit ${code}: ${printed}`)));
  });
  // Whoever expects a failure looks at `ended`.
  ready.catch(() => {});
  return {
    child,
    output: () => printed,
    ready,
    ended,
    kill: (signal, whom = "launcher") => {
      if (child.pid !== undefined) process.kill(whom === "group" ? -child.pid : child.pid, signal);
    },
  };
}

/** Runs a line as one that was pasted into a shell. */
export async function paste(line: string, environment: Record<string, string> = {}): Promise<string> {
  const shell = spawn("sh", ["-c", line], {
    cwd: PROJECT,
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "ignore"],
  });
  return text(shell.stdout);
}
