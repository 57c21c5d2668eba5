import type { UsageReport } from "../../src/core/usage/usage.ts";
import { startRuntime } from "../bench/runtime.ts";
import type { Delivery, Drive, Kept } from "../bench/workers/soak.ts";

/** Organisations in workerd: the product's own objects, driven through virtual time. */
export interface RealOrganizations {
  makeKeys(orgId: string, keyIds: readonly string[], now: number): Promise<void>;
  note(orgId: string, at: number, report: UsageReport): void;
  /** Delivers what was noted, each at its time, and lets time pass until `now`. What all have written and keep. */
  takeAll(now: number): Promise<Kept>;
  stop(): Promise<void>;
}

/** Starts them from a directory that holds their module. */
export async function startOrganizations(directory: string): Promise<RealOrganizations> {
  const runtime = await startRuntime(
    directory,
    [
      {
        name: "soak",
        module: "soak.js",
        vars: { ORIGIN_URL: "http://127.0.0.1:9", OIDC_ISSUER: "http://127.0.0.1:9" },
        objects: { homeOf: () => "soak", storage: "disk", keep: true },
      },
    ],
    [],
  );
  const noted = new Map<string, Delivery[]>();
  const drive = async (what: Drive): Promise<unknown> => {
    const answer = await fetch(runtime.url("soak"), { method: "POST", body: JSON.stringify(what) });
    if (!answer.ok) throw new Error(await answer.text());
    return answer.json();
  };
  return {
    async makeKeys(orgId, keyIds, now) {
      noted.set(orgId, []);
      await drive({ orgId, now, keyIds });
    },
    note: (orgId, at, report) => void noted.get(orgId)?.push({ at, report: asJson(report) }),
    async takeAll(now) {
      let [rowsWritten, bytes] = [0, 0];
      // One after the other: they share a clock.
      for (const [orgId, deliveries] of noted) {
        noted.set(orgId, []);
        const kept = (await drive({ orgId, now, deliveries })) as Kept;
        rowsWritten += kept.rowsWritten;
        bytes += kept.bytes;
      }
      return { rowsWritten, bytes };
    },
    stop: () => runtime.stop(),
  };
}

function asJson({ keys, ...report }: UsageReport): Delivery["report"] {
  const entries = Object.entries(keys).map(([id, { calls, ...rest }]) => [
    id,
    { ...rest, ...(calls !== undefined && { calls: [...calls] }) },
  ]);
  return { ...report, keys: Object.fromEntries(entries) };
}
