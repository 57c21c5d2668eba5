import { expect, test } from "vitest";
import { operatorOf } from "../support/operators.ts";
import { freshAddress, type CreatedKey } from "../support/portcullis.ts";
import { exchange, postForm } from "../support/tokens.ts";
import { usePortcullis } from "../support/started.ts";

/** Longer than any other wait of the gateway for a guard. */
const LEASE_MS = 11_000;

const portcullis = await usePortcullis({
  edges: 2,
  vars: { ADMISSION_LEASE_MS: `${LEASE_MS}`, PUBLIC_ORIGIN: "https://gateway.test" },
});

interface Subject {
  readonly key: CreatedKey;
  readonly token: string;
}

interface Cut {
  readonly name: string;
  readonly apply: (subject: Subject) => Promise<Response>;
  readonly refusal: string;
  /** Who is on record as having revoked the key, if it is revoked. */
  readonly revokedBy?: string;
}

const CUTS: readonly Cut[] = [
  {
    name: "the key, by whoever holds it",
    apply: ({ key }) => postForm(portcullis, "revoke", { token: key.key }, { from: freshAddress() }),
    refusal: "api_key_revoked",
    revokedBy: "holder",
  },
  {
    name: "the token, by whoever holds it",
    apply: ({ token }) => postForm(portcullis, "revoke", { token }, { from: freshAddress() }),
    refusal: "access_token_invalid",
  },
  {
    name: "the key, by its owner",
    apply: ({ key }) => portcullis.manage("DELETE", `/-/api-keys/${key.id}`),
    refusal: "api_key_revoked",
    revokedBy: "alice",
  },
  {
    name: "the key, by an operator",
    apply: ({ key }) =>
      operatorOf(portcullis).call("POST", { targets: [{ key: key.key }], reason: "Leaked" }),
    refusal: "api_key_revoked",
    revokedBy: "olga",
  },
  {
    name: "what the key may do, by its owner",
    apply: ({ key }) => portcullis.manage("PATCH", `/-/api-keys/${key.id}`, { disabled: true }),
    refusal: "api_key_disabled",
  },
];

/** A call at the edge that holds a lease: the status, and the code of a refusal. */
async function use(credential: string): Promise<[status: number, code: string | undefined]> {
  const answer = await portcullis.call("GET", "/v1/vaults/vault_1", {
    as: credential,
    from: freshAddress(),
    edge: 1,
  });
  const { error } = await answer.json<{ error?: { code: string } }>();
  return [answer.status, error?.code];
}

/** What the organisation says of a key, its use aside. */
async function recordOf({ id }: CreatedKey): Promise<Record<string, unknown>> {
  const answer = await portcullis.manage("GET", `/-/api-keys/${id}`);
  const { status, version, revokedAt, revokedBy, receipt } = await answer.json<Record<string, unknown>>();
  return { status, version, revokedAt, revokedBy, receipt };
}

/** What the audit log has of a key: its creation, and what was done to it. */
async function actsOn({ id }: CreatedKey): Promise<string[]> {
  const audit = await portcullis.manage("GET", `/-/audit-events?target=${id}`);
  const { data } = await audit.json<{ data: { action: string }[] }>();
  return data.map(({ action }) => action);
}

test.concurrent.each(CUTS)(
  "with leases of 11 s one answer confirms a cut of $name, and its repeat and the record say the same",
  async ({ apply, refusal, revokedBy }) => {
    const key = await portcullis.createKey();
    const { access_token: token } = await exchange(portcullis, key);
    expect(await use(token)).toEqual([200, undefined]);

    expect((await apply({ key, token })).status).toBe(200);
    expect(await use(token)).toEqual([401, refusal]);
    const record = await recordOf(key);
    expect(record).toMatchObject(
      revokedBy === undefined ? { revokedBy: null } : { revokedBy, receipt: { status: "revoked" } },
    );

    expect((await apply({ key, token })).status).toBe(200);
    expect(await recordOf(key)).toEqual(record);
    expect(await actsOn(key)).toHaveLength(2);
  },
);
