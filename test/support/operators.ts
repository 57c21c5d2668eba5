import type { Outage } from "./faults.ts";
import { adminClaims } from "./issuer.ts";
import type { CreatedKey, Portcullis } from "./portcullis.ts";

export const OPERATOR = {
  sub: "olga",
  name: "Olga",
  org_id: "org_operators",
  scope: "openid portcullis:ops",
};

export interface OperatorResult {
  readonly target: number;
  readonly keyId: string | null;
  readonly status: string;
  readonly requestedAt: string | null;
  readonly effectiveAt: string | null;
  readonly version: number | null;
}

interface OperatorAnswer {
  readonly dryRun: boolean;
  readonly summary: { matched: number; confirmed: number; unconfirmed: number; notFound: number };
  readonly results: readonly OperatorResult[];
}

/** What an operator can do, over HTTP. */
export function operatorOf(portcullis: Portcullis) {
  const call = async (method: string, body?: unknown, headers?: Record<string, string>, query = "") =>
    portcullis.call(method, `/-/ops/revocations${query}`, {
      as: await portcullis.issuer.token(OPERATOR),
      ...(body !== undefined && { body }),
      ...(headers && { headers }),
    });
  return {
    call,
    async revoke(targets: readonly object[], changes: object = {}): Promise<OperatorAnswer> {
      const response = await call("POST", { targets, reason: "Leaked", ...changes });
      if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
      return await response.json<OperatorAnswer>();
    },
    /** The lines on record with a status, those of one key alone when it is named. */
    async list(status: string, keyId?: string): Promise<Record<string, unknown>[]> {
      const response = await call("GET", undefined, undefined, `?status=${status}&limit=500`);
      const { data } = await response.json<{ data: Record<string, unknown>[] }>();
      return data.filter((entry) => keyId === undefined || entry["keyId"] === keyId);
    },
  };
}

/** Starts or, with `null`, ends what a flaky object of a key or an organisation meets. */
export async function setOutage(portcullis: Portcullis, name: string, outage: Outage | null): Promise<void> {
  const faults = await portcullis.miniflare.getWorker("faults");
  await faults.fetch(
    `http://faults/${name}`,
    outage === null ? { method: "DELETE" } : { method: "PUT", body: outage },
  );
}

/** Organisations of which the registry has guards. */
export async function registeredOrganizations(portcullis: Portcullis): Promise<string[]> {
  const as = await portcullis.issuer.token(OPERATOR);
  const response = await portcullis.call("GET", "/-/ops/organizations", { as });
  return (await response.json<{ data: { id: string }[] }>()).data.map(({ id }) => id);
}

/** A key of another organisation, which is in another group than any of `org_test`. */
export async function createKeyElsewhere(portcullis: Portcullis): Promise<CreatedKey> {
  const as = await portcullis.issuer.token(adminClaims({ org_id: "org_elsewhere" }));
  await portcullis.call("POST", "/-/organization/bootstrap", { as });
  const body = { name: "Elsewhere", scopes: ["vault:read"], vaults: "*" };
  return await (await portcullis.call("POST", "/-/api-keys", { as, body })).json<CreatedKey>();
}

/** Waits until something holds; the test's own time limit ends the wait. */
export async function eventually(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) {
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
  }
}
