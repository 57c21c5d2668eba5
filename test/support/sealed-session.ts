import { Hono } from "hono";
import type { ConsoleEnv } from "../../src/console/context.ts";
import { CookieKeyRing } from "../../src/console/session/cookie-key-ring.ts";
import { SealedCookies } from "../../src/console/session/sealed-cookies.ts";
import { writeSession, type Session } from "../../src/console/session/session.ts";
import type { Env } from "../../src/env.ts";

/** The `Cookie` header of a browser that is in this session, at this origin. */
export async function sealedSession(env: Env, origin: string, session: Session): Promise<string> {
  const cookies = new SealedCookies(new CookieKeyRing(env));
  const sealing = new Hono<ConsoleEnv>().get("/", async (c) => {
    await writeSession(c, cookies, session);
    return c.body(null);
  });
  const set = (await sealing.request(`${origin}/`)).headers.getSetCookie();
  return set.map((cookie) => cookie.split(";")[0]).join("; ");
}
