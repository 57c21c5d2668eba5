import type { AccessToken } from "../../core/access-token.ts";
import { within } from "../../core/concurrency.ts";
import type { Leak } from "../../core/leak.ts";
import type { Env } from "../../env.ts";
import type { Applied } from "../../state/key-guard.ts";
import type { Author } from "../../state/organization/audit-log.ts";

/** A guard may wait out the leases of a longer setting that was in force before. */
export const CUT_TIMEOUT_MS = 10_000;
const AUDIT_TIMEOUT_MS = 2000;

/**
 * Revokes one access token at the guard of its key: it is dead everywhere when this returns. `null` when its key does
 * not exist. Rejects when the guard does not confirm. An organisation that does not answer only misses the line in its
 * record.
 */
export async function killToken(
  token: AccessToken,
  author: Author,
  env: Env,
  leak: Leak | null = null,
): Promise<Applied | null> {
  const { id, keyId, orgId, issuedAt, expiresAt } = token;
  const guard = env.KEY_GUARD.getByName(keyId);
  const applied = await within(CUT_TIMEOUT_MS, guard.revokeToken(orgId, { id, issuedAt, expiresAt }));
  if (applied?.changed !== true) return applied;
  const noted = env.ORGANIZATION.getByName(orgId).noteTokenRevoked(author, keyId, id, leak);
  await within(AUDIT_TIMEOUT_MS, noted).catch(() => {});
  return applied;
}
