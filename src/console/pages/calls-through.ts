import { isRefusal } from "../../core/refusal.ts";
import type { OrganizationUsage, Usage, UsageCounts } from "../../api-types/usage.ts";
import type { ConsoleContext } from "../context.ts";
import { counted } from "../parts/wording.ts";

/** So many keys are asked for one by one, which brings in what their guards have not delivered yet. */
const MAX_ASKED = 50;
/** The control API tells of so many keys at most. */
const TOLD_KEYS = 1000;
const WINDOW = { window: "24h" } as const;

/** What keys are used for, before they are cut off together: a sentence, or nothing where it cannot be told. */
export async function callsThrough(
  c: ConsoleContext,
  keys: readonly { readonly id: string }[],
): Promise<string> {
  const ids = keys.map(({ id }) => id);
  const [few, others] = await Promise.all([
    Promise.all(ids.slice(0, MAX_ASKED).map((id) => callsOf(c, id))),
    callsOfOthers(c, ids.slice(MAX_ASKED)),
  ]);
  const known = few.filter((calls) => calls !== null);
  const calls = others.calls + known.reduce((sum, each) => sum + each, 0);
  const isExact = known.length === few.length && others.isWhole;
  if (known.length === 0 || (calls === 0 && !isExact)) return "";
  const whose = ids.length === 1 ? "It" : "They";
  const through = calls === 0 ? "no call" : counted(calls, "call");
  return `${whose} let ${isExact ? "" : "at least "}${through} through in the last 24 hours.`;
}

async function callsOf(c: ConsoleContext, id: string): Promise<number | null> {
  const usage = await c.get("api").get<Usage>(`/-/api-keys/${encodeURIComponent(id)}/usage`, WINDOW);
  return isRefusal(usage) ? null : letThrough(usage.totals);
}

/** As far as they are among the organisation's busiest keys; for admins alone. */
async function callsOfOthers(
  c: ConsoleContext,
  ids: readonly string[],
): Promise<{ readonly calls: number; readonly isWhole: boolean }> {
  if (ids.length === 0) return { calls: 0, isWhole: true };
  const usage = await c.get("api").get<OrganizationUsage>("/-/usage", WINDOW);
  if (isRefusal(usage)) return { calls: 0, isWhole: false };
  const wanted = new Set(ids);
  const calls = usage.keys
    .filter(({ keyId }) => wanted.has(keyId))
    .reduce((sum, counts) => sum + letThrough(counts), 0);
  return { calls, isWhole: usage.keys.length < TOLD_KEYS };
}

function letThrough({ succeeded, clientErrors, originErrors }: UsageCounts): number {
  return succeeded + clientErrors + originErrors;
}
