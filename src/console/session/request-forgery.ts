import type { MiddlewareHandler } from "hono";
import { timingSafeEqual } from "hono/utils/buffer";
import type { ConsoleContext, ConsoleEnv } from "../context.ts";
import { staleFormPage } from "../pages/error-pages.tsx";
import { CSRF_FIELD } from "./csrf-field.ts";
import { formOf } from "./form-body.ts";
import type { Session } from "./session.ts";

/** Refuses changes that a page of another site has sent, by what the browser says of it (Fetch Metadata). */
export const refuseCrossSite: MiddlewareHandler<ConsoleEnv> = async (c, next) => {
  if (c.req.method === "GET" || c.req.method === "HEAD") return next();
  const site = c.req.header("Sec-Fetch-Site");
  const ownOrigin = c.req.header("Origin") === new URL(c.req.url).origin;
  if (site === undefined ? ownOrigin : site === "same-origin") return next();
  return staleFormPage(c, "Not sent by a page of the console");
};

/** `null` when the form was made for this session, else the page that says that it was not. */
export async function checkForm(c: ConsoleContext, session: Session): Promise<Response | null> {
  const { [CSRF_FIELD]: token } = await formOf(c);
  const matches = typeof token === "string" && (await timingSafeEqual(token, session.csrf));
  return matches ? null : staleFormPage(c, "The form's token is not the session's");
}
