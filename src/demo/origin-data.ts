import { createHash } from "node:crypto";

/** The sample custody data: the same at every start, and made when asked for. Amounts are in an asset's smallest unit. */

interface VaultSeed {
  readonly id: string;
  readonly name: string;
  readonly status: "active" | "archived";
  readonly createdAt: string;
  readonly assets: readonly string[];
  readonly transactions: number;
}

const NETWORKS = [
  { id: "bitcoin", name: "Bitcoin", nativeAssetId: "btc" },
  { id: "ethereum", name: "Ethereum", nativeAssetId: "eth" },
  { id: "polygon", name: "Polygon", nativeAssetId: "pol" },
  { id: "solana", name: "Solana", nativeAssetId: "sol" },
];

const ASSETS = [
  { id: "btc", symbol: "BTC", name: "Bitcoin", decimals: 8, networks: ["bitcoin"] },
  { id: "eth", symbol: "ETH", name: "Ether", decimals: 18, networks: ["ethereum"] },
  { id: "pol", symbol: "POL", name: "Polygon", decimals: 18, networks: ["polygon"] },
  { id: "sol", symbol: "SOL", name: "Solana", decimals: 9, networks: ["solana"] },
  { id: "usdc", symbol: "USDC", name: "USD Coin", decimals: 6, networks: ["ethereum", "polygon", "solana"] },
];

const ARCHIVED = "vault_a86c3e9f10";
/** Columns: id, name, createdAt, assets, transactions. */
const VAULTS: readonly VaultSeed[] = (
  [
    ["vault_3f8a2c1d9b", "Treasury", "2026-01-14T09:30:00Z", ["btc", "eth", "usdc"], 240],
    ["vault_7b21e4c09d", "Trading", "2026-01-20T14:05:00Z", ["btc", "eth", "sol", "usdc"], 620],
    ["vault_c54d8f1a36", "Payroll", "2026-02-02T08:00:00Z", ["usdc"], 96],
    ["vault_09e6b7d25f", "Client custody", "2026-02-17T11:45:00Z", ["btc", "eth", "pol", "sol", "usdc"], 180],
    ["vault_e1a4903c7b", "Staking", "2026-03-09T16:20:00Z", ["eth", "sol"], 34],
    ["vault_5d7f20b8e4", "Cold storage", "2026-04-01T07:15:00Z", ["btc"], 12],
    ["vault_a86c3e9f10", "Grants 2025", "2026-01-14T09:32:00Z", [], 0],
  ] as const
).map(([id, name, createdAt, held, count]) => ({
  id,
  name,
  status: id === ARCHIVED ? "archived" : "active",
  createdAt,
  assets: held,
  transactions: count,
}));

const NEWEST_TRANSACTION = Date.parse("2026-10-30T17:42:00Z");
const BETWEEN_TRANSACTIONS_MS = 7.3 * 3_600_000;

export const networks = (): readonly object[] => NETWORKS;
export const assets = (): readonly object[] => ASSETS;
export const vaults = (): readonly object[] => VAULTS.map(shown);

/** A vault as the API shows it. */
export function shown({ id, name, status, createdAt }: VaultSeed): object {
  return { id, name, status, createdAt };
}

export function findVault(id: string): VaultSeed | undefined {
  return VAULTS.find((seed) => seed.id === id);
}

export function balances({ id, assets: held }: VaultSeed): readonly object[] {
  return held.map((assetId) => {
    const available = units(`${id}/${assetId}/available`, assetId);
    const pending = units(`${id}/${assetId}/pending`, assetId) / 50n;
    return {
      assetId,
      available: amount(available, assetId),
      pending: amount(pending, assetId),
      total: amount(available + pending, assetId),
    };
  });
}

/** A vault's transactions, newest first. */
export function transactions(seed: VaultSeed): readonly object[] {
  return Array.from({ length: seed.transactions }, (_, age) => {
    const label = `${seed.id}/transaction/${age}`;
    const digest = digestOf(label);
    const assetId = pick(seed.assets, digest, 0);
    const status = age < 2 ? "pending" : pick(["confirmed", "confirmed", "confirmed", "failed"], digest, 1);
    return {
      id: `tx_${digest.toString("hex", 0, 5)}`,
      type: pick(["deposit", "withdrawal"], digest, 2),
      status,
      assetId,
      amount: amount(units(label, assetId) / 40n + 1n, assetId),
      network: pick(assetNamed(assetId).networks, digest, 3),
      createdAt: isoSeconds(NEWEST_TRANSACTION - age * BETWEEN_TRANSACTIONS_MS),
      hash: status === "confirmed" ? digestOf(`${label}/hash`).toString("hex", 0, 32) : null,
    };
  });
}

/** Two deposit addresses on each network of the vault's assets. */
export function addresses(seed: VaultSeed): readonly object[] {
  const reachable = new Set(seed.assets.flatMap((assetId) => assetNamed(assetId).networks));
  return [...reachable].flatMap((network) =>
    ["Deposits", null].map((label, index) => ({
      address: address(network, `${seed.id}/${network}/${index}`),
      network,
      label,
      createdAt: isoSeconds(Date.parse(seed.createdAt) + (index + 1) * 60_000),
    })),
  );
}

function assetNamed(id: string) {
  const asset = ASSETS.find((candidate) => candidate.id === id);
  if (!asset) throw new Error(`No asset ${id}`);
  return asset;
}

/** Less than 500 of the asset. */
function units(label: string, assetId: string): bigint {
  const { decimals } = assetNamed(assetId);
  return BigInt(`0x${digestOf(label).toString("hex")}`) % (500n * 10n ** BigInt(decimals));
}

/** A decimal number with all of the asset's digits. */
function amount(value: bigint, assetId: string): string {
  const { decimals } = assetNamed(assetId);
  const digits = value.toString().padStart(decimals + 1, "0");
  return `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}

/** A text that looks like an address; no such address exists. */
function address(network: string, label: string): string {
  const digest = digestOf(label);
  const spell = (alphabet: string, length: number) =>
    Array.from({ length }, (_, i) => alphabet[(digest[i] ?? 0) % alphabet.length]).join("");
  if (network === "bitcoin") return `bc1q${spell("qpzry9x8gf2tvdw0s3jn54khce6mua7l", 38)}`;
  if (network === "solana") return spell("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz", 44);
  return `0x${digest.toString("hex", 0, 20)}`;
}

function pick<T>(choices: readonly T[], digest: Buffer, index: number): T {
  const choice = choices[digest.readUInt8(index) % choices.length];
  if (choice === undefined) throw new Error("Nothing to pick from");
  return choice;
}

/** 64 bytes that follow from the label alone. */
function digestOf(label: string): Buffer {
  return createHash("sha512").update(label).digest();
}

function isoSeconds(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}
