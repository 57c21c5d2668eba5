import { env } from "cloudflare:workers";
import { Admission } from "./admission/isolate/admission.ts";
import { config } from "./config.ts";
import { canonicalOriginOf } from "./core/http/error-response.ts";
import type { Env } from "./env.ts";
import { handle } from "./gateway/index.ts";
import { Origins } from "./gateway/origins.ts";
import type { OwnSurfaces } from "./own-surfaces.ts";
import { policy } from "./policy.ts";
import { AccessTokens } from "./state/access-tokens.ts";
import { Assertions } from "./state/assertions.ts";
import { deploymentOf } from "./state/deployment/deployment-object.ts";
import { FailureLimiter } from "./state/failure-limiter.ts";
import { ImportedKeys } from "./state/imported-keys.ts";
import { TokenKeys } from "./state/token-keys.ts";
import { surfaceFor } from "./surface.ts";

export { Deployment } from "./state/deployment/deployment.ts";
export { KeyGuard } from "./admission/guard/key-guard.ts";
export { Organization } from "./state/organization/organization.ts";

const bindings = env;

const tokens = new AccessTokens(new TokenKeys(bindings.ORGANIZATION));
const admission = new Admission({
  guards: bindings.KEY_GUARD,
  records: bindings.KEY_RECORDS,
  defaultLimit: config.rateLimit,
  bounds: { base: config.leaseMs, max: config.leaseMaxMs },
  slackMs: config.leaseSlackMs,
});
const failures = new FailureLimiter(bindings.FAILURES);
const imports = new ImportedKeys(bindings.KEY_RECORDS, config.importedKeys);
const issuerOf = (url: string): string => config.publicOrigin ?? canonicalOriginOf(url);

const gateway = {
  config,
  policy,
  admission,
  failures,
  imports,
  tokens,
  issuerOf,
  assertions:
    config.originIdentity === "headers"
      ? null
      : new Assertions({
          issuer: config.publicOrigin ?? "portcullis",
          signingKey: () => deploymentOf(bindings).assertionKey(),
        }),
  origins: new Origins(config),
  metrics: bindings.METRICS ?? null,
};

let own: OwnSurfaces | null = null;

/** What is not the API's is loaded by the first request to it: an isolate is ready for the API without that. */
async function ownSurfaces(): Promise<OwnSurfaces> {
  const { createOwnSurfaces } = await import("./own-surfaces.ts");
  return (own ??= createOwnSurfaces({ env: bindings, admission, tokens, failures, imports, issuerOf }));
}

export default {
  fetch(request, _, context) {
    const surface = surfaceFor(request, config.controlHostname);
    if (surface === "gateway") return handle(request, context, gateway);
    return ownSurfaces().then((surfaces) => surfaces[surface](request, context));
  },
} satisfies ExportedHandler<Env>;
