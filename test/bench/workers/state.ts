import { Organization as RealOrganization } from "../../../src/state/organization/organization.ts";
import type { Actor } from "../../../src/core/organization/organization.ts";
import type { KeyQuery } from "../../../src/core/organization/managed-key.ts";
import { EVERY_KEY } from "../../support/records.ts";
import type { UsageStretch } from "../../../src/core/usage/windows.ts";

export { KeyGuard } from "../../../src/admission/guard/key-guard.ts";
export { Deployment } from "../../../src/state/deployment/deployment.ts";

const DAY = 86_400_000;
const HOUR = 3_600_000;
const USERS = 1000;
const YEAR = 365;
/** Of so many keys one is used on every day of the year, and in every hour of the last month. */
const BUSY = 1000;

/** What one measured call asks for. */
export type Question =
  | { readonly list: Partial<KeyQuery> }
  | { readonly usageOf: string; readonly stretch: UsageStretch }
  | { readonly hash: string };

/** An organisation that can be filled, and asked many times over in one request. */
export class Organization extends RealOrganization {
  /** Adds keys `from` to `to`, by SQL alone: what is measured is reading. */
  seedKeys(from: number, to: number, now: number): void {
    const { sql } = this.ctx.storage;
    sql.exec(
      `WITH RECURSIVE n(i) AS (SELECT CAST(?1 AS INTEGER) UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?2)
       INSERT INTO keys (id, owner_id, name, description, key_prefix, hash, scopes, vaults, allowed_ips, created_at,
         created_by, expires_at, disabled, revoked_at, last_used_at, last_used_ip, name_key, own_guard)
       SELECT printf('key_%05d%07d', i / 64, i), 'user_' || (i % ${USERS}), 'Key number ' || i, 'What it is for: ' || i,
         printf('fkc_%05d%07d', i / 64, i), printf('%064x', i),
         '[{"action":"read","resource":"vault/#/balance"},{"action":"write","resource":"vault/#/transactions"}]',
         CASE i % 3 WHEN 0 THEN '"*"' ELSE json_array('vault_1', 'vault_2', 'vault_' || (i % 5000)) END, CASE i % 100 WHEN 0 THEN '[]' ELSE '["203.0.113.0/24","198.51.100.7"]' END,
         ?3 - (?2 - i) * 300000, 'user_' || (i % ${USERS}),
         CASE i % 50 WHEN 0 THEN NULL ELSE ?3 + (i % 400 - 100) * 86400000 END, i % 20 = 0,
         CASE i % 4 WHEN 0 THEN ?3 - i * 1000 ELSE NULL END,
         CASE i % 3 WHEN 0 THEN NULL ELSE ?3 - (i * 7919 % 31536000) * 1000 END, '203.0.113.9',
         'key number ' || i, 0 FROM n`,
      from,
      to,
      now,
    );
  }

  /** Adds the people, and a year of usage of some of the keys. */
  seedRest(keys: number, now: number): void {
    const { sql } = this.ctx.storage;
    sql.exec(
      `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?1)
       INSERT INTO users (id, kind, name, roles, vault_roles, active, claims_at, created_at)
       SELECT 'user_' || i, CASE i % 10 WHEN 0 THEN 'service' ELSE 'user' END, 'Person number ' || i, '[]',
         CASE i % 4 WHEN 0 THEN json_object('vault_' || i, json_array('developer')) ELSE '{"*":["developer"]}' END, 1, 0, 0
       FROM n`,
      USERS,
    );
    for (const [step, length] of [
      [DAY, YEAR],
      [HOUR, 30 * 24],
    ] as const) {
      sql.exec(
        `WITH RECURSIVE k(i) AS (SELECT 0 UNION ALL SELECT i + CAST(?1 AS INTEGER) FROM k WHERE i + ?1 < ?2),
           t(j) AS (SELECT 0 UNION ALL SELECT j + 1 FROM t WHERE j + 1 < ?3)
         INSERT INTO usage_counts
         SELECT ?4, ?5 - ?5 % ?4 - j * ?4, printf('key_%05d%07d', i / 64, i), 1000, 10, 1, 5, 2 FROM k, t`,
        keys / BUSY,
        keys,
        length,
        step,
        now,
      );
    }
  }

  /** Asks `times` over; tells how much there was in the answer. */
  async ask(actor: Actor, question: Question, times: number): Promise<number> {
    let found = 0;
    for (let i = 0; i < times; i++) found = sizeOf(await this.#answer(actor, question));
    return found;
  }

  #answer(actor: Actor, question: Question): Promise<object> {
    if ("list" in question) return this.listKeys(actor, { ...EVERY_KEY, ...question.list });
    if ("hash" in question) return this.findKeyByHash(actor, question.hash);
    return this.usageOfKey(actor, question.usageOf, question.stretch);
  }
}

function sizeOf(answer: object): number {
  if (Array.isArray(answer)) return answer.length;
  return "buckets" in answer && Array.isArray(answer.buckets) ? answer.buckets.length : 1;
}

interface Env {
  readonly ORGANIZATION: DurableObjectNamespace<Organization>;
}

/** What a request is to have done: the name of a method, and what it takes. */
export type Call =
  | { readonly seedKeys: [from: number, to: number, now: number] }
  | { readonly seedRest: [keys: number, now: number] }
  | { readonly ask: [actor: Actor, question: Question, times: number] }
  | { readonly bootstrap: [actor: Actor] };

export default {
  async fetch(request: Request, { ORGANIZATION }: Env): Promise<Response> {
    const call: Call = await request.json();
    const organization = ORGANIZATION.getByName("org_large");
    if ("bootstrap" in call) return Response.json(await organization.bootstrap(...call.bootstrap));
    if ("seedKeys" in call) return Response.json((await organization.seedKeys(...call.seedKeys)) ?? null);
    if ("seedRest" in call) return Response.json((await organization.seedRest(...call.seedRest)) ?? null);
    return Response.json(await organization.ask(...call.ask));
  },
};
