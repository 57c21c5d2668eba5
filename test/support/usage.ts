import type { KeyUsageReport, UsageReport } from "../../src/core/usage/usage.ts";
import type { Portcullis } from "./portcullis.ts";

/** Reports usage to an organisation as the guard of a group of its keys does. */
async function reportUsage({ miniflare }: Portcullis, orgId: string, report: UsageReport): Promise<void> {
  const organizations = await miniflare.getDurableObjectNamespace("ORGANIZATION", "edge0");
  const organization = organizations.get(organizations.idFromName(orgId)) as unknown as {
    recordGroupUsage(report: UsageReport): Promise<void>;
  };
  await organization.recordGroupUsage(report);
}

/** Has a key be used at a moment, as its guard would report it. */
export async function noteUse(
  portcullis: Portcullis,
  orgId: string,
  { id }: { readonly id: string },
  at: number,
): Promise<void> {
  const use: KeyUsageReport = {
    minutes: {},
    lastUsedAt: at,
    lastUsedIp: "192.0.2.1",
    lastRefusedAt: null,
    lastRefusedIp: null,
    refusals: [],
  };
  await reportUsage(portcullis, orgId, { group: id, instance: "test", sequence: 1, keys: { [id]: use } });
}

/** Totals of usage, in the words of this version or of those that counted what was admitted. */
export function usageTotals(
  totals: Readonly<Record<string, number>>,
): Record<"succeeded" | "limited" | "refused", number> {
  const sum = (...names: string[]): number => names.reduce((all, name) => all + (totals[name] ?? 0), 0);
  return {
    succeeded: sum("succeeded", "clientErrors", "originErrors", "admitted"),
    limited: sum("limited", "rateLimited"),
    refused: sum("refused"),
  };
}
