import { fork, type ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Trial, TrialOutcome } from "./runner.ts";

const ROOT = join(import.meta.dirname, "../..");
/** Tests that take so much of a processor do not end; time on the clock would say how busy the machine is. */
const PATIENCE_CPU_S = 40;
const LOOK_MS = 500;
const TICKS_PER_S = 100;

/** A process that runs tests; one that hangs is replaced. */
export class RunnerProcess {
  #child: ChildProcess | null = null;

  async run(trial: Trial): Promise<TrialOutcome> {
    const child = (this.#child ??= await started());
    const before = cpuSeconds(child);
    const answer = await new Promise<TrialOutcome | null>((resolve) => {
      const timer = setInterval(() => {
        if (cpuSeconds(child) - before > PATIENCE_CPU_S) end(null);
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
    return { failed: "it did not end", tookMs: Infinity };
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

function cpuSeconds({ pid }: ChildProcess): number {
  const [, rest = ""] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ");
  const [user, system] = rest.split(" ").slice(11, 13).map(Number);
  return ((user ?? 0) + (system ?? 0)) / TICKS_PER_S;
}
