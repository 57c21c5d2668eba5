import { waitUntil } from "cloudflare:workers";
import { KeyGuards } from "./admission/key-guards.ts";
import { config } from "./config.ts";
import { createConsoleApp } from "./console/app.tsx";
import { createControlApp } from "./control/app.ts";
import type { Control } from "./control/context.ts";
import { IdentityVerifier } from "./control/identity/identity-verifier.ts";
import { scopesOf } from "./core/policy/route-policy.ts";
import { discardBody } from "./gateway/unread-body.ts";
import { hasVaults, policy } from "./policy.ts";
import type { Surface } from "./surface.ts";

type Serve = (request: Request, context: ExecutionContext) => Promise<Response>;

/** How requests to all but the API are answered. */
export type OwnSurfaces = Readonly<Record<Exclude<Surface, "gateway">, Serve>>;

/** The control API and the console, over what they have in common with the gateway. */
export function createOwnSurfaces(
  shared: Pick<Control, "env" | "admission" | "tokens" | "failures" | "imports" | "issuerOf">,
): OwnSurfaces {
  const { env } = shared;
  const control = createControlApp({
    ...shared,
    config,
    identities: new IdentityVerifier({ ...config.identity, hasVaults }),
    guards: new KeyGuards(env.KEY_GUARD),
    background: { waitUntil },
    apiScopes: scopesOf(policy),
    checkScope: (scope) => policy.checkScope(scope),
    operations: policy.operations,
    hasVaults,
  });
  const consolePages = createConsoleApp({
    config,
    env,
    policy,
    callControl: async (request, context, signIn) =>
      control.fetch(request, { ...env, SIGN_IN: signIn }, context),
  });
  const serveControl: Serve = async (request, context) => {
    const response = await control.fetch(request, env, context);
    // The client can read it once it is done with sending.
    await discardBody(request);
    return response;
  };
  return {
    control: serveControl,
    nowhere: serveControl,
    console: async (request, context) => consolePages.fetch(request, env, context),
  };
}
