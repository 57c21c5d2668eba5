import { setTimeout as wait } from "node:timers/promises";
import { hostsOf, varsOf, type Target } from "./configuration.ts";

/** A new name takes a while to be known and to have its certificate. */
const ATTEMPTS = 12;
const TIMEOUT_MS = 5000;
/** How the gateway begins: whatever else has the name answers 200 in other words. */
const SAYS_READY = /^\{"status":"ok"/;

/** Where the control API answers: the public origin, the control host, or the first route's host. */
export function urlOf(target: Target): string {
  const { PUBLIC_ORIGIN: origin, CONTROL_HOSTNAME: host } = varsOf(target);
  return origin || `https://${host || (hostsOf(target)[0] ?? "").replace(/^\*\.?/, "")}`;
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
