import { type LeakedCredential } from "../../api-types/leaks.ts";
import { eachOf } from "../../core/concurrency.ts";
import { isCanonicalJwt } from "../../core/token/jwt-form.ts";
import type { Leak } from "../../core/organization/leak.ts";
import { isRefusal, refuse, type Refusal, type Result } from "../../core/refusal.ts";
import {
  withoutReceipt,
  type KeyTarget,
  type RevocationRequest,
  type RevocationResult,
} from "../../core/organization/revocation.ts";
import type { Control } from "../context.ts";
import { killToken } from "../oauth/kill-token.ts";
import { openRevocation, revoke } from "./revoke.ts";
import { keyForms, targetOfSecret } from "./targets.ts";

/** Tokens that are being revoked at a time. */
const CONCURRENT_TOKENS = 16;

/** What became of a leaked credential. */
export interface RevokedLeak extends RevocationResult {
  /** `null` where the secret is neither a key nor a token. */
  readonly credential: LeakedCredential | null;
}

/** A text that was found, and where. */
interface FoundSecret {
  readonly token: string;
  readonly leak: Leak;
}

/** A found secret that may be an access token. */
interface FoundToken extends FoundSecret {
  readonly target: number;
}

/**
 * Revokes those of the found secrets that are keys or access tokens, and notifies their organisations. Returns a result
 * for each, in the same order, once all are dead. A key that could not be confirmed is on record and retried; a token is
 * not, and has to be reported again.
 */
export async function revokeLeaks(
  control: Control,
  request: RevocationRequest,
  found: readonly FoundSecret[],
): Promise<Result<RevokedLeak[]>> {
  const results: RevokedLeak[] = [];
  const keys: KeyTarget[] = [];
  const tokens: FoundToken[] = [];
  const forms = await keyForms(control);
  for (const [target, { token, leak }] of found.entries()) {
    const key = targetOfSecret(token, target, forms);
    if (key !== null) keys.push({ ...key, leak });
    else if (isCanonicalJwt(token)) tokens.push({ target, token, leak });
    else results.push({ ...withoutReceipt(target, null, "not_found"), credential: null });
  }
  const refusal = await revokeKeys(control, request, keys, (result) =>
    results.push({ ...result, credential: result.status === "not_found" ? null : "api_key" }),
  );
  if (refusal !== null) return refusal;
  await eachOf(tokens, CONCURRENT_TOKENS, async (token) => {
    results.push(await revokeToken(control, request, token));
  });
  return results.toSorted((a, b) => a.target - b.target);
}

async function revokeKeys(
  control: Control,
  request: RevocationRequest,
  keys: readonly KeyTarget[],
  settle: (result: RevocationResult) => void,
): Promise<Refusal | null> {
  // What holds no key at all leaves no trace.
  if (keys.length === 0) return null;
  const targets = { keys, owners: [], unknown: [] };
  try {
    await openRevocation(control.env, request, targets);
  } catch (error) {
    return refuse("admission_unavailable", { retryAfter: 1, reason: String(error) });
  }
  await revoke(control, request, targets, { expect: () => {}, settle, handedOn: () => Promise.resolve() });
  return null;
}

/** Revokes one token; its key, which was not found, goes on. */
async function revokeToken(
  control: Control,
  { id: requestId, at, operator }: RevocationRequest,
  { target, token, leak }: FoundToken,
): Promise<RevokedLeak> {
  const { tokens, background } = control;
  const verified = await tokens.verify(token, null, at, background);
  if (isRefusal(verified)) {
    const status = verified.code === "access_token_invalid" ? "not_found" : "unconfirmed";
    return { ...withoutReceipt(target, null, status), credential: null };
  }
  const { claims } = verified;
  const { keyId, expiresAt } = claims;
  const settled = { target, keyId, status: "revoked", requestedAt: at, credential: "access_token" } as const;
  if (expiresAt <= at) return { ...settled, effectiveAt: expiresAt, version: null };
  try {
    const applied = await killToken(claims, { ...operator, requestId }, control, leak);
    return { ...settled, effectiveAt: applied?.effectiveAt ?? at, version: applied?.version ?? null };
  } catch {
    return { ...withoutReceipt(target, keyId, "unconfirmed", at), credential: "access_token" };
  }
}
