import { isHost } from "../core/host.ts";
import { refuse, type Refusal } from "../core/refusal.ts";
import { holdsCredential } from "../core/url-credential.ts";
import type { Exchange, Gateway } from "./exchange.ts";

/**
 * What is refused before anything is looked at: a `Host` that is none, and a URL with a credential in it, which is in
 * the logs of everything that it has passed and would be in the origin's.
 */
export function checkTarget(x: Exchange, { config }: Gateway): Refusal | null {
  const host = x.request.headers.get("Host");
  if (host !== null && !isHost(host)) return refuse("invalid_request", { details: { host: "is no host" } });
  return holdsCredential(x.request.url, config.keyPrefixes) ? refuse("credential_in_url") : null;
}
