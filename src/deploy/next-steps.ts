import { readConfig } from "../settings.ts";
import { varsOf, type Target } from "./configuration.ts";

/** What remains to be done by hand after a deployment; what was done before is done. */
export function nextSteps(url: string, target: Target): string {
  const { OIDC_CLIENT_ID: client = "portcullis-console", ORIGIN_URL: origin = "" } = varsOf(target);
  const patterns = readConfig(varsOf(target)).keyPrefixes.map((prefix) => `${prefix}_[0-9A-Za-z]{50}`);
  return `
What remains, if this is the first time:
1. At the identity provider, the client ${client} gets the redirect URI ${url}/-/console/callback, and for after
   signing out ${url}/-/console/signed-out
2. As an admin, sign in at ${url}/-/console/ and set the organisation up
3. Turn caching off for the gateway's hostname: an answer to one key is not for another
4. Have ${origin} accept what comes from the gateway alone: it verifies X-Portcullis-Assertion with
   ${url}/-/jwks.json
5. Tell scanners for secrets what keys look like (${patterns.join(", ")}), and GitHub where to report them:
   ${url}/-/ops/leaks/github
`;
}
