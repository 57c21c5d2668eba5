import type { Child } from "hono/jsx";
import type { Key } from "../../api-types/keys.ts";
import type { RateLimit, VaultSet } from "../../core/key/key-record.ts";
import { isOpen } from "../../core/key/ip-allowlist.ts";
import { formatScope } from "../../core/policy/scope.ts";
import { Moment } from "../parts/time.tsx";
import { rateText } from "../parts/wording.ts";
import { Codes } from "../parts/many.tsx";

/** Settings of a key as people read them. */

export const SETTINGS = [
  "name",
  "description",
  "scopes",
  "vaults",
  "allowedIps",
  "rateLimit",
  "expiresAt",
] as const;
export type Setting = (typeof SETTINGS)[number];
type Values = Pick<Key, Setting>;

export const SETTING_NAMES: Readonly<Record<Setting, string>> = {
  name: "Name",
  description: "Description",
  scopes: "Scopes",
  vaults: "Vaults",
  allowedIps: "Allowed addresses",
  rateLimit: "Rate limit",
  expiresAt: "Expires",
};

/** A setting for a reader. `usual`: the rate limit of a key without its own. */
export function settingText(setting: Setting, values: Values, usual: RateLimit): Child {
  switch (setting) {
    case "name":
      return values.name;
    case "description":
      return values.description ?? <span class="soft">None</span>;
    case "scopes":
      return <Codes items={values.scopes.map(formatScope)} />;
    case "vaults":
      return vaultsText(values.vaults);
    case "allowedIps":
      return (
        <>
          {isOpen(values.allowedIps) && <b class="warn">Any address</b>} <Codes items={values.allowedIps} />
        </>
      );
    case "rateLimit":
      return values.rateLimit === null ? `The default, ${rateText(usual)}` : rateText(values.rateLimit);
    case "expiresAt":
      return <Moment time={values.expiresAt} otherwise="Never" />;
  }
}

function vaultsText(vaults: VaultSet): Child {
  return vaults === "*" ? "Every vault that the owner may use, now and later" : <Codes items={vaults} />;
}
