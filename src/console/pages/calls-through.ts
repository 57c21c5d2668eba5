import type { OrganizationUsage } from "../../api-types/usage.ts";
import { ApiRefusal } from "../api.ts";
import type { ConsoleContext } from "../context.ts";
import { counted } from "../parts/wording.ts";

/** What keys are used for, before they are cut off together: a sentence, or nothing where there is nothing to tell. */
export async function callsThrough(
  c: ConsoleContext,
  keys: readonly { readonly id: string }[],
): Promise<string> {
  const usage = await c.get("api").get<OrganizationUsage>("/-/usage", { window: "24h" });
  // The organisation's usage is for admins.
  if (usage instanceof ApiRefusal) return "";
  const ids = new Set(keys.map(({ id }) => id));
  const calls = usage.keys
    .filter(({ keyId }) => ids.has(keyId))
    .reduce(
      (sum, { succeeded, clientErrors, originErrors }) => sum + succeeded + clientErrors + originErrors,
      0,
    );
  const whose = keys.length === 1 ? "It" : "They";
  return calls === 0
    ? `${whose} let no call through in the last 24 hours.`
    : `${whose} let ${counted(calls, "call")} through in the last 24 hours.`;
}
