import type { MiddlewareHandler } from "hono";
import { Api } from "../api.ts";
import type { Me } from "../api-types.ts";
import type { Console, ConsoleContext, ConsoleEnv } from "../context.ts";
import { signInAgainPage } from "../pages/passages.tsx";
import { CONSOLE, link, pathOf, startUrl } from "../paths.ts";
import { SignInProblem, type Provider } from "./provider.ts";
import { checkForm } from "./request-forgery.ts";
import type { SealedCookies } from "./sealed-cookies.ts";
import { isOver, readSession, writeSession, type Session } from "./session.ts";

/** An access token that ends within this is replaced, if the provider lets us. */
const REFRESH_AHEAD_MS = 60_000;

/** Lets through who is signed in, with what pages need of them; leads everybody else to where they sign in. */
export function signedIn(
  console_: Console,
  provider: Provider,
  cookies: SealedCookies,
): MiddlewareHandler<ConsoleEnv> {
  return async (c, next) => {
    const known = await readSession(c, cookies);
    const session = known && (await prolonged(c, known, provider, cookies));
    if (session === null || isOver(session, Date.now())) return toSignIn(c, session !== null);
    if (changes(c)) {
      const refused = await checkForm(c, session);
      if (refused !== null) return refused;
    }
    const api = new Api(c, console_, session.accessToken);
    c.set("session", session);
    c.set("api", api);
    // Awaited when the page is drawn, so that its own questions are asked meanwhile.
    c.set("me", api.get<Me>("/-/me"));
    return next();
  };
}

/** The session with a new access token where it is time for one and the provider gives it, else as it is. */
async function prolonged(
  c: ConsoleContext,
  session: Session,
  provider: Provider,
  cookies: SealedCookies,
): Promise<Session> {
  const { refreshToken } = session;
  if (refreshToken === null || Date.now() < session.expiresAt - REFRESH_AHEAD_MS) return session;
  const tokens = await provider.refresh({ ...session, refreshToken });
  if (tokens instanceof SignInProblem) {
    c.set("reason", tokens.reason);
    return session;
  }
  const renewed = { ...session, ...tokens };
  await writeSession(c, cookies, renewed);
  return renewed;
}

/**
 * Somebody new is asked; somebody whose session has ended goes to the provider at once, which still knows them. A form
 * comes back to its page.
 */
function toSignIn(c: ConsoleContext, wasSignedIn: boolean): Response | Promise<Response> {
  const returnTo = pathOf(c.req.raw);
  if (changes(c)) return signInAgainPage(c, startUrl(returnTo));
  const signIn = link(`${CONSOLE}/sign-in`, { return: returnTo });
  return c.redirect(wasSignedIn ? startUrl(returnTo) : signIn, 303);
}

function changes(c: ConsoleContext): boolean {
  return c.req.method !== "GET" && c.req.method !== "HEAD";
}
