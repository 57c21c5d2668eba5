import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { ConsoleContext } from "../context.ts";
import { Icon } from "../parts/icons.tsx";
import { bare } from "../parts/page.tsx";
import { startUrl } from "../paths.ts";
import { METADATA_RETRY_MS, type SignInProblem } from "../session/provider.ts";

const RETRY_AFTER_S = METADATA_RETRY_MS / 1000;

/** What is said, by what went wrong. `expired`: there is no such sign-in in this browser, or not any more. */
const SAID = {
  denied: {
    status: 403,
    title: "You were not signed in",
    text: "Your identity provider did not let the sign-in go on, or it was cancelled there.",
  },
  rejected: {
    status: 502,
    title: "The sign-in did not work",
    text: "The answer of your identity provider was not accepted. If it happens again, tell your administrator.",
  },
  unavailable: {
    status: 503,
    title: "The identity provider cannot be reached",
    text: "Nobody can sign in at the moment. Keys go on working. Try again in a moment.",
  },
  unconfirmed: {
    status: 503,
    title: "Your session cannot be checked",
    text: "Portcullis cannot check your session at the moment, so nothing was done. Try again in a moment.",
  },
  expired: {
    status: 400,
    title: "This sign-in is over",
    text: "It took too long, was finished already, or began in another browser.",
  },
} as const satisfies Record<string, { status: ContentfulStatusCode; title: string; text: string }>;

/** Says why nobody was signed in, with a way to try again. */
export function signInProblemPage(
  c: ConsoleContext,
  { problem, reason }: { problem: SignInProblem["problem"] | "expired"; reason: string },
  returnTo: string,
): Response | Promise<Response> {
  c.set("reason", reason);
  const { status, title, text } = SAID[problem];
  const content = (
    <>
      <Icon name="alert" />
      <h1>{title}</h1>
      <p>{text}</p>
      <a role="button" href={problem === "unconfirmed" ? returnTo : startUrl(returnTo)}>
        Try again
      </a>
      <p class="soft">
        Request <code>{c.get("requestId")}</code>
      </p>
    </>
  );
  const retryAfter = status === 503 ? { retryAfter: RETRY_AFTER_S } : {};
  return bare(c, title, content, { status, keepForms: true, ...retryAfter });
}
