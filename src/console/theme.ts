import type { Hono } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import type { ConsoleContext, ConsoleEnv } from "./context.ts";
import { returnPath } from "./paths.ts";
import { formOf } from "./session/form-body.ts";

/** `system`: whatever the device prefers. */
export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const COOKIE = "portcullis-theme";
const REMEMBERED_S = 365 * 86_400;

/** What somebody has chosen in this browser. */
export function themeOf(c: ConsoleContext): Theme {
  return THEMES.find((theme) => theme === getCookie(c, COOKIE)) ?? "system";
}

/** `/theme`: remembers a choice. */
export function addTheme(app: Hono<ConsoleEnv>): void {
  app.post("/theme", async (c) => {
    const { theme: wanted, return: from } = await formOf(c);
    const theme = THEMES.find((known) => known === wanted) ?? "system";
    const secure = c.req.url.startsWith("https:");
    setCookie(c, COOKIE, theme, { path: "/-/console", maxAge: REMEMBERED_S, sameSite: "Lax", secure });
    return c.redirect(returnPath(typeof from === "string" ? from : undefined), 303);
  });
}
