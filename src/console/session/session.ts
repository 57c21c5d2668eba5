import { generateRandomState } from "oauth4webapi";
import { z } from "zod";
import type { ConsoleContext } from "../context.ts";
import type { Tokens } from "./provider.ts";
import type { SealedCookies } from "./sealed-cookies.ts";

const COOKIE = "portcullis-session";

const SessionSchema = z.object({
  accessToken: z.string(),
  /** Tells the provider who signs out. */
  idToken: z.string(),
  refreshToken: z.string().nullable(),
  /** When the access token ends; milliseconds since the epoch, and so are the others. */
  expiresAt: z.number(),
  signedInAt: z.number(),
  /** Whether a second factor was asked for then. */
  steppedUp: z.boolean(),
  /** What every form of this session carries. */
  csrf: z.string(),
});

/** Somebody who is signed in. */
export type Session = z.output<typeof SessionSchema>;

/** A session for these tokens; its CSRF token is its own, so nothing of an earlier one goes on working. */
export function newSession(tokens: Tokens, steppedUp: boolean, now: number): Session {
  return { ...tokens, signedInAt: now, steppedUp, csrf: generateRandomState() };
}

/** Whether the access token has ended at `now`, and the session with it. */
export function isOver(session: Session, now: number): boolean {
  return now >= session.expiresAt;
}

/** The session of the request, which may have expired, or `null`. */
export async function readSession(c: ConsoleContext, cookies: SealedCookies): Promise<Session | null> {
  const payload = await cookies.read(c, COOKIE);
  return payload === null ? null : (SessionSchema.safeParse(payload["session"]).data ?? null);
}

export function writeSession(c: ConsoleContext, cookies: SealedCookies, session: Session): Promise<void> {
  return cookies.write(c, COOKIE, { session });
}

export function clearSession(c: ConsoleContext, cookies: SealedCookies): void {
  cookies.clear(c, COOKIE);
}
