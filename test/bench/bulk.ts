import type { TestIssuer } from "../support/issuer.ts";
import { Admin } from "./admin.ts";

/** A large organisation's keys. */
const KEYS = 5000;
const CONCURRENT_CREATIONS = 32;
const ORGANIZATION = "org_bulk";
const READS = 5;

/** What an organisation with many keys costs: seconds and milliseconds as measured from outside. */
export interface Bulk {
  readonly keys: number;
  readonly createdPerSecond: number;
  /** The first and the last page of 500, and a search by name that finds one key. */
  readonly firstPageMs: number;
  readonly lastPageMs: number;
  readonly searchMs: number;
  /** Revoking all of them in one emergency call, until the last receipt is there. */
  readonly revokedPerSecond: number;
  readonly firstReceiptMs: number;
  readonly lastReceiptMs: number;
  /** Until the organisation has been told of all of them, too, which ends the answer. */
  readonly toldMs: number;
}

/** Creates an organisation's keys, lists and searches them, and revokes them all at once. */
export async function measureBulk(gateway: string, issuer: TestIssuer): Promise<Bulk> {
  const admin = await Admin.of(gateway, issuer, ORGANIZATION);
  const timed = async (path: string) => {
    const startedAt = performance.now();
    for (let i = 0; i < READS; i++) await (await admin.call("GET", path)).arrayBuffer();
    return (performance.now() - startedAt) / READS;
  };

  await admin.bootstrap();
  const createdPerSecond = await create(admin);
  const last = await lastCursor(admin);
  const [firstPageMs, lastPageMs, searchMs] = [
    await timed("/-/api-keys?limit=500"),
    await timed(`/-/api-keys?limit=500&nextCursor=${last}`),
    await timed(`/-/api-keys?q=Key+${KEYS - 1}.`),
  ];
  const revocation = await revokeAll(admin);
  return { keys: KEYS, createdPerSecond, firstPageMs, lastPageMs, searchMs, ...revocation };
}

async function create(admin: Admin): Promise<number> {
  const startedAt = performance.now();
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < KEYS; i = next++) {
      const key = { name: `Key ${i}.`, scopes: ["vault:read"], vaults: "*" };
      await (await admin.call("POST", "/-/api-keys", key)).arrayBuffer();
    }
  };
  await Promise.all(Array.from({ length: CONCURRENT_CREATIONS }, worker));
  return KEYS / ((performance.now() - startedAt) / 1000);
}

async function lastCursor(admin: Admin): Promise<string> {
  let last = "";
  for (let cursor: string | null = ""; cursor !== null;) {
    last = cursor;
    const query: string = cursor === "" ? "" : `&nextCursor=${cursor}`;
    const response = await admin.call("GET", `/-/api-keys?limit=500${query}`);
    ({
      pagination: { nextCursor: cursor },
    } = await response.json<{ pagination: { nextCursor: string | null } }>());
  }
  return last;
}

async function revokeAll(
  admin: Admin,
): Promise<Pick<Bulk, "revokedPerSecond" | "firstReceiptMs" | "lastReceiptMs" | "toldMs">> {
  const startedAt = performance.now();
  const elapsed = () => performance.now() - startedAt;
  const body = { targets: [{ orgId: ORGANIZATION }], reason: "Benchmark" };
  const response = await admin.call("POST", "/-/ops/revocations", body, "application/x-ndjson");
  let [firstReceiptMs, lastReceiptMs, receipts, text] = [0, 0, 0, ""];
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    const lines = text.split("\n");
    text = lines.pop() ?? "";
    const more = lines.filter((line) => line.includes('"status":"revoked"')).length;
    if (more === 0) continue;
    if (receipts === 0) firstReceiptMs = elapsed();
    lastReceiptMs = elapsed();
    receipts += more;
  }
  const toldMs = elapsed();
  if (receipts !== KEYS) throw new Error(`${receipts} of ${KEYS} keys are revoked`);
  return { revokedPerSecond: KEYS / (lastReceiptMs / 1000), firstReceiptMs, lastReceiptMs, toldMs };
}
