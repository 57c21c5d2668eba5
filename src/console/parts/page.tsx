import { raw } from "hono/html";
import type { Child, FC } from "hono/jsx";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { isRefusal } from "../../core/refusal.ts";
import type { Me } from "../../api-types/me.ts";
import type { ApiResult } from "../api.ts";
import { assetPath } from "../assets.ts";
import type { ConsoleContext } from "../context.ts";
import type { Session } from "../session/session.ts";
import { themeOf, type Theme } from "../theme.ts";
import { Icon, Brand } from "./icons.tsx";
import { Navigation, type Section } from "./navigation.tsx";
import { bootstrapNotice } from "./outcome-banners.tsx";
import { ThemeChoice } from "./theme-choice.tsx";

/** By a sign-in, by a second factor, or to send it again. */
type KeepForms = "sign-in" | "step-up" | "again" | false;

export interface PageOptions {
  readonly status?: ContentfulStatusCode;
  /** Where the browser goes on to by itself, at once. */
  readonly refresh?: string;
  /** Whether what was filled in on the page before is kept for when somebody comes back to it, and by what way that is. */
  readonly keepForms?: KeepForms;
  /** Set where the content holds all ways on; for pages without navigation. */
  readonly contained?: boolean;
  /** Seconds; for 503. */
  readonly retryAfter?: number;
}

/** A page with the navigation for `me`, the person signed in. */
export async function navigable(
  c: ConsoleContext,
  title: string,
  me: Me,
  section: Section | null,
  content: Child,
  options: PageOptions = {},
): Promise<Response> {
  const notice = await bootstrapNotice(c, me);
  const { pathname, search } = new URL(c.req.url);
  const path = pathname + search;
  return send(c, title, options, [
    <header class="topbar">
      <Brand />
      <button type="button" class="plain" popovertarget="navigation" aria-label="Menu">
        <Icon name="menu" />
      </button>
    </header>,
    <Navigation me={me} section={section} csrf={c.get("session").csrf} theme={themeOf(c)} path={path} />,
    <main id="main" class="page">
      {notice}
      {content}
    </main>,
  ]);
}

/** A page for anybody: one thing in the middle. */
export function bare(
  c: ConsoleContext,
  title: string,
  content: Child,
  options: PageOptions = {},
): Response | Promise<Response> {
  const { pathname, search } = new URL(c.req.url);
  return send(c, title, options, [
    <main id="main" class="bare">
      <Brand />
      <section class="card">{content}</section>
      {!options.contained && <ThemeChoice theme={themeOf(c)} path={pathname + search} />}
    </main>,
  ]);
}

/** A page with the navigation if somebody is signed in, else without. */
export async function pageForAll(
  c: ConsoleContext,
  title: string,
  content: Child,
  options: PageOptions = {},
): Promise<Response> {
  // Absent before anybody is known to be signed in.
  const me = await (c.get("me") as Promise<ApiResult<Me>> | undefined);
  if (me === undefined || isRefusal(me)) return bare(c, title, content, options);
  return navigable(c, title, me, null, <section class="card notice">{content}</section>, options);
}

function send(
  c: ConsoleContext,
  title: string,
  { status = 200, refresh, keepForms = false, retryAfter }: PageOptions,
  content: Child[],
): Response | Promise<Response> {
  // Absent before anybody is known to be signed in.
  const session = c.get("session") as Session | undefined;
  if (retryAfter !== undefined) c.header("Retry-After", `${retryAfter}`);
  return c.html(
    <Document title={title} theme={themeOf(c)} refresh={refresh} keepForms={keepForms} who={session?.subject}>
      {content}
    </Document>,
    status,
  );
}

const Document: FC<{
  title: string;
  theme: Theme;
  refresh: string | undefined;
  keepForms: KeepForms;
  /** The signed-in person. */
  who: string | undefined;
  children?: Child;
}> = ({ title, theme, refresh, keepForms, who, children }) => (
  <>
    {raw("<!doctype html>")}
    <html lang="en" data-theme={theme === "system" ? undefined : theme}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content={theme === "system" ? "light dark" : theme} />
        {refresh && <meta http-equiv="refresh" content={`0; url=${refresh}`} />}
        <title>{`${title} · Portcullis`}</title>
        <link rel="icon" href={assetPath("icon.svg")} type="image/svg+xml" />
        <link rel="stylesheet" href={assetPath("console.css")} />
        <script type="module" src={assetPath("console.js")}></script>
      </head>
      <body data-keep-forms={keepForms || undefined} data-who={who}>
        <a class="skip" href="#main">
          Skip to the content
        </a>
        {children}
      </body>
    </html>
  </>
);
