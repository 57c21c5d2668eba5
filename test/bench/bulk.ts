import { adminClaims, type TestIssuer } from "../support/issuer.ts";

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
  /** Revoking all of them in one emergency call. */
  readonly revokedPerSecond: number;
  readonly firstReceiptMs: number;
  readonly lastReceiptMs: number;
}

/** Creates an organisation's keys, lists and searches them, and revokes them all at once. */
export async function measureBulk(gateway: string, issuer: TestIssuer): Promise<Bulk> {
  const call = async (method: string, path: string, body?: object, accept = "application/json") => {
    const claims = adminClaims({ org_id: ORGANIZATION, scope: "portcullis:ops" });
    const response = await fetch(gateway + path, {
      method,
      headers: {
        Authorization: `Bearer ${await issuer.token(claims)}`,
        Accept: accept,
        ...(body !== undefined && { "Content-Type": "application/json" }),
      },
      body: body === undefined ? null : JSON.stringify(body),
    });
    if (response.ok) return response;
    throw new Error(`${method} ${path} answers ${response.status}: ${await response.text()}`);
  };
  const timed = async (path: string) => {
    const startedAt = performance.now();
    for (let i = 0; i < READS; i++) await (await call("GET", path)).arrayBuffer();
    return (performance.now() - startedAt) / READS;
  };

  await call("POST", "/-/organization/bootstrap");
  const createdPerSecond = await create(call);
  const last = await lastCursor(call);
  const [firstPageMs, lastPageMs, searchMs] = [
    await timed("/-/api-keys?limit=500"),
    await timed(`/-/api-keys?limit=500&nextCursor=${last}`),
    await timed(`/-/api-keys?q=Key+${KEYS - 1}.`),
  ];
  const revocation = await revokeAll(call);
  return { keys: KEYS, createdPerSecond, firstPageMs, lastPageMs, searchMs, ...revocation };
}

type Call = (method: string, path: string, body?: object, accept?: string) => Promise<Response>;

async function create(call: Call): Promise<number> {
  const startedAt = performance.now();
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < KEYS; i = next++) {
      const key = { name: `Key ${i}.`, scopes: ["vault:read"], vaults: "*" };
      await (await call("POST", "/-/api-keys", key)).arrayBuffer();
    }
  };
  await Promise.all(Array.from({ length: CONCURRENT_CREATIONS }, worker));
  return KEYS / ((performance.now() - startedAt) / 1000);
}

async function lastCursor(call: Call): Promise<string> {
  let last = "";
  for (let cursor: string | null = ""; cursor !== null;) {
    last = cursor;
    const query: string = cursor === "" ? "" : `&nextCursor=${cursor}`;
    const response = await call("GET", `/-/api-keys?limit=500${query}`);
    ({
      pagination: { nextCursor: cursor },
    } = (await response.json()) as { pagination: { nextCursor: string | null } });
  }
  return last;
}

async function revokeAll(
  call: Call,
): Promise<Pick<Bulk, "revokedPerSecond" | "firstReceiptMs" | "lastReceiptMs">> {
  const startedAt = performance.now();
  const body = { targets: [{ orgId: ORGANIZATION }], reason: "Benchmark" };
  const response = await call("POST", "/-/ops/revocations", body, "application/x-ndjson");
  let firstReceiptMs: number | null = null;
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    firstReceiptMs ??= performance.now() - startedAt;
    text += decoder.decode(chunk, { stream: true });
  }
  const lastReceiptMs = performance.now() - startedAt;
  const revoked = text.match(/"status":"revoked"/g)?.length ?? 0;
  if (revoked !== KEYS) throw new Error(`${revoked} of ${KEYS} keys are revoked: ${text.slice(-300)}`);
  return {
    revokedPerSecond: KEYS / (lastReceiptMs / 1000),
    firstReceiptMs: firstReceiptMs ?? 0,
    lastReceiptMs,
  };
}
