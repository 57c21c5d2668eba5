import { allowedOrigin, mayBeCalledByPages } from "../core/http/cors.ts";
import { serverTiming } from "../core/http/server-timing.ts";
import type { Gateway } from "./gateway.ts";
import { forwardingOf, judgementOf, type Finished } from "./stages.ts";

const NAME = "Server-Timing";

/**
 * Says on an answer what took how long. What the origin says of itself follows. A caller without a right credential
 * does not learn how its credential was found to be wrong: that would tell which keys there are.
 */
export function setServerTiming(
  headers: Headers,
  { at, arrived, status }: Finished,
  { config }: Pick<Gateway, "config">,
): void {
  const now = Date.now();
  const { startedAt, request } = arrived;
  const told = status === 401 ? null : judgementOf(at);
  const forwarding = forwardingOf(at);
  const own = serverTiming({
    admission: told === null ? null : told.decided.source,
    guardMs: told === null ? null : told.at - startedAt,
    originMs: forwarding === null ? null : (forwarding.answeredAt ?? now) - forwarding.forwardedAt,
    totalMs: now - startedAt,
  });
  const origins = headers.get(NAME);
  headers.set(NAME, origins === null ? own : `${own}, ${origins}`);
  if (mayBeCalledByPages(config.corsOrigins)) exposeTo(request.headers.get("Origin"), headers, config);
}

/** Lets a page that may read the answer read the times, too, in its code and in its browser's resource timing. */
function exposeTo(page: string | null, headers: Headers, { corsOrigins }: Gateway["config"]): void {
  const allowed = allowedOrigin(corsOrigins, page);
  headers.delete("Timing-Allow-Origin");
  if (allowed === null) return;
  headers.set("Timing-Allow-Origin", allowed);
  headers.append("Access-Control-Expose-Headers", NAME);
}
