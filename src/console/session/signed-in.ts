import type { MiddlewareHandler } from "hono";
import { isRefusal, refuse } from "../../core/refusal.ts";
import type { Me } from "../../api-types/me.ts";
import type { Organization } from "../../api-types/organization.ts";
import { Api } from "../api.ts";
import type { Console, ConsoleContext, ConsoleEnv } from "../context.ts";
import { signInAgainPage } from "../pages/sign-in-redirects.tsx";
import { signInProblemPage } from "../pages/sign-in-problem.tsx";
import { CONSOLE, link, pathOf, startUrl } from "../paths.ts";
import type { Provider } from "./provider.ts";
import type { SignInRefusal, SignInResult } from "./provider-refusals.ts";
import { checkForm } from "./request-forgery.ts";
import type { Held, SessionStore } from "./session-store.ts";
import { isNew, isOver, postponed, renewed, untilOf, withNewForms, type Session } from "./session.ts";

/**
 * Lets people through who are signed in, with what pages need of them; leads everybody else to the sign-in. The cookie of
 * a session that has ended stays until the next sign-in replaces it: a late answer that took it away could take that of a
 * sign-in which another tab has finished meanwhile.
 */
export function signedIn(
  console_: Console,
  provider: Provider,
  sessions: SessionStore,
): MiddlewareHandler<ConsoleEnv> {
  const { operations } = console_.policy;
  const operationNames = new Map(operations.map(({ id, method, template }) => [id, `${method} ${template}`]));
  return async (c, next) => {
    const known = await sessions.read(c);
    if (isRefusal(known)) return signInProblemPage(c, known, pathOf(c.req.raw));
    const held = known === null ? null : await upToDate(c, known, provider, sessions);
    if (isRefusal(held)) {
      if (held.code !== "access_withdrawn") return signInProblemPage(c, held, pathOf(c.req.raw));
      if (known !== null && isNew(known.session, Date.now())) return endedAtOncePage(c, held);
      return toSignIn(c, true);
    }
    if (held === null) return toSignIn(c, false);
    const { session } = held;
    if (isOver(session, Date.now())) return toSignIn(c, true);
    if (changes(c)) {
      const refused = await checkForm(c, session);
      if (refused !== null) return refused;
    }
    const { accessToken, signIn } = session;
    const api = new Api((request) => console_.callControl(request, c.executionCtx, signIn), {
      origin: new URL(c.req.url).origin,
      address: c.get("address"),
      accessToken,
    });
    c.set("session", session);
    c.set("api", api);
    c.set("operationNames", operationNames);
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

/**
 * The session with new tokens where it is time for them; `null` when it was ended while they were on their way,
 * `access_withdrawn` when the provider ends it.
 */
async function upToDate(
  c: ConsoleContext,
  held: Held,
  provider: Provider,
  sessions: SessionStore,
): Promise<SignInResult<Held | null>> {
  const session = await renewalOf(c, held.session, provider, sessions);
  if (session === null) return held;
  if (isRefusal(session)) {
    noteProblem(c, session);
    noteProblem(c, await sessions.end(held.ticket));
    return session;
  }
  const next = { ...held, session };
  const saved = await sessions.save(next);
  if (saved === true) return next;
  if (saved !== false && saved.code !== "identity_token_invalid") return saved;
  noteProblem(c, saved);
  if (saved !== false) return held;
  noteProblem(c, await provider.revoke(session));
  return null;
}

/** The session with new tokens, if they are this request's to get; a problem when the provider has ended it. */
async function renewalOf(
  c: ConsoleContext,
  session: Session,
  provider: Provider,
  sessions: SessionStore,
): Promise<SignInResult<Session | null>> {
  const { refreshToken, renewAt } = session;
  const now = Date.now();
  if (refreshToken === null || now < renewAt || now >= untilOf(session)) return null;
  const claimed = await sessions.claimRenewal(session);
  if (claimed !== true) return noteProblem(c, claimed);
  const tokens = await provider.refresh({ ...session, refreshToken });
  if (!isRefusal(tokens)) return renewed(session, tokens, Date.now());
  if (tokens.code === "access_withdrawn") return tokens;
  noteProblem(c, tokens);
  return postponed(session, Date.now());
}

/** To sign in anew by itself would lead in circles. */
function endedAtOncePage(c: ConsoleContext, { reason }: SignInRefusal): Response | Promise<Response> {
  const problem = "It signed you in, and ended your session again within a minute.";
  const refusal = refuse("access_withdrawn", {
    details: { problem },
    ...(reason !== undefined && { reason }),
  });
  return signInProblemPage(c, refusal, pathOf(c.req.raw));
}

/** For the log: the request goes on with what there is. */
function noteProblem(c: ConsoleContext, outcome: unknown): null {
  if (isRefusal(outcome)) c.set("reason", outcome.reason);
  return null;
}

/**
 * Somebody new is asked; somebody whose session has ended goes to the provider at once, which still knows them. A form
 * comes back to its page.
 */
function toSignIn(c: ConsoleContext, wasSignedIn: boolean): Response | Promise<Response> {
  const returnTo = pathOf(c.req.raw);
  if (changes(c) || wasSignedIn) return signInAgainPage(c, startUrl(returnTo));
  return c.redirect(link(`${CONSOLE}/sign-in`, { return: returnTo }), 303);
}

function changes(c: ConsoleContext): boolean {
  return c.req.method !== "GET" && c.req.method !== "HEAD";
}
