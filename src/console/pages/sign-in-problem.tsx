import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { ConsoleContext } from "../context.ts";
import { Icon } from "../parts/icons.tsx";
import { bare } from "../parts/page.tsx";
import { startUrl } from "../paths.ts";
import { METADATA_RETRY_MS } from "../session/provider.ts";
import type { SignInRefusal } from "../session/provider-refusals.ts";

const RETRY_AFTER_S = METADATA_RETRY_MS / 1000;

/** The page of each refusal. */
const SAID = {
  access_withdrawn: {
    status: 403,
    title: "You were not signed in",
    text: "Your identity provider did not let the sign-in go on, or it was cancelled there.",
  },
  identity_token_invalid: {
    status: 502,
    title: "The sign-in did not work",
    text: "The answer of your identity provider was not accepted. If it happens again, tell your administrator.",
  },
  identity_provider_unavailable: {
    status: 503,
    title: "The identity provider cannot be reached",
    text: "Nobody can sign in at the moment. Keys go on working. Try again in a moment.",
  },
  admission_unavailable: {
    status: 503,
    title: "Your session cannot be checked",
    text: "Portcullis cannot check your session at the moment, so nothing was done. Try again in a moment.",
  },
  not_found: {
    status: 400,
    title: "This sign-in is over",
    text: "It took too long, was finished already, or began in another browser.",
  },
} as const satisfies Record<
  SignInRefusal["code"],
  { status: ContentfulStatusCode; title: string; text: string }
>;

/** Says why nobody was signed in, with a way to try again. */
export function signInProblemPage(
  c: ConsoleContext,
  { code, reason = code, details }: SignInRefusal,
  returnTo: string,
): Response | Promise<Response> {
  c.set("reason", reason);
  const { status, title, text } = SAID[code];
  const problem = details?.["problem"];
  const content = (
    <>
      <Icon name="alert" />
      <h1>{title}</h1>
      <p>{text}</p>
      {typeof problem === "string" && <p>{problem}</p>}
      <a role="button" href={code === "admission_unavailable" ? returnTo : startUrl(returnTo)}>
        Try again
      </a>
      <p class="soft">
        Request <code>{c.get("requestId")}</code>
      </p>
    </>
  );
  const retryAfter = status === 503 ? { retryAfter: RETRY_AFTER_S } : {};
  return bare(c, title, content, { status, keepForms: "sign-in", ...retryAfter });
}
