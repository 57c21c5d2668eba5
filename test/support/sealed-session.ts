import { Hono } from "hono";
import type { ConsoleEnv } from "../../src/console/context.ts";
import { CookieKeyRing } from "../../src/console/session/cookie-key-ring.ts";
import { SealedCookies } from "../../src/console/session/sealed-cookies.ts";
import { SessionStore } from "../../src/console/session/session-store.ts";
import type { Session } from "../../src/console/session/session.ts";
import type { Env } from "../../src/env.ts";

/** As much of a deployment as the console's sessions need, for faults that the real one cannot be made to have. */
export function fakeDeployment() {
  const contents = new Map<string, string>();
  return {
    cookieKeys: async () => [{ id: "one", secret: new Uint8Array(32) }],
    readConsoleSession: async (id: string): Promise<string | null> => contents.get(id) ?? null,
    saveConsoleSession: async ({ id, sealed }: { id: string; sealed: string }): Promise<boolean> => {
      contents.set(id, sealed);
      return true;
    },
    claimConsoleSessionRenewal: async (): Promise<boolean> => false,
    endConsoleSession: async (): Promise<void> => {},
  };
}

export type FakeDeployment = ReturnType<typeof fakeDeployment>;

export function envOf(deployment: () => FakeDeployment): Env {
  return { DEPLOYMENT: { getByName: deployment } } as unknown as Env;
}

/** The `Cookie` header of a browser that is in this session, at this origin. */
export async function sealedSession(env: Env, origin: string, session: Session): Promise<string> {
  const sessions = new SessionStore(env, new SealedCookies(new CookieKeyRing(env)));
  const sealing = new Hono<ConsoleEnv>().get("/", async (c) => {
    await sessions.begin(c, session);
    return c.body(null);
  });
  const set = (await sealing.request(`${origin}/`)).headers.getSetCookie();
  return set.map((cookie) => cookie.split(";")[0]).join("; ");
}
