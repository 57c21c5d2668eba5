import { refuse, type Refusal, type Result } from "../../core/refusal.ts";
import type { Payload } from "./claims.ts";
import type { Identity, TokenReading } from "./mapping.ts";
import { PROVIDER_RETRY_MS, ProviderKeys, ProviderUnavailable } from "./provider-keys.ts";
import { TokenFault, type TokenFaultCode } from "./token-fault.ts";
import { verifyToken } from "./verify-token.ts";

/** Faults that are looked for once the signature has verified: such a token is the provider's. */
const SIGNED: readonly TokenFaultCode[] = [
  "other audience",
  "expired",
  "not valid yet",
  "issued in the future",
  "impossible time",
  "claim missing",
  "claim of another type",
];

/** Verifies access tokens of the identity provider, by the keys that its discovery document names. */
export class IdentityVerifier {
  readonly #settings: TokenReading;
  readonly #keys: ProviderKeys;

  constructor(settings: TokenReading) {
    this.#settings = settings;
    this.#keys = new ProviderKeys(settings.issuer);
  }

  /**
   * Verifies the `Authorization` header of a request at `now`, in milliseconds since the epoch. `signIn`: what the
   * console's verified ID token of the same sign-in says, for what the access token leaves out.
   */
  async verify(
    authorization: string | null,
    now: number,
    signIn: Payload | null = null,
  ): Promise<Result<Identity>> {
    if (!authorization) return refuse("credential_missing", { reason: "no Authorization header" });
    const [, token] = /^bearer +(\S+)$/i.exec(authorization) ?? [];
    if (token === undefined) return refused(new TokenFault("no bearer token"));
    try {
      const identity = await verifyToken(token, this.#keys, this.#settings, now, signIn);
      return identity instanceof TokenFault ? refused(identity) : identity;
    } catch (error) {
      if (!(error instanceof ProviderUnavailable)) throw error;
      return refuse("identity_provider_unavailable", {
        retryAfter: PROVIDER_RETRY_MS / 1000,
        reason: error.message,
      });
    }
  }
}

function refused(fault: TokenFault): Refusal {
  return refuse("identity_token_invalid", {
    reason: fault.toString(),
    ...(SIGNED.includes(fault.code) && { secretShown: true }),
  });
}
