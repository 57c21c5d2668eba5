import { startRuntime } from "./runtime.ts";
import { median } from "./statistics.ts";
import type { Service } from "./workerd-config.ts";

const RUNS = 5;

/** Milliseconds from starting workerd to the first answer. */
export interface Startup {
  readonly gatewayMs: number;
  readonly bareMs: number;
  /** What the gateway adds: the median of the differences. */
  readonly addedMs: number;
}

/** Starts each service in a workerd of its own, in turns, and asks it for its first answer. */
export async function measureStartup(
  directory: string,
  gateway: Service,
  bare: Service,
  prefix: readonly string[],
): Promise<Startup> {
  const runs: { gateway: number; bare: number }[] = [];
  for (let i = 0; i < RUNS; i++) {
    runs.push({
      bare: await firstAnswer(directory, bare, prefix),
      gateway: await firstAnswer(directory, gateway, prefix),
    });
  }
  return {
    gatewayMs: median(runs.map((run) => run.gateway)),
    bareMs: median(runs.map((run) => run.bare)),
    addedMs: median(runs.map((run) => run.gateway - run.bare)),
  };
}

async function firstAnswer(directory: string, service: Service, prefix: readonly string[]): Promise<number> {
  const startedAt = performance.now();
  const runtime = await startRuntime(directory, [service], prefix);
  try {
    const response = await fetch(`${runtime.url(service.name)}/`);
    await response.arrayBuffer();
    return performance.now() - startedAt;
  } finally {
    await runtime.stop();
  }
}
