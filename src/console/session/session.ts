import { generateRandomState } from "oauth4webapi";
import { z } from "zod";
import type { Tokens } from "./tokens.ts";

/** However often its tokens are renewed, a session ends then. */
const MAX_SESSION_MS = 12 * 3_600_000;
/** An access token that ends within this is replaced, if the provider lets us. */
const RENEW_AHEAD_MS = 60_000;
/** The provider is asked for the person's roles so often, that a change of them is known within five minutes. */
const ROLES_MAX_AGE_MS = 270_000;
const JUST_NOW_MS = 60_000;
/** After a provider could not be asked for tokens. */
const RETRY_MS = 10_000;

export const SessionSchema = z.object({
  id: z.string(),
  /** Who signed in, as the provider calls them: the `sub` of the ID token. */
  subject: z.string(),
  accessToken: z.string(),
  /** Tells the provider who signs out. */
  idToken: z.string(),
  /** How and when the person signed in, by the verified ID token. */
  signIn: z.record(z.string(), z.unknown()),
  refreshToken: z.string().nullable(),
  /** How often it has had new tokens. */
  renewals: z.number(),
  /** When the access token ends, or the session does; milliseconds since the epoch, and so are the others. */
  expiresAt: z.number(),
  /** When the provider is to be asked for new tokens. Sessions of earlier versions do not say. */
  renewAt: z.number().default(0),
  signedInAt: z.number(),
  /** Whether a second factor was asked for then. */
  steppedUp: z.boolean(),
  /** Whether a new sign-in was asked for with it. Sessions of earlier versions do not say. */
  anew: z.boolean().default(false),
  /** What every form of this session carries. */
  csrf: z.string(),
});

/** A signed-in person. */
export type Session = z.output<typeof SessionSchema>;

/** A session for these tokens; its CSRF token is its own, so nothing of an earlier one goes on working. */
export function newSession(tokens: Tokens, steppedUp: boolean, now: number, anew = false): Session {
  const [id, csrf] = [generateRandomState(), generateRandomState()];
  return withTokens({ id, renewals: 0, signedInAt: now, steppedUp, anew, csrf }, tokens, now);
}

/** The session with new tokens. */
export function renewed(session: Session, tokens: Tokens, now: number): Session {
  return withTokens({ ...session, renewals: session.renewals + 1 }, tokens, now);
}

/** The session with the tokens that it has, as the provider could not be asked for new ones. */
export function postponed(session: Session, now: number): Session {
  return { ...session, renewals: session.renewals + 1, renewAt: now + RETRY_MS };
}

function withTokens(session: Omit<Session, keyof Tokens | "renewAt">, tokens: Tokens, now: number): Session {
  const until = untilOf(session);
  const expiresAt = Math.min(tokens.expiresAt, until);
  const lastCall = expiresAt < until ? expiresAt - RENEW_AHEAD_MS : until;
  return { ...session, ...tokens, expiresAt, renewAt: Math.min(lastCall, now + ROLES_MAX_AGE_MS) };
}

/** When a session ends at the latest. */
export function untilOf({ signedInAt }: Pick<Session, "signedInAt">): number {
  return signedInAt + MAX_SESSION_MS;
}

/** The same session with another CSRF token: no form that was made before can be sent any more. */
export function withNewForms(session: Session): Session {
  return { ...session, csrf: generateRandomState() };
}

/**
 * Whether somebody has signed in just now: what is refused so soon would be refused again, and asking once more would lead
 * them in circles.
 */
export function isNew({ signedInAt }: Pick<Session, "signedInAt">, now: number): boolean {
  return now - signedInAt < JUST_NOW_MS;
}

/** Whether the session has to be renewed or begun anew at `now`. */
export function isOver(session: Session, now: number): boolean {
  return now >= session.expiresAt;
}
