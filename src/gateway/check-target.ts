import { isHost } from "../core/http/host.ts";
import { refuse } from "../core/refusal.ts";
import { holdsCredential } from "../core/access/url-credential.ts";
import type { Gateway } from "./gateway.ts";
import { end, type Arrived, type Refused } from "./stages.ts";

const NO_HOST = refuse("invalid_request", { details: { host: "is no host" } });

/**
 * What is refused before anything is looked at: a malformed `Host`, and a URL with a credential in it, which is in
 * the logs of everything that it has passed and would be in the origin's.
 */
export function checkTarget(arrived: Arrived, { config }: Gateway): Refused | null {
  const { request } = arrived;
  const host = request.headers.get("Host");
  if (host !== null && !isHost(host)) return end(arrived, NO_HOST);
  return holdsCredential(request.url, config.keyPrefixes) ? end(arrived, refuse("credential_in_url")) : null;
}
