import type { Key } from "../../api-types/keys.ts";
import { parseDuration } from "../../core/duration.ts";
import { isOpen } from "../../core/key/ip-allowlist.ts";
import type { RateLimit } from "../../core/key/key-record.ts";
import { widensKey, type KeySettings } from "../../core/access/widening.ts";
import { canonicalRange, type KeyBody } from "./values.ts";
import { keysOf } from "../../core/keys-of.ts";

type Opened = "allowedIps" | "scopes" | "vaults" | "expiresAt" | "rateLimit";

const TEXTS: Readonly<Record<Opened, string>> = {
  allowedIps: "It can be used from more addresses.",
  scopes: "It can do more.",
  vaults: "It reaches more vaults.",
  expiresAt: "It works for longer.",
  rateLimit: "It can be used more often.",
};
const ANYWHERE = "It can be used from any address: a leaked copy works anywhere.";

/** What a change gives a key that it had not, a sentence each; what is filled in is possible by now. */
export function openingsOf(key: Key, change: Partial<KeyBody>, usual: RateLimit): string[] {
  const before: KeySettings = {
    scopes: key.scopes,
    vaults: key.vaults,
    allowedIps: key.allowedIps,
    rateLimit: key.rateLimit,
    disabled: key.disabled,
    expiresAt: timeOf(key.expiresAt),
  };
  const after = settingsAfter(before, change);
  const opened = keysOf(TEXTS).filter((setting) =>
    widensKey(before, { ...before, [setting]: after[setting] }, usual),
  );
  return opened.map((setting) =>
    setting === "allowedIps" && isOpen(after.allowedIps) ? ANYWHERE : TEXTS[setting],
  );
}

function settingsAfter(before: KeySettings, change: Partial<KeyBody>): KeySettings {
  const { expiresIn, expiresAt, name: _, description: __, ...plain } = change;
  const end = (): number | null => {
    if (expiresIn === null) return null;
    if (expiresIn !== undefined) return Date.now() + (parseDuration(expiresIn) ?? 0);
    return expiresAt === undefined ? before.expiresAt : timeOf(expiresAt);
  };
  const ranges = change.allowedIps?.map(canonicalRange) ?? before.allowedIps;
  return { ...before, ...(plain as Partial<KeySettings>), allowedIps: ranges, expiresAt: end() };
}

function timeOf(iso: string | null): number | null {
  return iso === null ? null : Date.parse(iso);
}
