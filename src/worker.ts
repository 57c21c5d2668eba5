import { env, waitUntil } from "cloudflare:workers";
import { Admission } from "./admission/isolate/admission.ts";
import { KeyGuards } from "./admission/key-guards.ts";
import { config } from "./config.ts";
import { createConsoleApp } from "./console/app.tsx";
import { createControlApp } from "./control/app.ts";
import { IdentityVerifier } from "./control/identity/identity-verifier.ts";
import { canonicalOriginOf } from "./core/error-response.ts";
import { scopesOf } from "./core/policy/route-policy.ts";
import type { Env } from "./env.ts";
import { handle } from "./gateway/index.ts";
import { Origins } from "./gateway/origins.ts";
import { discardBody } from "./gateway/unread-body.ts";
import { hasVaults, policy } from "./policy.ts";
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

const bindings = env as unknown as Env;

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

const control = createControlApp({
  config,
  env: bindings,
  identities: new IdentityVerifier({ ...config.identity, hasVaults }),
  admission,
  guards: new KeyGuards(bindings.KEY_GUARD),
  tokens,
  failures,
  imports,
  background: { waitUntil },
  issuerOf,
  apiScopes: scopesOf(policy),
  checkScope: (scope) => policy.checkScope(scope),
  operations: policy.operations,
  hasVaults,
});

const consolePages = createConsoleApp({
  config,
  env: bindings,
  policy,
  callControl: async (request, context, signIn) =>
    control.fetch(request, { ...bindings, SIGN_IN: signIn }, context),
});

/** An answer, once the client is done with sending and so can read it. */
async function whenRead(request: Request, answer: Response | Promise<Response>): Promise<Response> {
  const response = await answer;
  await discardBody(request);
  return response;
}

export default {
  fetch(request, _, context) {
    switch (surfaceFor(request, config.controlHostname)) {
      case "gateway":
        return handle(request, context, gateway);
      case "console":
        return consolePages.fetch(request, bindings, context);
      case "control":
      case "nowhere":
        return whenRead(request, control.fetch(request, bindings, context));
    }
  },
} satisfies ExportedHandler<Env>;
