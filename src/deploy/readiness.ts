import { setTimeout as wait } from "node:timers/promises";
import type { DeployCommand } from "./arguments.ts";
import { hostsOf, varsOf, type Target } from "./configuration.ts";

/** A new name takes a while to be known and to have its certificate. */
const ATTEMPTS = 12;
const TIMEOUT_MS = 5000;
/** How the gateway begins: whatever else has the name answers 200 in other words. */
const SAYS_READY = /^\{"status":"ok"/;

/** Where the control API answers: the public origin, the control host, or the first route that names a host. */
export function urlOf(target: Target): string {
  const { PUBLIC_ORIGIN: origin, CONTROL_HOSTNAME: host } = varsOf(target);
  return origin?.replace(/\/$/, "") || `https://${host || (namedHostsOf(target)[0] ?? "")}`;
}

/** Hosts that reach the gateway by their own name: `*.acme.dev` is about others than `acme.dev`. */
function namedHostsOf(target: Target): string[] {
  return hostsOf(target)
    .map((host) => host.replace(/^\*/, ""))
    .filter((host) => !host.startsWith("."));
}

/** What keeps from asking whether the gateway is ready. */
export function urlProblems(target: Target, { url }: Pick<DeployCommand, "url">): string[] {
  if (url !== null || urlOf(target) !== "https://" || hostsOf(target).length === 0) return [];
  return ["routes: none names a host of the gateway; say with --url where it answers, or set PUBLIC_ORIGIN"];
}

/** Asks `/-/readyz` until it says that all is well; otherwise tells what it said last. */
export async function isReady(url: string, pauseMs: number): Promise<{ ready: boolean; said: string }> {
  let said = "";
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (attempt > 0) await wait(pauseMs);
    try {
      const answer = await fetch(`${url}/-/readyz`, {
        signal: AbortSignal.timeout(TIMEOUT_MS),
        redirect: "manual",
      });
      const text = await answer.text();
      said = `${answer.status} ${text.slice(0, 500)}`;
      if (answer.status === 200 && SAYS_READY.test(text)) return { ready: true, said };
    } catch (error) {
      said = reasonOf(error);
    }
  }
  return { ready: false, said };
}

/** What `fetch` says of a failure, and what was behind it. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
