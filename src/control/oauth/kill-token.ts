import type { AccessToken } from "../../core/token/access-token.ts";
import { within } from "../../core/concurrency.ts";
import type { Leak } from "../../core/organization/leak.ts";
import type { TokenCut } from "../../core/organization/revocation.ts";
import type { Env } from "../../env.ts";
import { cutTimeout } from "../../core/cut-timeout.ts";
import type { Confirmation } from "../../admission/guard/key-guard.ts";
import type { Control } from "../context.ts";
import { deploymentOf } from "../../state/deployment/deployment-object.ts";

const TELL_TIMEOUT_MS = 2000;

/**
 * Revokes one access token at the guard of its key: it is dead everywhere when this returns. `null` when its key does
 * not exist. Rejects when the guard does not confirm. The organisation is notified, now or later; also when the token was
 * dead before, for the place where it was found, but not when it had expired.
 */
export async function killToken(
  token: AccessToken,
  author: TokenCut["author"],
  { env, guards, config }: Pick<Control, "env" | "guards" | "config">,
  leak: Leak | null = null,
): Promise<Confirmation | null> {
  const { id: tokenId, keyId, orgId, issuedAt, expiresAt } = token;
  const applied = await within(
    cutTimeout(config),
    guards.revokeToken({ keyId, orgId }, { id: tokenId, issuedAt, expiresAt }),
  );
  // A repeat tells it once more: the first time may have ended before the organisation knew.
  if (applied === null || expiresAt <= Date.now()) return applied;
  await tell({ orgId, keyId, tokenId, issuedAt, expiresAt, author, leak }, env);
  return applied;
}

/** Notifies the organisation. If it does not answer, the deployment's object tries again later. */
async function tell(cut: TokenCut, env: Env): Promise<void> {
  try {
    await within(TELL_TIMEOUT_MS, env.ORGANIZATION.getByName(cut.orgId).noteTokenRevoked(cut));
  } catch {
    // When nobody answers, the token is dead all the same: only its organisation's record misses it.
    await within(TELL_TIMEOUT_MS, deploymentOf(env).keepTelling(cut)).catch(() => {});
  }
}
