import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";

/** Linux tells processor time to programs in hundredths of a second. */
const TICK_MICROS = 10_000;

/** Which processors the two sides run on, so that the load and the origin take nothing from what is measured. */
interface Pinning {
  /** What to put before a command to run it on the first processor. */
  readonly prefix: readonly string[];
  readonly description: string;
}

/**
 * Leaves the first processor to workerd, whose requests run on one thread, and keeps this process, which makes the load
 * and is the origin, off it. Where there is no `taskset` or one processor only, the scheduler decides.
 */
export function pinProcessors(): Pinning {
  const machine = `${availableParallelism()} processors, ${cpus()[0]?.model ?? "unknown"}`;
  try {
    const [first, ...others] = allowedProcessors();
    if (others.length > 0) {
      const pid = String(process.pid);
      execFileSync("taskset", ["--all-tasks", "--cpu-list", "--pid", others.join(","), pid], {
        stdio: "pipe",
      });
      return {
        prefix: ["taskset", "--cpu-list", String(first)],
        description: `${machine}; workerd on processor ${first}, load and origin on ${others.join(", ")}`,
      };
    }
  } catch {
    // Not Linux, or without taskset.
  }
  return { prefix: [], description: `${machine}; no processor set aside for workerd` };
}

/** Numbers out of a list like `0-3,8`. */
function allowedProcessors(): number[] {
  const status = readFileSync("/proc/self/status", "utf8");
  const list = /^Cpus_allowed_list:\s*(.+)$/m.exec(status)?.[1] ?? "";
  return list.split(",").flatMap((range) => {
    const [first = 0, last = first] = range.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

/** Microseconds of processor time that a process has used, on all its threads; `null` where nobody tells. */
export function processorMicros(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const [userTicks = 0, systemTicks = 0] = stat
      .slice(stat.lastIndexOf(")") + 2)
      .split(" ")
      .slice(11, 13)
      .map(Number);
    return (userTicks + systemTicks) * TICK_MICROS;
  } catch {
    return null;
  }
}
