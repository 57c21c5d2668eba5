import { z } from "@hono/zod-openapi";
import { exactly } from "../../api-types/exact.ts";
import { bytesToHex } from "@noble/hashes/utils.js";
import { within } from "../../core/concurrency.ts";
import { keyIdOf } from "../../core/access/imported-key.ts";
import { hashKey } from "../../core/key/key-secret.ts";
import { isRefusal, type Result } from "../../core/refusal.ts";
import type { Cut, RevocationRequest } from "../../core/organization/revocation.ts";
import type { CompiledKey } from "../../core/access/compiled-key.ts";
import type { Control } from "../context.ts";
import { openRevocation } from "../ops/revoke.ts";
import { cutTimeout } from "../../core/cut-timeout.ts";
import { killToken } from "./kill-token.ts";
import type { Answer, OAuthEndpoint, OAuthRequest } from "./oauth-endpoint.ts";
import { invalidForm, unavailable } from "./oauth-error.ts";

type Request = OAuthRequest<CompiledKey | null>;

/** The author on record: the caller shows the secret and nothing else. */
const HOLDER = { id: "holder", name: "Holder of the secret" };
const REASON = "Revoked by a holder of the secret";
/** The answer waits no longer for the organisation to record it. */
const TELL_TIMEOUT_MS = 2000;

const Revoked = z.strictObject({});

/** `POST /-/oauth/revoke` (RFC 7009): its holder revokes a key or a token, which is refused everywhere once this answers. */
export const REVOKE: OAuthEndpoint<typeof Revoked> = {
  name: "revoke",
  operationId: "revokeByPossession",
  summary: "Revoke a key or an access token by showing it",
  form: z.object({
    token: z.string().openapi({ description: "The whole key, or an access token." }),
    token_type_hint: z.string().optional().openapi({ description: "Not needed; what it is shows." }),
  }),
  answer: {
    description: "It is dead everywhere; or it never was alive (RFC 7009 section 2.2).",
    schema: Revoked,
  },
  clientRequired: false,
  run: async (request, control) => {
    const { token } = request.form;
    if (token === undefined) return invalidForm("token is missing.");
    const hasImports = await control.imports.findRevocable(Date.now());
    const keyId = keyIdOf(token, control.config.keyPrefixes, hasImports);
    try {
      return await (keyId === null
        ? revokeToken(token, request, control)
        : revokeKey(keyId, bytesToHex(hashKey(token)), request, control));
    } catch (error) {
      return unavailable(error);
    }
  },
};

/** The empty answer, for a token that is revoked now and for one that never existed (RFC 7009 section 2.2). */
const DONE: Answer<typeof Revoked> = { body: exactly(Revoked, {}) };
const UNKNOWN: Answer<typeof Revoked> = { ...DONE, failed: true };

/** Revokes at the key's guard first, which alone decides; then notifies the organisation. */
async function revokeKey(
  keyId: string,
  hash: string,
  request: Request,
  { env, guards, config }: Control,
): Promise<Answer<typeof Revoked>> {
  const confirmation = await within(cutTimeout(config), guards.cut({ keyId, hash }));
  if (confirmation === null || confirmation.record === null) return UNKNOWN;
  const { record, effectiveAt, version } = confirmation;
  const { orgId, revokedAt } = record;
  request.about({ keyId, orgId });
  const cut = { keyId, revokedAt: revokedAt ?? effectiveAt, effectiveAt, version, leak: null };
  await tell(env, { orgId, hash, cut }, request);
  return DONE;
}

/** Notifies the organisation of a revoked key. If it does not answer, the deployment's object tries again later. */
async function tell(
  env: Control["env"],
  { orgId, hash, cut }: { readonly orgId: string; readonly hash: string; readonly cut: Cut },
  { requestId: id, address }: Request,
): Promise<void> {
  const operator = { ...HOLDER, address };
  const request: RevocationRequest = { id, at: Date.now(), reason: REASON, operator };
  try {
    await within(TELL_TIMEOUT_MS, env.ORGANIZATION.getByName(orgId).noteCuts(request, [cut]));
  } catch {
    const keys = [{ target: 0, keyId: cut.keyId, orgId: null, hash }];
    // When nobody answers, the key's next use or inspection still finds it dead: only its organisation's record waits.
    await openRevocation(env, request, { keys, owners: [], unknown: [] }).catch(() => {});
  }
}

async function revokeToken(
  text: string,
  { issuer, address, requestId, about }: Request,
  control: Control,
): Promise<Result<Answer<typeof Revoked>>> {
  const { tokens, background } = control;
  const verified = await tokens.verify(text, issuer, Date.now(), background);
  if (isRefusal(verified)) {
    return verified.code === "access_token_invalid" ? UNKNOWN : unavailable(verified.reason);
  }
  const { claims } = verified;
  about(claims);
  if (claims.expiresAt > Date.now()) await killToken(claims, { ...HOLDER, address, requestId }, control);
  return DONE;
}
