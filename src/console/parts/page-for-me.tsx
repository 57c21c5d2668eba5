import type { Child } from "hono/jsx";
import { isRefusal } from "../../core/refusal.ts";
import type { Me } from "../../api-types/me.ts";
import type { ConsoleContext } from "../context.ts";
import { noPermissionPage, refusalPage } from "../pages/error-pages.tsx";
import { isShown, type Section } from "./navigation.tsx";
import { navigable, type PageOptions } from "./page.tsx";

/**
 * A page with navigation, for the signed-in person. Empty forms of a section that is not in that person's navigation are
 * not shown either.
 */
export async function pageForMe(
  c: ConsoleContext,
  title: string,
  section: Section,
  content: (me: Me) => Child,
  options: PageOptions = {},
): Promise<Response> {
  const me = await c.get("me");
  if (isRefusal(me)) return refusalPage(c, me);
  if (!isShown(section, me)) return noPermissionPage(c);
  return navigable(c, title, me, section, content(me), options);
}
