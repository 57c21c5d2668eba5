import type { MiddlewareHandler } from "hono";
import { Api } from "../api.ts";
import type { Me, Organization } from "../api-types.ts";
import type { Console, ConsoleContext, ConsoleEnv } from "../context.ts";
import { signInAgainPage } from "../pages/passages.tsx";
import { signInProblemPage } from "../pages/sign-in-problem.tsx";
import { CONSOLE, link, pathOf, startUrl } from "../paths.ts";
import { SignInProblem, type Provider } from "./provider.ts";
import { checkForm } from "./request-forgery.ts";
import { TooLarge, type SealedCookies } from "./sealed-cookies.ts";
import type { SessionRegistry } from "./session-registry.ts";
import {
  clearSession,
  isOver,
  readSession,
  renewed,
  untilOf,
  withNewForms,
  writeSession,
  type Session,
} from "./session.ts";

/** An access token that ends within this is replaced, if the provider lets us. */
const REFRESH_AHEAD_MS = 60_000;

/** Lets through who is signed in, with what pages need of them; leads everybody else to where they sign in. */
export function signedIn(
  console_: Console,
  provider: Provider,
  cookies: SealedCookies,
  registry: SessionRegistry,
): MiddlewareHandler<ConsoleEnv> {
  return async (c, next) => {
    const known = await readSession(c, cookies);
    if (known === null) return toSignIn(c, false);
    const renewal = await renewalOf(c, known, provider, registry);
    // Asked last: who signs out while new tokens are on their way has signed out.
    const ended = await registry.isEnded(known);
    if (ended === true) {
      if (renewal !== null) noteProblem(c, await provider.revoke(renewal));
      clearSession(c, cookies);
      return toSignIn(c, false);
    }
    const session = renewal !== null && (await kept(c, cookies, renewal)) ? renewal : known;
    if (ended instanceof SignInProblem) return signInProblemPage(c, ended, pathOf(c.req.raw));
    if (isOver(session, Date.now())) return toSignIn(c, true);
    if (changes(c)) {
      const refused = await checkForm(c, session);
      if (refused !== null) return refused;
    }
    const api = new Api(c, console_, session.accessToken);
    c.set("session", session);
    c.set("api", api);
    c.set("endForms", async () => {
      c.set("session", withNewForms(session));
      await writeSession(c, cookies, c.get("session"));
    });
    // Awaited when the page is drawn, so that its own questions are asked meanwhile.
    c.set("me", api.get<Me>("/-/me"));
    c.set("organization", api.get<Organization>("/-/organization"));
    return next();
  };
}

/** The session with new tokens where it is time for them, they are this request's to get and the provider gives them. */
async function renewalOf(
  c: ConsoleContext,
  session: Session,
  provider: Provider,
  registry: SessionRegistry,
): Promise<Session | null> {
  const { refreshToken, expiresAt } = session;
  const due = Date.now() >= expiresAt - REFRESH_AHEAD_MS && expiresAt < untilOf(session);
  if (refreshToken === null || !due) return null;
  const claimed = await registry.claimRenewal(session);
  if (claimed !== true) return noteProblem(c, claimed);
  const tokens = await provider.refresh({ ...session, refreshToken });
  return tokens instanceof SignInProblem ? noteProblem(c, tokens) : renewed(session, tokens);
}

/** Whether the session fits into the browser's cookies. */
async function kept(c: ConsoleContext, cookies: SealedCookies, session: Session): Promise<boolean> {
  try {
    await writeSession(c, cookies, session);
    return true;
  } catch (error) {
    if (!(error instanceof TooLarge)) throw error;
    c.set("reason", error.message);
    return false;
  }
}

/** For the log: the request goes on with what there is. */
function noteProblem(c: ConsoleContext, outcome: unknown): null {
  if (outcome instanceof SignInProblem) c.set("reason", outcome.reason);
  return null;
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
