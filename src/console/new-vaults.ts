import { getCookie, setCookie } from "hono/cookie";
import type { ConsoleContext } from "./context.ts";
import { knownVaults } from "./key-form/known.ts";
import { unknownAmong, type UnknownVault } from "./key-form/unknown-vaults.ts";

/** Vault ids that a form has just named first, for the page that it leads to: they may be mistyped. */
const COOKIE = "portcullis-new-vaults";
/** Follows an id that keys named before which were never used; no id has it. */
const NAMED = "!";
/** The most ids that a warning names. */
const MOST = 10;

export function rememberNew(c: ConsoleContext, vaults: readonly UnknownVault[]): void {
  if (vaults.length === 0) return;
  const ids = vaults.map(({ id, isNamed }) => (isNamed ? id + NAMED : id));
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
  const kept = (getCookie(c, COOKIE) ?? "").split(" ");
  const unproven = ids.filter((id) => kept.includes(id + NAMED));
  const named = [...unproven, ...ids.filter((id) => kept.includes(id))];
  if (named.length === 0) return [];
  const known = await knownVaults(c);
  if (known === null) return [];
  // The form has put them in use.
  const inUse = known.inUse.filter((id) => !named.includes(id));
  return unknownAmong(named, { inUse, unproven: [...known.unproven, ...unproven] });
}
