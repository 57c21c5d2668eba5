import type { Hono } from "hono";
import { z } from "zod";
import type { ConsoleContext, ConsoleEnv } from "../context.ts";
import { SignedOutPage, SignInPage, SigningOutPage } from "../pages/sign-in.tsx";
import { signInProblemPage } from "../pages/sign-in-problem.tsx";
import { bare } from "../parts/page.tsx";
import { CONSOLE, HOME, returnPath, startUrl } from "../paths.ts";
import { newTransaction, SignInProblem, type Provider, type Transaction } from "./provider.ts";
import { checkForm } from "./request-forgery.ts";
import { TooLarge, type SealedCookies } from "./sealed-cookies.ts";
import type { SessionRegistry } from "./session-registry.ts";
import { clearSession, isOver, newSession, readSession, writeSession } from "./session.ts";

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
  returnTo: z.string(),
});

/** Signing in and out: OpenID Connect with code and PKCE, and a session in a sealed cookie. */
export function addSignIn(
  app: Hono<ConsoleEnv>,
  provider: Provider,
  cookies: SealedCookies,
  registry: SessionRegistry,
): void {
  app.get("/sign-in", async (c) => {
    const returnTo = returnPath(c.req.query("return"));
    const session = await readSession(c, cookies);
    const goesOn =
      session !== null && !isOver(session, Date.now()) && (await registry.isEnded(session)) === false;
    if (goesOn) return c.redirect(returnTo, 303);
    return bare(c, "Sign in", <SignInPage startUrl={startUrl(returnTo)} provider={provider.host} />);
  });

  app.get("/sign-in/start", async (c) => {
    const transaction = newTransaction(c.req.query("step_up") === "1");
    const url = await provider.authorizationUrl(transaction, redirectUri(c));
    if (url instanceof SignInProblem) return signInProblemPage(c, url, returnPath(c.req.query("return")));
    await rememberTransaction(c, cookies, transaction, returnPath(c.req.query("return")));
    return c.redirect(url.href, 303);
  });

  app.get("/callback", (c) => finishSignIn(c, provider, cookies, registry));

  app.post("/sign-out", async (c) => {
    const session = await readSession(c, cookies);
    if (session === null) return c.redirect(SIGNED_OUT, 303);
    const refused = await checkForm(c, session);
    if (refused !== null) return refused;
    const problem = await registry.end(session);
    // Still signed in, so that it can be tried again.
    if (problem instanceof SignInProblem) return signInProblemPage(c, problem, HOME);
    clearSession(c, cookies);
    const [url, revoked] = await Promise.all([
      provider.signOutUrl(session.idToken, originOf(c) + SIGNED_OUT),
      provider.revoke(session),
    ]);
    if (revoked instanceof SignInProblem) c.set("reason", revoked.reason);
    if (url === null) return c.redirect(SIGNED_OUT, 303);
    return bare(c, "Signing out", <SigningOutPage url={url.href} />, { refresh: url.href });
  });

  app.get("/signed-out", (c) => bare(c, "Signed out", <SignedOutPage signInUrl={startUrl(HOME)} />));
}

const SIGNED_OUT = `${CONSOLE}/signed-out`;

/** What the provider leads back to: the code becomes a session, in the browser that has asked for it and no other. */
async function finishSignIn(
  c: ConsoleContext,
  provider: Provider,
  cookies: SealedCookies,
  registry: SessionRegistry,
): Promise<Response> {
  const state = c.req.query("state") ?? "";
  const transaction = await takeTransaction(c, cookies, state);
  if (transaction === null) {
    return signInProblemPage(c, { problem: "expired", reason: "No such sign-in" }, HOME);
  }
  const tokens = await provider.redeem(new URL(c.req.url), transaction, redirectUri(c));
  if (tokens instanceof SignInProblem) return signInProblemPage(c, tokens, transaction.returnTo);
  // The new session takes the place of this browser's last one, of which a copy must not outlive signing out.
  const last = await readSession(c, cookies);
  const problem = last === null ? undefined : await registry.end(last);
  if (problem instanceof SignInProblem) return signInProblemPage(c, problem, transaction.returnTo);
  try {
    await writeSession(c, cookies, newSession(tokens, transaction.stepUp, Date.now()));
  } catch (error) {
    if (!(error instanceof TooLarge)) throw error;
    return signInProblemPage(c, { problem: "rejected", reason: error.message }, transaction.returnTo);
  }
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
