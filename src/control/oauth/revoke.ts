import { z } from "@hono/zod-openapi";
import { bytesToHex } from "@noble/hashes/utils.js";
import { within } from "../../core/concurrency.ts";
import { hashKey, readKeyId } from "../../core/key-secret.ts";
import type { KeyTarget, RevocationResult } from "../../core/revocation.ts";
import type { Control } from "../endpoint.ts";
import { openRevocation, revoke } from "../ops/revoke.ts";
import { CUT_TIMEOUT_MS, killToken } from "./kill-token.ts";
import type { Failed, OAuthEndpoint, OAuthRequest } from "./oauth-endpoint.ts";
import { oauthError, unavailable, type OAuthError } from "./oauth-error.ts";

/** Who it was, on record: nobody is asked for more than the secret. */
const HOLDER = { id: "holder", name: "Whoever holds the secret" };
const REASON = "Revoked by whoever holds the secret";

/** `POST /-/oauth/revoke` (RFC 7009): whoever holds a key or a token can kill it, and it is dead when this answers. */
export const REVOKE: OAuthEndpoint = {
  name: "revoke",
  operationId: "revokeByPossession",
  summary: "Revoke a key or an access token by showing it",
  form: z.object({
    token: z.string().openapi({ description: "The whole key, or an access token." }),
    token_type_hint: z.string().optional().openapi({ description: "Not needed; what it is shows." }),
  }),
  answer: { description: "It is dead everywhere; or it never was alive (RFC 7009 section 2.2)." },
  clientRequired: false,
  run: async (request, control) => {
    const { token } = request.form;
    if (token === undefined) return oauthError("invalid_request", "token is missing.");
    const keyId = readKeyId(token, control.config.keyPrefix);
    return keyId === null
      ? revokeToken(token, request, control)
      : revokeKey({ target: 0, keyId, orgId: null, hash: bytesToHex(hashKey(token)) }, request, control);
  },
};

/** The empty answer, for what is dead now and for what never lived (RFC 7009 section 2.2). */
const DONE = {};
const UNKNOWN: Failed = { failed: true, outcome: DONE };

async function revokeKey(
  target: KeyTarget,
  { address, requestId }: OAuthRequest,
  { env }: Control,
): Promise<object | OAuthError | Failed> {
  try {
    const guard = env.KEY_GUARD.getByName(target.keyId);
    const found = await within(CUT_TIMEOUT_MS, guard.inspect({ hash: target.hash as string }));
    if (found === null) return UNKNOWN;
    if (found.revokedAt !== null && found.effectiveAt !== null) return DONE;
    const request = { id: requestId, at: Date.now(), reason: REASON, operator: { ...HOLDER, address } };
    const targets = { keys: [target], owners: [], unknown: [] };
    await openRevocation(env, request, targets);
    const results: RevocationResult[] = [];
    await revoke(env, request, targets, { expect: () => {}, settle: (result) => results.push(result) });
    return results.every(({ status }) => status === "revoked") ? DONE : unavailable("Not confirmed");
  } catch (error) {
    return unavailable(error);
  }
}

async function revokeToken(
  text: string,
  { issuer, background, address, requestId }: OAuthRequest,
  { env, tokens }: Control,
): Promise<object | OAuthError | Failed> {
  const verified = await tokens.verify(text, issuer, Date.now(), background);
  if ("code" in verified) {
    return verified.code === "access_token_invalid" ? UNKNOWN : unavailable(verified.reason);
  }
  const { claims } = verified;
  if (claims.expiresAt <= Date.now()) return DONE;
  try {
    await killToken(claims, { ...HOLDER, address, requestId }, env);
    return DONE;
  } catch (error) {
    return unavailable(error);
  }
}
