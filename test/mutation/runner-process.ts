import { fork, type ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Trial, TrialOutcome } from "./runner.ts";

const ROOT = join(import.meta.dirname, "../..");
const LOOK_MS = 500;
const MS_PER_TICK = 10;

/** A process that runs tests; one that hangs is replaced. */
export class RunnerProcess {
  #child: ChildProcess | null = null;

  async run(trial: Trial): Promise<TrialOutcome> {
    const child = (this.#child ??= await started());
    const before = cpuMs(child);
    const answer = await new Promise<TrialOutcome | null>((resolve) => {
      const timer = setInterval(() => {
        if (cpuMs(child) - before > trial.patienceCpuMs) end(null);
      }, LOOK_MS);
      const end = (outcome: TrialOutcome | null) => {
        clearInterval(timer);
        child.removeAllListeners();
        resolve(outcome);
      };
      child.once("message", end);
      child.once("exit", () => end(null));
      child.send(trial);
    });
    if (answer !== null) return answer;
    this.stop();
    return { failed: "it did not end", cpuMs: Infinity };
  }

  stop(): void {
    this.#child?.kill("SIGKILL");
    this.#child = null;
  }
}

async function started(): Promise<ChildProcess> {
  const child = fork(join(import.meta.dirname, "runner.ts"), {
    cwd: ROOT,
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    // What workerd has and this Node has not yet: bytes as hex and base64.
    execArgv: ["--js-base-64"],
  });
  await new Promise((resolve) => {
    child.once("message", resolve);
  });
  return child;
}

function cpuMs({ pid }: ChildProcess): number {
  const [, rest = ""] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ");
  const [user, system] = rest.split(" ").slice(11, 13).map(Number);
  return ((user ?? 0) + (system ?? 0)) * MS_PER_TICK;
}
