import type { ConsoleContext } from "../context.ts";
import { Icon } from "../parts/icons.tsx";
import { bare } from "../parts/page.tsx";
import { pathOf, startUrl } from "../paths.ts";
import { isNew } from "../session/session.ts";

/**
 * Pages between a form and a sign-in. They lead on by themselves, and not by a redirect: a redirect would still count as
 * the form's, and the Content Security Policy lets forms lead nowhere else.
 */

/**
 * Asks for a second factor; the form is sent again afterwards. Where the provider's own session did not give a fresh one, a
 * new sign-in is asked for, once.
 */
export function stepUpPage(c: ConsoleContext): Response | Promise<Response> {
  const session = c.get("session");
  const { steppedUp, anew } = session;
  const isRecent = steppedUp && isNew(session, Date.now());
  if (isRecent && anew) return noSecondFactorPage(c);
  const url = startUrl(pathOf(c.req.raw), isRecent ? "anew" : "factor");
  const content = (
    <>
      <Icon name="lock" />
      <h1>Confirm that it is you</h1>
      <p>
        This takes a second factor that is at most five minutes old. Your form is sent when you come back.
      </p>
      <a role="button" href={url}>
        Continue
      </a>
    </>
  );
  return bare(c, "Confirm that it is you", content, {
    status: 401,
    keepForms: "step-up",
    refresh: url,
  });
}

/** The session has ended, perhaps while a form was being filled in: one that narrows a list asks by GET, too. */
export function signInAgainPage(c: ConsoleContext, url: string): Response | Promise<Response> {
  const isSent = c.req.method === "POST";
  const content = (
    <>
      <Icon name="lock" />
      <h1>Your session has ended</h1>
      <p>
        Sign in again to go on.
        {isSent && " What you have filled in is kept, and nothing has been sent yet."}
      </p>
      <a role="button" href={url}>
        Continue
      </a>
    </>
  );
  return bare(c, "Your session has ended", content, {
    status: 401,
    refresh: url,
    ...(isSent && { keepForms: "sign-in" }),
  });
}

function noSecondFactorPage(c: ConsoleContext): Response | Promise<Response> {
  const content = (
    <>
      <Icon name="alert" />
      <h1>No second factor</h1>
      <p>
        Your identity provider did not confirm a second factor. Set one up there, or ask your administrator.
      </p>
      <a role="button" href={startUrl(pathOf(c.req.raw), "anew")}>
        Try again
      </a>
    </>
  );
  return bare(c, "No second factor", content, { status: 401, keepForms: "sign-in" });
}
