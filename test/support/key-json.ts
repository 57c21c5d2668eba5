/** What the API tells of a key that was neither used nor refused, revoked or rotated. */
export const NOTHING_HAPPENED = {
  lastUsedAt: null,
  lastUsedIp: null,
  lastRefusedAt: null,
  lastRefusedIp: null,
  revokedAt: null,
  revokedBy: null,
  revocationReason: null,
  retiresAt: null,
  successorId: null,
  predecessorId: null,
} as const;
