import type { MiddlewareHandler } from "hono";
import type { Me } from "../../api-types/me.ts";
import type { Organization } from "../../api-types/organization.ts";
import { Api } from "../api.ts";
import type { Console, ConsoleContext, ConsoleEnv } from "../context.ts";
import { signInAgainPage } from "../pages/sign-in-redirects.tsx";
import { signInProblemPage } from "../pages/sign-in-problem.tsx";
import { CONSOLE, link, pathOf, startUrl } from "../paths.ts";
import { SignInProblem, type Provider } from "./provider.ts";
import { checkForm } from "./request-forgery.ts";
import type { Held, SessionStore } from "./session-store.ts";
import { isOver, renewed, untilOf, withNewForms, type Session } from "./session.ts";

/** An access token that ends within this is replaced, if the provider lets us. */
const REFRESH_AHEAD_MS = 60_000;

/** Lets through who is signed in, with what pages need of them; leads everybody else to where they sign in. */
export function signedIn(
  console_: Console,
  provider: Provider,
  sessions: SessionStore,
): MiddlewareHandler<ConsoleEnv> {
  return async (c, next) => {
    const known = await sessions.read(c);
    if (known instanceof SignInProblem) return signInProblemPage(c, known, pathOf(c.req.raw));
    const held = known === null ? null : await upToDate(c, known, provider, sessions);
    if (held instanceof SignInProblem) return signInProblemPage(c, held, pathOf(c.req.raw));
    if (held === null) {
      sessions.clear(c);
      return toSignIn(c, false);
    }
    const { session } = held;
    if (isOver(session, Date.now())) return toSignIn(c, true);
    if (changes(c)) {
      const refused = await checkForm(c, session);
      if (refused !== null) return refused;
    }
    const api = new Api(c, console_, session);
    c.set("session", session);
    c.set("api", api);
    c.set("endForms", async () => {
      c.set("session", withNewForms(session));
      noteProblem(c, await sessions.save({ ...held, session: c.get("session") }));
    });
    // Awaited when the page is drawn, so that its own questions are asked meanwhile.
    c.set("me", api.get<Me>("/-/me"));
    c.set("organization", api.get<Organization>("/-/organization"));
    return next();
  };
}

/** The session with new tokens where it is time for them; `null` when it was ended while they were on their way. */
async function upToDate(
  c: ConsoleContext,
  held: Held,
  provider: Provider,
  sessions: SessionStore,
): Promise<Held | null | SignInProblem> {
  const session = await renewalOf(c, held.session, provider, sessions);
  if (session === null) return held;
  const next = { ...held, session };
  const saved = await sessions.save(next);
  if (saved === true) return next;
  if (saved !== false && saved.problem !== "rejected") return saved;
  noteProblem(c, saved);
  if (saved !== false) return held;
  noteProblem(c, await provider.revoke(session));
  return null;
}

/** The session with new tokens, if they are this request's to get and the provider gives them. */
async function renewalOf(
  c: ConsoleContext,
  session: Session,
  provider: Provider,
  sessions: SessionStore,
): Promise<Session | null> {
  const { refreshToken, expiresAt } = session;
  const due = Date.now() >= expiresAt - REFRESH_AHEAD_MS && expiresAt < untilOf(session);
  if (refreshToken === null || !due) return null;
  const claimed = await sessions.claimRenewal(session);
  if (claimed !== true) return noteProblem(c, claimed);
  const tokens = await provider.refresh({ ...session, refreshToken });
  return tokens instanceof SignInProblem ? noteProblem(c, tokens) : renewed(session, tokens);
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
