import { env } from "cloudflare:workers";
import { config } from "./config.ts";
import { createControlApp } from "./control/app.ts";
import { IdentityVerifier } from "./control/identity.ts";
import apiDocument from "./core/api.openapi.json";
import { compilePolicy } from "./core/route-policy.ts";
import type { Env } from "./env.ts";
import { FailureLimiter } from "./gateway/failure-limiter.ts";
import { handle } from "./gateway/index.ts";
import { KeyRecordCache } from "./state/key-record-cache.ts";
import { Leases } from "./state/leases.ts";
import { surfaceOf } from "./surface.ts";

export { Deployment } from "./state/deployment/deployment.ts";
export { KeyGuard } from "./state/key-guard.ts";
export { Organization } from "./state/organization/organization.ts";

const bindings = env as unknown as Env;
const policy = compilePolicy(apiDocument);

const gateway = {
  config,
  policy,
  leases: new Leases(bindings.KEY_GUARD, new KeyRecordCache(bindings.KEY_RECORDS), config.leaseSlackMs),
  failures: new FailureLimiter(bindings.FAILURES),
};

const control = createControlApp({
  config,
  env: bindings,
  identities: new IdentityVerifier(config.issuer, config.audience),
  checkScope: (scope) => policy.checkScope(scope),
});

export default {
  fetch(request, _, context) {
    return surfaceOf(request.url, config.controlHostname) === "gateway"
      ? handle(request, context, gateway)
      : control.fetch(request, bindings, context);
  },
} satisfies ExportedHandler<Env>;
