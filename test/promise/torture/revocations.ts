import { addOwnersOf, asOwner, isDone } from "./people.ts";
import type { Credential, Key, Owner } from "./truth.ts";
import { ORGANIZATIONS, type Outcome, type World } from "./world.ts";

const ERASE_ATTEMPTS = 10;

interface Receipt {
  readonly keyId: string | null;
  readonly status: string;
}

/** Keys of which an answer says that they are revoked, and those of which it does not. */
function note(world: World, keys: readonly Key[], receipts: readonly Receipt[]): void {
  const done = new Set(receipts.filter(({ status }) => status === "revoked").map(({ keyId }) => keyId));
  world.truth.revoked(
    keys.filter(({ id }) => done.has(id)),
    true,
  );
  world.truth.revoked(
    keys.filter(({ id }) => !done.has(id)),
    false,
  );
}

export async function revoke(world: World, edge: number, key: Key, byOwner: boolean): Promise<void> {
  const path = `/-/api-keys/${key.id}`;
  const { owner } = key;
  const outcome =
    byOwner && owner.kind === "scim"
      ? await asOwner(world, edge, owner, "DELETE", path)
      : await world.asAdmin(edge, owner.orgId, "DELETE", path);
  world.truth.revoked([key], isDone(outcome));
}

/** Revokes several keys of an organisation by one request. */
export async function revokeInBulk(world: World, edge: number, keys: readonly Key[]): Promise<void> {
  const [first] = keys;
  if (first === undefined) return;
  const own = keys.filter(({ owner }) => owner.orgId === first.owner.orgId);
  const body = { act: "revoke", keyIds: own.map(({ id }) => id), reason: "Torture" };
  const outcome = await world.asAdmin(edge, first.owner.orgId, "POST", "/-/api-keys/acts", body);
  const outcomes = (outcome.body["outcomes"] ?? []) as { keyId: string; status: string }[];
  note(
    world,
    own,
    outcomes.map(({ keyId, status }) => ({ keyId, status: status === "done" ? "revoked" : status })),
  );
}

/** An operator cuts keys off: by their ids, their strings, or their owner. */
export async function revokeByOperator(
  world: World,
  edge: number,
  keys: readonly Key[],
  targets: readonly object[],
): Promise<void> {
  const outcome = await world.asOperator(edge, "/-/ops/revocations", { targets, reason: "Torture" });
  note(world, keys, (outcome.body["results"] ?? []) as Receipt[]);
}

/**
 * GitHub reports a credential as found. The label says whether it was real: then a token is dead, and so is a key, which
 * is on record while something is at fault, and dies by itself.
 */
export async function reportLeak(world: World, edge: number, found: Credential): Promise<void> {
  const report = JSON.stringify([{ token: found.text, type: "portcullis", url: "https://github.test/x" }]);
  const { isWell } = world;
  const outcome = await world.asGithub(edge, report);
  const isReal = outcome.text.includes("true_positive");
  if (found.isToken) found.dead ||= isReal;
  else if (isReal && isWell) world.truth.revoked([found.key], true);
  else if (isReal) found.key.retiresAt = 0;
  else world.truth.revoked([found.key], false);
}

/** An operator erases an organisation. One that was broken off goes on by itself; {@link finishErasures} waits for it. */
export async function erase(world: World, edge: number, orgId: string): Promise<boolean> {
  const keys = world.truth.keys.filter(({ owner }) => owner.orgId === orgId);
  // The runbook forbids to restore a guard of an organisation that was erased.
  world.forgetCopy("KeyGuard");
  const outcome = await world.asOperator(edge, `/-/organization?orgId=${orgId}`, undefined, {
    method: "DELETE",
  });
  if (!isDone(outcome)) world.truth.revoked(keys, false);
  else world.truth.erased(orgId);
  if (outcome.status < 400 || outcome.status >= 500) world.erasing.add(orgId);
  return isDone(outcome);
}

/** Once nothing is at fault every erasure that was begun comes to its end, and the organisation may begin anew. */
export async function finishErasures(world: World): Promise<void> {
  for (const orgId of world.erasing) {
    let isErased = false;
    for (let left = ERASE_ATTEMPTS; left > 0 && !isErased; left--) isErased = await erase(world, 0, orgId);
    if (!isErased) return world.truth.violate(`${orgId} cannot be erased`);
    await addOwnersOf(world, orgId);
  }
  world.erasing.clear();
}

export async function revokePerson(world: World, edge: number, owner: Owner): Promise<void> {
  if (owner.kind === "service") return;
  const keys = world.truth.keysOf(owner);
  const path = `/-/people/${owner.id}/revoke-keys`;
  const outcome = await world.asAdmin(edge, owner.orgId, "POST", path, { reason: "Torture" });
  if (isDone(outcome)) world.truth.revoked(keys, true);
  else if (outcome.status < 400 || outcome.status >= 500) world.truth.revoked(keys, false);
}

/** Somebody of another organisation tries to see, change and revoke a key: there is none for them. */
export async function trespass(world: World, edge: number, key: Key): Promise<void> {
  const other = ORGANIZATIONS.find((id) => id !== key.owner.orgId) ?? "";
  const path = `/-/api-keys/${key.id}`;
  const attempts: (() => Promise<Outcome>)[] = [
    () => world.asAdmin(edge, other, "GET", path),
    () => world.asAdmin(edge, other, "PATCH", path, { disabled: true }),
    () => world.asAdmin(edge, other, "DELETE", path),
    () => world.asAdmin(edge, other, "POST", `${path}/rotate`, { overlap: "0h" }),
  ];
  for (const attempt of attempts) {
    const outcome = await attempt();
    if (isDone(outcome)) world.truth.violate(`${other} reached ${key.id} of ${key.owner.orgId}`);
  }
}
