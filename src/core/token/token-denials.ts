/** Access tokens of one key that were revoked before their time. Times are milliseconds since the epoch. */
export interface TokenDenials {
  /** By the token's id (`jti`). */
  readonly tokens: Readonly<Record<string, { readonly issuedAt: number; readonly expiresAt: number }>>;
  /** Every token issued at this moment or before is revoked. */
  readonly issuedUntil: number;
}

/** The part of a token that decides whether it is denied. */
export interface DeniableToken {
  readonly id: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
}

export const NO_DENIALS: TokenDenials = { tokens: {}, issuedUntil: 0 };

/**
 * Revoked tokens that are remembered one by one. One more revokes all that the key has issued so far: its holders get new
 * ones, and what the guard keeps of a key stays small.
 */
export const MAX_DENIED_TOKENS = 500;

/** Whether a token was revoked. */
export function isDenied(denials: TokenDenials, token: DeniableToken): boolean {
  return token.issuedAt <= denials.issuedUntil || Object.hasOwn(denials.tokens, token.id);
}

/** When a new token is issued: at a whole second, and after those that were revoked together. */
export function issueTime({ issuedUntil }: TokenDenials, now: number): number {
  return Math.floor(Math.max(now, issuedUntil + 1000) / 1000) * 1000;
}

/** The denials with one token more; those of tokens that have expired by themselves are forgotten. */
export function deny(denials: TokenDenials, token: DeniableToken, now: number): TokenDenials {
  if (isDenied(denials, token) || token.expiresAt <= now) return denials;
  const live = Object.entries(denials.tokens).filter(([, { expiresAt }]) => expiresAt > now);
  const { id, issuedAt, expiresAt } = token;
  const all = [...live, [id, { issuedAt, expiresAt }] as const];
  if (all.length <= MAX_DENIED_TOKENS) return { ...denials, tokens: Object.fromEntries(all) };
  return { tokens: {}, issuedUntil: Math.max(now, ...all.map(([, denied]) => denied.issuedAt)) };
}
