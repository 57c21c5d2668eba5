import type { Actor } from "../core/organization/organization.ts";
import type { Operation } from "../core/policy/operation.ts";
import type { Refusal } from "../core/refusal.ts";
import type { Env } from "../env.ts";
import type { Config } from "../settings.ts";
import type { AccessTokens } from "../state/access-tokens.ts";
import type { FailureLimiter } from "../state/failure-limiter.ts";
import type { ImportedKeys } from "../state/imported-keys.ts";
import type { Admission } from "../admission/isolate/admission.ts";
import type { KeyGuards } from "../admission/key-guards.ts";
import type { Background } from "../core/background.ts";
import type { Payload } from "./identity/claims.ts";
import type { IdentityVerifier } from "./identity/identity-verifier.ts";

/** What the endpoints work with. */
export interface Control {
  readonly config: Config;
  readonly env: Env;
  readonly identities: IdentityVerifier;
  /** The access tokens, the keys' leases and the failing addresses of this isolate. */
  readonly tokens: AccessTokens;
  readonly admission: Admission;
  readonly guards: KeyGuards;
  readonly failures: FailureLimiter;
  /** Whether keys have been imported. */
  readonly imports: ImportedKeys;
  /** Keeps work alive that no answer waits for. */
  readonly background: Background;
  /** Scheme and authority of the gateway for a request to this address. */
  readonly issuerOf: (url: string) => string;
  /** The scopes that the operations of the API need. */
  readonly apiScopes: string[];
  /** What is wrong with a scope by the API document, or `null`. */
  readonly checkScope: (scope: {
    action: "read" | "write" | "admin" | "*";
    resource: string;
  }) => string | null;
  /** The operations of the API behind the gateway. */
  readonly operations: readonly Operation[];
  /** Whether the API has vaults: without them keys name none. */
  readonly hasVaults: boolean;
}

export interface ControlEnv {
  /** `SIGN_IN` is set by the Worker for the console alone: claims of its ID token of the same sign-in. */
  Bindings: Env & { readonly SIGN_IN?: Payload | null };
  Variables: {
    requestId: string;
    address: string;
    refusal?: Refusal;
    /** What is served, where one handler serves many paths. */
    route?: string;
    /** What of a request was left out, and why. */
    leftOut?: readonly string[];
    actor?: Actor;
    /** The organisation of a request that no person has signed: that of its SCIM token, or of the key that it shows. */
    orgId?: string;
    /** The key that a client has shown, or that the request is about. */
    keyId?: string;
    oauthError?: { readonly code: string; readonly reason: string | undefined };
  };
}
