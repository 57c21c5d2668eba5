import { Session } from "node:inspector";
import { setFlagsFromString } from "node:v8";

const COMPILERS = ["opt", "maglev", "sparkplug"];

/**
 * How much work something is, whatever the machine: how often the blocks of its code run. What the runtime's own
 * functions do within them is one step.
 */
export function workOf(act: () => unknown): number {
  const session = new Session();
  session.connect();
  // Compiled code does not count.
  for (const compiler of COMPILERS) setFlagsFromString(`--no-${compiler}`);
  try {
    session.post("Profiler.enable");
    session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
    act();
    return stepsSince(session);
  } finally {
    session.disconnect();
    for (const compiler of COMPILERS) setFlagsFromString(`--${compiler}`);
  }
}

function stepsSince(session: Session): number {
  let steps = 0;
  session.post("Profiler.takePreciseCoverage", (error, coverage) => {
    if (error !== null) throw error;
    for (const { functions } of coverage.result)
      for (const { ranges } of functions) for (const { count } of ranges) steps += count;
  });
  return steps;
}
