import { serverTiming } from "./server-timing.ts";

/**
 * Sets the headers of an answer that the gateway gives by itself: the request's id, and nothing is to be stored that does
 * not say so. `totalMs` is how long it took; `null` tells the client nothing of it.
 */
export function setOwnHeaders(headers: Headers, requestId: string, totalMs: number | null): void {
  headers.set("X-Request-Id", requestId);
  if (!headers.has("Cache-Control")) headers.set("Cache-Control", "no-store");
  if (totalMs === null) return;
  headers.set("Server-Timing", serverTiming({ admission: null, guardMs: null, originMs: null, totalMs }));
}
