import type { Hono } from "hono";
import { z } from "zod";
import { isRefusal, refuse } from "../../core/refusal.ts";
import type { ConsoleContext, ConsoleEnv } from "../context.ts";
import { SignedOutPage, SignInPage, SigningOutPage } from "../pages/sign-in.tsx";
import { signInProblemPage } from "../pages/sign-in-problem.tsx";
import { bare } from "../parts/page.tsx";
import { CONSOLE, HOME, link, returnPath, startUrl, STEP_UP } from "../paths.ts";
import { newTransaction, type Provider, type Transaction } from "./provider.ts";
import { staleness } from "./tokens.ts";
import { checkForm } from "./request-forgery.ts";
import type { SealedCookies } from "./sealed-cookies.ts";
import type { SessionStore } from "./session-store.ts";
import { isOver, newSession } from "./session.ts";

/** How long somebody may take to sign in. */
const TRANSACTION_S = 600;
const TRANSACTION_COOKIE = "portcullis-sign-in-";
/** Sign-ins that a browser has under way; the oldest of more is given up, as headers must not grow without end. */
const MAX_UNDER_WAY = 4;

const TransactionSchema = z.object({
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  stepUp: z.boolean(),
  anew: z.boolean().default(false),
  returnTo: z.string(),
});

/** Signing in and out: OpenID Connect with code and PKCE. */
export function addSignIn(
  app: Hono<ConsoleEnv>,
  provider: Provider,
  cookies: SealedCookies,
  sessions: SessionStore,
): void {
  app.get("/sign-in", async (c) => {
    const returnTo = returnPath(c.req.query("return"));
    const held = await sessions.read(c);
    const goesOn = held !== null && !isRefusal(held) && !isOver(held.session, Date.now());
    if (goesOn) return c.redirect(returnTo, 303);
    return bare(c, "Sign in", <SignInPage startUrl={startUrl(returnTo)} provider={provider.host} />);
  });

  app.get("/sign-in/start", async (c) => {
    const wanted = c.req.query("step_up");
    const transaction = newTransaction({ stepUp: wanted !== undefined, anew: wanted === STEP_UP.anew });
    return startSignIn(c, provider, cookies, transaction, returnPath(c.req.query("return")));
  });

  app.get("/callback", (c) => finishSignIn(c, provider, cookies, sessions));

  app.post("/sign-out", async (c) => {
    const held = await sessions.read(c);
    if (isRefusal(held)) return signInProblemPage(c, held, HOME);
    if (held === null) return c.redirect(SIGNED_OUT, 303);
    const refused = await checkForm(c, held.session);
    if (refused !== null) return refused;
    const problem = await sessions.end(held.ticket);
    // Still signed in, so that it can be tried again.
    if (isRefusal(problem)) return signInProblemPage(c, problem, HOME);
    sessions.clear(c);
    const [url, revoked] = await Promise.all([
      provider.signOutUrl(held.session.idToken, originOf(c) + SIGNED_OUT),
      provider.revoke(held.session),
    ]);
    if (isRefusal(revoked)) c.set("reason", revoked.reason);
    if (url === null) return c.redirect(link(SIGNED_OUT, { provider: "1" }), 303);
    return bare(c, "Signing out", <SigningOutPage url={url.href} />, { refresh: url.href });
  });

  app.get("/signed-out", (c) => {
    const goesOnAt = c.req.query("provider") === "1" ? provider.host : null;
    return bare(c, "Signed out", <SignedOutPage signInUrl={startUrl(HOME)} goesOnAt={goesOnAt} />);
  });
}

const SIGNED_OUT = `${CONSOLE}/signed-out`;

/** Sends the browser to the provider, and notes what it has to come back with. */
async function startSignIn(
  c: ConsoleContext,
  provider: Provider,
  cookies: SealedCookies,
  transaction: Transaction,
  returnTo: string,
): Promise<Response> {
  const url = await provider.authorizationUrl(transaction, redirectUri(c));
  if (isRefusal(url)) return signInProblemPage(c, url, returnTo);
  await rememberTransaction(c, cookies, transaction, returnTo);
  return c.redirect(url.href, 303);
}

/** What the provider leads back to: the code becomes a session, in the browser that has asked for it and no other. */
async function finishSignIn(
  c: ConsoleContext,
  provider: Provider,
  cookies: SealedCookies,
  sessions: SessionStore,
): Promise<Response> {
  const state = c.req.query("state") ?? "";
  const transaction = await takeTransaction(c, cookies, state);
  if (transaction === null) {
    return signInProblemPage(c, refuse("not_found", { reason: "No such sign-in" }), HOME);
  }
  const tokens = await provider.redeem(new URL(c.req.url), transaction, redirectUri(c));
  if (isRefusal(tokens)) return signInProblemPage(c, tokens, transaction.returnTo);
  const stale = transaction.stepUp ? staleness(tokens, Date.now()) : null;
  if (stale !== null) {
    const again = newTransaction({ stepUp: true, anew: true });
    if (!transaction.anew) return startSignIn(c, provider, cookies, again, transaction.returnTo);
    return signInProblemPage(c, stale, transaction.returnTo);
  }
  const session = newSession(tokens, transaction.stepUp, Date.now(), transaction.anew);
  const problem = await sessions.begin(c, session);
  if (isRefusal(problem)) return signInProblemPage(c, problem, transaction.returnTo);
  return c.redirect(transaction.returnTo, 303);
}

/** A cookie for each sign-in under way, so that several tabs do not end each other's. */
function transactionCookie(state: string): string {
  return TRANSACTION_COOKIE + state.slice(0, 8);
}

function rememberTransaction(
  c: ConsoleContext,
  cookies: SealedCookies,
  transaction: Transaction,
  returnTo: string,
): Promise<void> {
  const underWay = cookies.names(c, TRANSACTION_COOKIE);
  for (const oldest of underWay.slice(0, 1 - MAX_UNDER_WAY)) cookies.clear(c, oldest);
  const name = transactionCookie(transaction.state);
  return cookies.write(c, name, { transaction: { ...transaction, returnTo } }, TRANSACTION_S);
}

/** The sign-in that an answer may belong to; it is finished once. That the whole state is equal is seen when redeeming. */
async function takeTransaction(c: ConsoleContext, cookies: SealedCookies, state: string) {
  if (!/^[\w-]{16,}$/.test(state)) return null;
  const name = transactionCookie(state);
  const payload = await cookies.read(c, name);
  if (payload === null) return null;
  cookies.clear(c, name);
  return TransactionSchema.safeParse(payload["transaction"]).data ?? null;
}

function redirectUri(c: ConsoleContext): string {
  return `${originOf(c)}${CONSOLE}/callback`;
}

function originOf(c: ConsoleContext): string {
  return new URL(c.req.url).origin;
}
