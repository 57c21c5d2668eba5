import { hourOf, type UsageCounts } from "../../../src/core/usage/usage.ts";
import type { ConsoleProduct } from "../../support/console.ts";
import { makeAdminSample } from "./admin-pages.ts";
import type { Sample } from "./pages.ts";

const HOUR_MS = 3_600_000;

export async function makeKeys(product: ConsoleProduct, count: number): Promise<Sample> {
  const alice = await product.control("alice");
  for (let i = 1; i <= count; i++) {
    const name =
      i % 10 === 0
        ? `A long name that somebody has given to a key, of which this is number ${i}`
        : `Key ${i}`;
    await alice("POST", "/-/api-keys", { name, scopes: ["vault:read"], vaults: "*", expiresIn: `${i}d` });
  }
  return { keyId: "", userId: "", spare: "" };
}

/** Keys as a small organisation may have them, one of them with a week of use. */
export async function makeSample(product: ConsoleProduct): Promise<Sample> {
  const alice = await product.control("alice");
  const create = async (name: string, changes: object = {}): Promise<string> => {
    const body = { name, scopes: ["vault:read"], vaults: "*", ...changes };
    return ((await alice("POST", "/-/api-keys", body)).body as { id: string }).id;
  };
  await create("Ledger export", { expiresIn: "30d", allowedIps: ["203.0.113.0/24"] });
  const old = await create("Old integration");
  const paused = await create("Month-end close", { vaults: ["vault_3f8a2c1d9b"] });
  await create("Monitoring", { scopes: ["vault/#/balance:read"], expiresIn: null });
  const keyId = await create("Treasury dashboard", {
    description: "Reads balances for the wall in the treasury office.",
    scopes: ["vault/#/balance:read", "vault/#/transaction:read"],
    vaults: ["vault_3f8a2c1d9b"],
    allowedIps: ["203.0.113.0/24", "2001:db8::/32"],
    rateLimit: { requests: 600, windowSeconds: 60 },
    expiresIn: "90d",
  });
  await alice("PATCH", `/-/api-keys/${paused}`, { disabled: true });
  await alice("DELETE", `/-/api-keys/${old}`);
  await alice("PATCH", `/-/api-keys/${keyId}`, { allowedIps: ["203.0.113.0/24"] });
  await recordWeek(product, keyId);
  return { keyId, userId: await makeAdminSample(product, keyId), spare: "" };
}

/** As the gateway names it. */
function callOf(operationId: string): string {
  return `203.0.113.24\n/vault_3f8a2c1d9b\n${operationId}`;
}

/** An hour after the other, so that what was called is counted in its hour. */
async function recordWeek(product: ConsoleProduct, keyId: string): Promise<void> {
  for (const [hour, counts] of weekOfUse(Date.now())) {
    const balances = Math.round(counts.admitted * 0.8);
    const calls = new Map([
      [callOf("listBalances"), balances],
      [callOf("listTransactions"), counts.admitted - balances],
    ]);
    await product.recordUsage(
      keyId,
      { [hour]: counts },
      calls,
      Math.max(hour, Math.min(hour + HOUR_MS, Date.now()) - 420_000),
    );
  }
}

/** More by day than by night; now and then too much. */
function weekOfUse(now: number): [hour: number, counts: UsageCounts][] {
  const hours = Array.from({ length: 7 * 24 }, (_, i) => hourOf(now) - i * HOUR_MS).toReversed();
  return hours.map((hour, i) => {
    const ofDay = new Date(hour).getUTCHours();
    const admitted = Math.round(320 + 260 * Math.sin(((ofDay - 7) / 24) * 2 * Math.PI) + ((i * 37) % 60));
    return [hour, { admitted, limited: i % 19 === 4 ? 85 : 0, refused: i % 31 === 9 ? 40 : 0 }];
  });
}
