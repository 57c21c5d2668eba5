import { getCookie, setCookie } from "hono/cookie";
import type { ConsoleContext } from "./context.ts";
import { knownVaults } from "./key-form/known.ts";
import { unknownAmong, type UnknownVault } from "./key-form/unknown-vaults.ts";

/** Vault ids that a form has just named first, for the page that it leads to: they may be mistyped. */
const COOKIE = "portcullis-new-vaults";
/** The most ids that a warning names. */
const MOST = 10;

export function rememberNew(c: ConsoleContext, ids: readonly string[]): void {
  if (ids.length === 0) return;
  const secure = c.req.url.startsWith("https:");
  setCookie(c, COOKIE, ids.slice(0, MOST).join(" "), {
    path: "/-/console",
    maxAge: 60,
    httpOnly: true,
    sameSite: "Lax",
    secure,
  });
}

/** Those that are among `ids`, each with a vault that is spelled almost so. */
export async function newAmong(c: ConsoleContext, ids: readonly string[]): Promise<readonly UnknownVault[]> {
  const named = (getCookie(c, COOKIE) ?? "").split(" ").filter((id) => ids.includes(id));
  if (named.length === 0) return [];
  const known = await knownVaults(c);
  return unknownAmong(named, known && known.filter((id) => !named.includes(id)));
}
