import { addOwnersOf, asOwner, isDone } from "./people.ts";
import type { Credential, Key, Owner } from "./truth.ts";
import { ORGANIZATIONS, type Outcome, type World } from "./world.ts";

const ERASE_ATTEMPTS = 10;
const CUTS = "/-/ops/revocations";
/** More lines than a run leaves open. */
const MOST = 100;

interface Receipt {
  readonly keyId: string | null;
  readonly status: string;
}

/** A line of the record of cuts. */
interface OpenCut {
  readonly keyId: string | null;
  readonly orgId: string;
  readonly ownerId: string | null;
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

/** An operator cuts keys off, by their ids or their strings. What is not confirmed is retried until it is. */
export async function revokeByOperator(
  world: World,
  edge: number,
  keys: readonly Key[],
  targets: readonly object[],
): Promise<readonly Receipt[] | null> {
  const outcome = await world.asOperator(edge, CUTS, { targets, reason: "Torture" });
  const results = isDone(outcome) ? (outcome.body["results"] as Receipt[]) : null;
  note(world, keys, results ?? []);
  const open = new Set(results?.filter(isUnconfirmed).map(({ keyId }) => keyId));
  for (const key of keys) if (open.has(null) || open.has(key.id)) key.retiresAt = 0;
  return results;
}

const isUnconfirmed = ({ status }: Receipt): boolean => status === "unconfirmed";

/** An operator cuts all keys of some owners off. */
export async function revokeOwners(
  world: World,
  edge: number,
  owners: readonly Owner[],
  target: object,
): Promise<void> {
  const keys = world.truth.keys.filter(({ owner }) => owners.includes(owner));
  const results = await revokeByOperator(world, edge, keys, [target]);
  const isOpen = results?.some((result) => isUnconfirmed(result) && result.keyId === null) ?? true;
  for (const owner of owners) owner.isBeingCut ||= isOpen;
}

/** Looks up which cuts of all keys of an owner are still under way. */
export async function followCuts(world: World): Promise<void> {
  const outcome = await world.asOperator(0, `${CUTS}?status=unconfirmed&limit=${MOST}`, undefined, {
    method: "GET",
  });
  if (!isDone(outcome)) return;
  const open = (outcome.body["data"] as OpenCut[]).filter(({ keyId }) => keyId === null);
  for (const owner of world.truth.owners) {
    owner.isBeingCut = open.some(
      ({ orgId, ownerId }) => orgId === owner.orgId && (ownerId === null || ownerId === owner.id),
    );
  }
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
export async function erase(world: World, edge: number, orgId: string): Promise<Outcome> {
  const keys = world.truth.keys.filter(({ owner }) => owner.orgId === orgId);
  // The runbook forbids to restore a guard of an organisation that was erased.
  world.forgetCopy("KeyGuard");
  const outcome = await world.asOperator(edge, `/-/organization?orgId=${orgId}`, undefined, {
    method: "DELETE",
  });
  if (!isDone(outcome)) world.truth.revoked(keys, false);
  else world.truth.erased(orgId);
  if (outcome.status < 400 || outcome.status >= 500) world.erasing.add(orgId);
  return outcome;
}

/** Once nothing is at fault every erasure that was begun comes to its end, and the organisation may begin anew. */
export async function finishErasures(world: World): Promise<void> {
  for (const orgId of world.erasing) {
    let outcome = await erase(world, 0, orgId);
    for (let left = ERASE_ATTEMPTS; left > 1 && !isDone(outcome); left--)
      outcome = await erase(world, 0, orgId);
    // An older copy of the record does not know the erasure, which had come to its end.
    if (outcome.status === 404 && world.hasOlderRecord) world.truth.erased(orgId);
    else if (!isDone(outcome)) {
      return world.truth.violate(`${orgId} cannot be erased: ${outcome.status} ${outcome.text}`);
    }
    await addOwnersOf(world, orgId);
  }
  world.erasing.clear();
  world.hasOlderRecord = false;
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
