import { createHash, randomBytes } from "node:crypto";
import { NDJSON } from "../../../src/core/http/ndjson.ts";
import { asOwner, change, isDone } from "./people.ts";
import { EVERY_VAULT, NEAR, vaultsOf, type Credential, type Key, type Owner, type Setting } from "./truth.ts";
import type { Outcome, World } from "./world.ts";
import { readJson } from "../../support/json.ts";

/** So high that it stops nobody: limits are tested elsewhere. */
const RATE_LIMIT = { requests: 1_000_000, windowSeconds: 60 };
const HOUR_MS = 3_600_000;

export async function createKey(world: World, edge: number, owner: Owner, mask: number): Promise<void> {
  const body = { name: "Torture", scopes: ["vault:read"], vaults: vaultsBody(mask), rateLimit: RATE_LIMIT };
  const outcome =
    owner.kind === "service"
      ? await world.asAdmin(edge, owner.orgId, "POST", "/-/api-keys", { ...body, ownerId: owner.id })
      : await createAsOwner(world, edge, owner, body);
  if (!isDone(outcome)) return;
  if (!owner.active.values.has(true)) world.truth.violate(`a key was made for ${owner.id}, who is out`);
  const { id, key } = outcome.body as { id: string; key: string };
  world.truth.addKey(id, key, owner, mask);
}

/** The token of the call says, once more, which roles the owner has. */
async function createAsOwner(world: World, edge: number, owner: Owner, body: object): Promise<Outcome> {
  const act = () => asOwner(world, edge, owner, "POST", "/-/api-keys", body);
  if (owner.kind !== "token") return act();
  owner.roles.begin(owner.claimed);
  world.truth.widened();
  const outcome = await act();
  if (isDone(outcome)) {
    owner.roles.acknowledge(owner.claimed);
    world.truth.placed(owner);
  } else owner.roles.leaveOpen(owner.claimed);
  return outcome;
}

function vaultsBody(mask: number): "*" | string[] {
  return mask === EVERY_VAULT ? "*" : vaultsOf(mask);
}

export async function importKey(world: World, edge: number, owner: Owner, mask: number): Promise<void> {
  const secret = `sk_live_${randomBytes(16).toString("hex")}`;
  const line = {
    hash: createHash("sha256").update(secret).digest("hex"),
    keyPrefix: secret.slice(0, 12),
    name: "From before",
    orgId: owner.orgId,
    ownerId: owner.id,
    scopes: ["vault:read"],
    vaults: vaultsBody(mask),
    rateLimit: RATE_LIMIT,
  };
  const outcome = await world.asOperator(edge, "/-/ops/imports", `${JSON.stringify(line)}\n`, {
    type: NDJSON,
  });
  if (outcome.status !== 200) return;
  const { keyId, error } = readJson<{ keyId: string | null; error: string | null }>(outcome.text);
  if (keyId === null) return;
  const key = world.truth.addKey(keyId, secret, owner, mask);
  key.doubtful ||= error !== null;
}

/** What a step changes of a key. */
export const EDITS = {
  disable: (key: Key) => ({ setting: key.disabled, value: true, body: { disabled: true } }),
  enable: (key: Key) => ({ setting: key.disabled, value: false, body: { disabled: false } }),
  narrowVaults: (key: Key) => ({ setting: key.vaults, value: 1, body: { vaults: vaultsBody(1) } }),
  widenVaults: (key: Key) => ({
    setting: key.vaults,
    value: EVERY_VAULT,
    body: { vaults: vaultsBody(EVERY_VAULT) },
  }),
  fence: (key: Key) => ({ setting: key.fenced, value: true, body: { allowedIps: [NEAR] } }),
  unfence: (key: Key) => ({ setting: key.fenced, value: false, body: { allowedIps: [] } }),
  expire: (key: Key) => ({
    setting: key.expired,
    value: true,
    body: { expiresAt: new Date(Date.now() - HOUR_MS).toISOString() },
  }),
  unexpire: (key: Key) => ({ setting: key.expired, value: false, body: { expiresIn: "30d" } }),
} as const;

export async function editKey(
  world: World,
  edge: number,
  key: Key,
  kind: keyof typeof EDITS,
): Promise<Outcome> {
  const { setting, value, body } = EDITS[kind](key) as {
    setting: Setting<unknown>;
    value: unknown;
    body: object;
  };
  return change(world, setting, value, () => patchKey(world, edge, key, body));
}

export function patchKey(world: World, edge: number, key: Key, body: object): Promise<Outcome> {
  return world.asAdmin(edge, key.owner.orgId, "PATCH", `/-/api-keys/${key.id}`, body);
}

/** Rotates a key: the old one is dead when the overlap has ended, and the new one has what it had. */
export async function rotate(world: World, edge: number, key: Key, overlapMs: number): Promise<void> {
  const body = { overlap: `${overlapMs / 1000}s` };
  const path = `/-/api-keys/${key.id}/rotate`;
  const outcome = await world.asAdmin(edge, key.owner.orgId, "POST", path, body);
  const mayBeDone = outcome.status < 400 || outcome.status >= 500;
  if (overlapMs === 0 && mayBeDone) world.truth.revoked([key], isDone(outcome));
  else if (mayBeDone && !isDone(outcome)) key.doubtful = true;
  if (!isDone(outcome)) return;
  if (overlapMs > 0) key.retiresAt = Date.now() + overlapMs;
  const made = outcome.body as { id: string; key: string };
  const successor = world.truth.addKey(made.id, made.key, key.owner, EVERY_VAULT);
  for (const name of ["disabled", "expired", "vaults", "fenced"] as const) {
    const setting: Setting<unknown> = successor[name];
    setting.values.clear();
    for (const value of key[name].values) setting.begin(value);
  }
  successor.doubtful ||= key.doubtful;
}

export async function exchange(world: World, edge: number, key: Key, mask: number): Promise<void> {
  const form = new URLSearchParams({
    grant_type: "client_credentials",
    ...(mask !== EVERY_VAULT && { vaults: vaultsOf(mask).join(" ") }),
  });
  const basic = `Basic ${btoa(`${key.id}:${key.secret}`)}`;
  const outcome = await world.send(edge, "POST", "/-/oauth/token", basic, form.toString(), FORM);
  const token = outcome.body["access_token"];
  if (!isDone(outcome) || typeof token !== "string") return;
  if (key.dead) world.truth.violate(`a token was made from ${key.id}, which is revoked`);
  world.truth.addToken(token, key, mask);
}

const FORM = "application/x-www-form-urlencoded";

/** Whoever holds a key or a token revokes it. */
export async function revokeByHolder(world: World, edge: number, credential: Credential): Promise<void> {
  const form = new URLSearchParams({ token: credential.text }).toString();
  const outcome = await world.send(edge, "POST", "/-/oauth/revoke", "", form, FORM);
  if (!credential.isToken) world.truth.revoked([credential.key], isDone(outcome));
  else if (isDone(outcome)) credential.dead = true;
}
