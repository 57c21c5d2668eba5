import { spawn } from "node:child_process";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { runCommand } from "../../src/cli/run-command.ts";

const SCRIPT = join(import.meta.dirname, "../../src/cli/ops.ts");

interface Run {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface RunOptions {
  /** What stands on standard input. */
  readonly input?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Runs a command of the operators within this process, which is a tenth of the work of one of its own. */
export async function runOps(args: readonly string[], { input = "", env }: RunOptions): Promise<Run> {
  const [stdin, stdout, stderr] = [Readable.from([input]), new PassThrough(), new PassThrough()];
  const code = await runCommand(args, env, {
    stdin: noTerminal(stdin),
    stdout,
    stderr: noTerminal(stderr),
  });
  const [out, err] = await Promise.all([text(stdout.end()), text(stderr.end())]);
  return { code, out, err };
}

function noTerminal<T extends object>(stream: T): T & { readonly isTTY: boolean } {
  return Object.assign(stream, { isTTY: false });
}

/** Runs it as its user would. */
export function spawnOps(args: readonly string[], { input = "", env }: RunOptions) {
  const child = spawn(process.execPath, [SCRIPT, ...args], {
    env: { NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"], ...env },
  });
  const closed = new Promise<number | null>((resolve) => child.on("close", resolve));
  child.stdin.on("error", () => {}).end(input);
  const ended = Promise.all([closed, text(child.stdout), text(child.stderr)]).then(
    ([code, out, err]): Run => ({ code, out, err }),
  );
  return { child, ended };
}
