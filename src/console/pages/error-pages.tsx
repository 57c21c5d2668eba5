import { isRefusal } from "../../core/refusal.ts";
import { REFUSALS, type RefusalCode } from "../../core/refusal-table.ts";
import type { ApiRefusal } from "../api.ts";
import type { ConsoleContext } from "../context.ts";
import { Form } from "../parts/form.tsx";
import { Message } from "../parts/message.tsx";
import { bare, pageForAll } from "../parts/page.tsx";
import { CONSOLE, HOME, link, pathOf, startUrl } from "../paths.ts";
import { CookieKeysUnavailable } from "../session/cookie-key-ring.ts";
import { isNew } from "../session/session.ts";
import { stepUpPage } from "./sign-in-redirects.tsx";

/** Pages that only say something. */

const TO_KEYS = { label: "To my keys", href: HOME };

export function notFoundPage(c: ConsoleContext): Promise<Response> {
  const title = "Not found";
  const text = "This page does not exist, or you may not see it.";
  const content = <Message icon="compass" title={title} text={text} onward={TO_KEYS} />;
  return pageForAll(c, title, content, { status: 404 });
}

/** A form that this session did not make: it was left open for too long, or another site has sent it. */
export function staleFormPage(c: ConsoleContext, reason: string): Response | Promise<Response> {
  c.set("reason", reason);
  const title = "This form is out of date";
  const text = "It belongs to another session, so nothing was done. Open the page again.";
  const onward = { label: "Open the page", href: pathOf(c.req.raw) };
  return bare(c, title, <Message icon="alert" title={title} text={text} onward={onward} />, {
    status: 403,
    keepForms: "again",
  });
}

export function tooLargePage(c: ConsoleContext): Response | Promise<Response> {
  const title = "The form is too large";
  const text = "The form is larger than the console accepts, so nothing was done. Shorten it.";
  const onward = { label: "Back to the form", href: pathOf(c.req.raw) };
  return bare(c, title, <Message icon="alert" title={title} text={text} onward={onward} />, {
    status: 413,
    keepForms: "again",
  });
}

/** A form whose body was cut short, or did not come in time. */
export function brokenFormPage(c: ConsoleContext): Response | Promise<Response> {
  const title = "The form did not arrive";
  const text = "It was cut short, or took too long to come, so nothing was done. Send it again.";
  const onward = { label: "Back to the form", href: pathOf(c.req.raw) };
  return bare(c, title, <Message icon="alert" title={title} text={text} onward={onward} />, {
    status: 400,
    keepForms: "again",
  });
}

export function errorPage(c: ConsoleContext, error: unknown): Promise<Response> {
  c.set("reason", String(error));
  if (error instanceof CookieKeysUnavailable) {
    return unexpectedPage(c, { code: "admission_unavailable", correlationId: c.get("requestId") });
  }
  const title = "Something went wrong";
  const text = "It is not your fault. Try again in a moment; if it happens again, report the request.";
  const requestId = c.get("requestId");
  const content = <Message icon="alert" title={title} text={text} onward={retry(c)} requestId={requestId} />;
  return pageForAll(c, title, content, { status: 500, keepForms: "again" });
}

/** Says what the control API has refused, in place of the page that would have shown it. */
export function refusalPage(c: ConsoleContext, refusal: ApiRefusal): Response | Promise<Response> {
  c.set("reason", `${refusal.code} (${refusal.correlationId})`);
  return (PAGES[refusal.code] ?? unexpectedPage)(c, refusal);
}

/** Refusals that have a page of their own. */
const PAGES: Partial<
  Record<RefusalCode, (c: ConsoleContext, refusal: ApiRefusal) => Response | Promise<Response>>
> = {
  mfa_required: stepUpPage,
  not_found: notFoundPage,
  role_required: noPermissionPage,
  identity_token_invalid: tokenRefusedPage,
  invalid_request: malformedPage,
};

/** The link to a page of a list is good for that list in that order alone, and does not outlive a change of its form. */
function malformedPage(c: ConsoleContext, refusal: ApiRefusal): Promise<Response> {
  if (c.req.method !== "GET" || c.req.query("cursor") === undefined) return unexpectedPage(c, refusal);
  const { cursor: _, trail: __, ...query } = c.req.query();
  const title = "This page of the list is no longer there";
  const text = "Its link is damaged, or from a list in another order.";
  const onward = { label: "Show the list from its start", href: link(c.req.path, query) };
  return pageForAll(c, title, <Message icon="compass" title={title} text={text} onward={onward} />, {
    status: 400,
  });
}

/** A filter that a list cannot be narrowed by as it is given. */
export interface FilterProblem {
  readonly name: string;
  readonly label: string;
  readonly problem: string;
}

/** What a list was to be narrowed by is not shown: it may be anything that somebody has pasted. `list`: without it. */
export function unreadableFilterPage(
  c: ConsoleContext,
  problems: readonly FilterProblem[],
  list: { readonly path: string; readonly query: Readonly<Record<string, string | undefined>> },
): Promise<Response> {
  const left = new Set([...problems.map(({ name }) => name), "cursor", "trail"]);
  const kept = Object.entries(list.query).filter(([name]) => !left.has(name));
  const title = "This filter cannot be used";
  const text = problems.map(({ label, problem }) => `“${label}” ${problem}.`).join(" ");
  const onward = { label: "Show the list without it", href: link(list.path, Object.fromEntries(kept)) };
  return pageForAll(c, title, <Message icon="search" title={title} text={text} onward={onward} />, {
    status: 400,
  });
}

export async function noPermissionPage(c: ConsoleContext): Promise<Response> {
  // Refused even this: who it is may do nothing here at all.
  if (isRefusal(await c.get("me"))) return noAccessPage(c);
  const title = "Your role does not allow this";
  const text =
    "What you may do here follows from your roles at your identity provider. Ask an admin of your organisation.";
  return pageForAll(c, title, <Message icon="lock" title={title} text={text} onward={TO_KEYS} />, {
    status: 403,
  });
}

/** For a person who can sign in, but has been deactivated in the organisation. */
function noAccessPage(c: ConsoleContext): Response | Promise<Response> {
  const title = "You have no access";
  const text =
    "Your organisation has ended your access to Portcullis, and your keys with it. Ask one of its admins.";
  const content = (
    <>
      <Message icon="lock" title={title} text={text} />
      <Form action={`${CONSOLE}/sign-out`} csrf={c.get("session").csrf}>
        <button>Sign out</button>
      </Form>
    </>
  );
  return bare(c, title, content, { status: 403 });
}

/** The session was ended by the provider, or the provider gives tokens that the control API does not take. */
function tokenRefusedPage(c: ConsoleContext, refusal: ApiRefusal): Response | Promise<Response> {
  const isEarly = isNew(c.get("session"), Date.now());
  if (!isEarly && c.req.method === "GET") return c.redirect(startUrl(pathOf(c.req.raw)), 303);
  const title = isEarly ? "Your sign-in is not accepted here" : "Your session has ended";
  const text = isEarly
    ? "Your identity provider has signed you in, but with a token that Portcullis does not accept. Tell your administrator."
    : "Sign in again to go on. What you have filled in is kept.";
  const onward = { label: "Sign in again", href: startUrl(pathOf(c.req.raw)) };
  const content = (
    <Message icon="lock" title={title} text={text} onward={onward} requestId={refusal.correlationId} />
  );
  return bare(c, title, content, { status: 401, keepForms: "sign-in" });
}

/** What to do about it the table of refusals says; when something is down, that is nothing but to wait. */
function unexpectedPage(
  c: ConsoleContext,
  { code, correlationId: requestId }: ApiRefusal,
): Promise<Response> {
  const { status, message, remedy } = REFUSALS[code];
  const title = message.replace(/\.$/, "");
  const text = status === 503 ? "Try again in a moment." : remedy.replaceAll("`", "");
  const content = <Message icon="alert" title={title} text={text} onward={retry(c)} requestId={requestId} />;
  const options = { status, keepForms: "again" } as const;
  return pageForAll(c, title, content, status === 503 ? { ...options, retryAfter: RETRY_AFTER_S } : options);
}

/** For a change that is committed, of which not every guard has said that it is in force. */
export function unconfirmedPage(c: ConsoleContext, { code, correlationId }: ApiRefusal): Promise<Response> {
  c.set("reason", `${code} (${correlationId})`);
  const title = "Done, but not confirmed everywhere yet";
  const text =
    "It is recorded, and Portcullis keeps trying until every location has confirmed it. You need not do anything. To check, send it again.";
  const content = (
    <Message icon="alert" title={title} text={text} onward={retry(c)} requestId={correlationId} />
  );
  return pageForAll(c, title, content, { status: 503, retryAfter: RETRY_AFTER_S });
}

const RETRY_AFTER_S = 1;

function retry(c: ConsoleContext): { label: string; href: string } {
  return { label: "Try again", href: pathOf(c.req.raw) };
}
