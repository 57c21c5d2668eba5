import { Organization as RealOrganization } from "../../../src/state/organization/organization.ts";
import type { Actor } from "../../../src/core/organization/organization.ts";
import type { KeyUsageReport, UsageReport } from "../../../src/core/usage/usage.ts";
import type { Env } from "../../../src/env.ts";

export { KeyGuard } from "../../../src/admission/guard/key-guard.ts";
export { Deployment } from "../../../src/state/deployment/deployment.ts";

/** What every clock here shows: time is told by who drives. It lies in the future, so that no alarm rings by itself. */
let now = 0;
Date.now = () => now;

/** A delivery as JSON: the calls of each key as entries. */
export interface Delivery {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly report: Omit<UsageReport, "keys"> & {
    readonly keys: Readonly<
      Record<string, Omit<KeyUsageReport, "calls"> & { readonly calls?: [string, number][] }>
    >;
  };
}

export interface Kept {
  /** Rows that were written since the keys were made. */
  readonly rowsWritten: number;
  readonly bytes: number;
}

/** What a request is to have done with an organisation. */
export type Drive = { readonly orgId: string; readonly now: number } & (
  | { readonly keyIds: readonly string[] }
  | { readonly deliveries: readonly Delivery[] }
);

/** An organisation whose keys were made by SQL, whose clock and alarm are driven, and whose writes are counted. */
export class Organization extends RealOrganization {
  readonly #rowsWritten: () => number;

  constructor(context: DurableObjectState, env: Env) {
    const rowsWritten = countWrites(context.storage.sql);
    super(context, env);
    this.#rowsWritten = rowsWritten;
  }

  async makeKeys(orgId: string, keyIds: readonly string[]): Promise<void> {
    await this.bootstrap(adminOf(orgId));
    this.ctx.storage.sql.exec(
      `INSERT INTO keys (id, owner_id, name, key_prefix, hash, scopes, vaults, allowed_ips, created_at, created_by,
         name_key, own_guard)
       SELECT value, 'admin', value, 'fkc_' || value, value, '[]', '"*"', '[]', ?2, 'admin', value, 0 FROM json_each(?1)`,
      JSON.stringify(keyIds),
      now,
    );
    this.#rowsWritten();
  }

  /** Takes deliveries in, each at its time, and rings the alarm whenever it is due, until the time that it is told. */
  async take(deliveries: readonly Delivery[], until: number): Promise<Kept> {
    let rowsWritten = 0;
    for (const { at, report } of deliveries) {
      await this.#ringUntil(at);
      now = at;
      const keys = Object.entries(report.keys).map(([id, { calls, ...rest }]) => [
        id,
        { ...rest, ...(calls !== undefined && { calls: new Map(calls) }) },
      ]);
      this.recordGroupUsage({ ...report, keys: Object.fromEntries(keys) });
      rowsWritten += this.#rowsWritten();
    }
    await this.#ringUntil(until);
    return { rowsWritten: rowsWritten + this.#rowsWritten(), bytes: this.ctx.storage.sql.databaseSize };
  }

  async #ringUntil(until: number): Promise<void> {
    for (;;) {
      const due = await this.ctx.storage.getAlarm();
      if (due === null || due > until) return;
      now = Math.max(now, due);
      await this.ctx.storage.deleteAlarm();
      await this.alarm();
    }
  }
}

/** Counts what is written by SQL from now on: the rows since it was asked for the last time. */
function countWrites(sql: SqlStorage): () => number {
  const exec = sql.exec.bind(sql);
  let cursors: { readonly rowsWritten: number }[] = [];
  const counted: typeof exec = (...args) => {
    const cursor = exec<never>(...args);
    cursors.push(cursor);
    return cursor;
  };
  Object.defineProperty(sql, "exec", { value: counted });
  return () => {
    const rows = cursors.reduce((sum, { rowsWritten }) => sum + rowsWritten, 0);
    cursors = [];
    return rows;
  };
}

function adminOf(orgId: string): Actor {
  return {
    orgId,
    id: "admin",
    name: "Admin",
    email: null,
    emailVerified: true,
    roles: ["admin"],
    vaultRoles: { "*": ["developer"] },
    claimsAt: 1,
    freshMfa: true,
    operator: false,
    requestId: "soak",
    address: "203.0.113.9",
  };
}

interface Bindings {
  readonly ORGANIZATION: DurableObjectNamespace<Organization>;
}

export default {
  async fetch(request: Request, { ORGANIZATION }: Bindings): Promise<Response> {
    const drive: Drive = await request.json();
    now = Math.max(now, drive.now);
    const organization = ORGANIZATION.getByName(drive.orgId);
    if ("keyIds" in drive)
      return Response.json((await organization.makeKeys(drive.orgId, drive.keyIds)) ?? null);
    return Response.json(await organization.take(drive.deliveries, drive.now));
  },
};
