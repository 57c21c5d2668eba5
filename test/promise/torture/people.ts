import { adminClaims } from "../../support/issuer.ts";
import { PATCH_OP } from "../../support/scim.ts";
import { EVERY_VAULT, Setting, vaultsOf, type Owner } from "./truth.ts";
import { ORGANIZATIONS, type Outcome, type World } from "./world.ts";

/** The role that the groups of the provider's SCIM client give. */
const SCIM_ROLE = "*:developer";

export const isDone = ({ status }: Outcome): boolean => status >= 200 && status < 300;
/** The gateway has said no: nothing was changed. */
const isRefused = ({ status }: Outcome): boolean => status >= 400 && status < 500;

/** Makes a change and tells the truth of it: what may hold while it is under way, and what holds once it is answered. */
export async function change<T>(
  world: World,
  setting: Setting<T>,
  value: T,
  act: () => Promise<Outcome>,
): Promise<Outcome> {
  const wasPossible = setting.values.has(value);
  setting.begin(value);
  world.truth.widened();
  const outcome = await act();
  if (isDone(outcome)) setting.acknowledge(value);
  else if (!isRefused(outcome)) setting.leaveOpen(value);
  else if (!wasPossible) setting.values.delete(value);
  return outcome;
}

/** The owners: in both organisations people of the same names. */
export async function addOwners(world: World): Promise<void> {
  for (const orgId of ORGANIZATIONS) await addOwnersOf(world, orgId);
}

/** Sets an organisation up that is new, or that was erased. Nothing may be at fault. */
export async function addOwnersOf(world: World, orgId: string): Promise<void> {
  world.isSettingUp = true;
  const asAdmin = (path: string, body?: unknown) => world.asAdmin(0, orgId, "POST", path, body);
  await asAdmin("/-/organization/bootstrap");
  for (const id of ["ann", "ben"]) addOwner(world, orgId, id, "token");
  addOwner(world, orgId, "sue", "scim");
  const service = { name: "Robot", vaultRoles: rolesOf(EVERY_VAULT) };
  addOwner(world, orgId, idOf(await asAdmin("/-/service-users", service)), "service");
  const token = String((await asAdmin("/-/organization/scim-token")).body["token"]);
  world.scim[orgId] = { token, group: "", user: "" };
  const user = idOf(await asScim(world, 0, orgId, "POST", "/Users", { userName: "sue", externalId: "sue" }));
  const members = [{ value: user }];
  const group = idOf(await asScim(world, 0, orgId, "POST", "/Groups", { displayName: SCIM_ROLE, members }));
  world.scim[orgId] = { token, group, user };
  world.isSettingUp = false;
}

function addOwner({ truth }: World, orgId: string, id: string, kind: Owner["kind"]): void {
  const roles = new Setting(EVERY_VAULT);
  truth.owners.push({
    orgId,
    id,
    kind,
    roles,
    active: new Setting(true),
    claimed: EVERY_VAULT,
    isOfCopy: false,
    isBeingCut: false,
  });
}

function idOf({ status, body, text }: Outcome): string {
  if (typeof body["id"] !== "string") throw new Error(`${status} ${text}`);
  return body["id"];
}

function rolesOf(mask: number): Record<string, string[]> {
  return Object.fromEntries(vaultsOf(mask).map((vault) => [vault, ["developer"]]));
}

function asScim(world: World, edge: number, orgId: string, method: string, path: string, body: object) {
  const token = `Bearer ${world.scim[orgId]?.token}`;
  return world.send(edge, method, `/-/scim/v2${path}`, token, body, "application/scim+json");
}

/** A call by an owner, whose token says what roles they have. */
export async function asOwner(
  world: World,
  edge: number,
  owner: Owner,
  method: string,
  path: string,
  body?: unknown,
) {
  const { id, orgId, kind, claimed } = owner;
  const roles = kind === "token" ? rolesOf(claimed) : {};
  const claims = adminClaims({ sub: id, name: id, org_id: orgId, roles: [], vault_roles: roles });
  const token = await world.issuer.token(claims);
  return world.send(edge, method, path, `Bearer ${token}`, body);
}

/** Sets on which vaults an owner is a developer, by the way that is theirs. */
export async function setRoles(world: World, edge: number, owner: Owner, wanted: number): Promise<void> {
  const { orgId, kind, id } = owner;
  // The one group of the SCIM client gives every vault.
  const mask = kind === "scim" && wanted !== 0 ? EVERY_VAULT : wanted;
  owner.claimed = mask;
  const outcome = await change(world, owner.roles, mask, () => {
    if (kind === "token") return asOwner(world, edge, owner, "GET", "/-/me");
    if (kind === "service") {
      return world.asAdmin(edge, orgId, "PATCH", `/-/service-users/${id}`, { vaultRoles: rolesOf(mask) });
    }
    const { group, user } = world.scim[orgId] ?? {};
    const operation = { op: mask === 0 ? "remove" : "add", path: "members", value: [{ value: user }] };
    return asScim(world, edge, orgId, "PATCH", `/Groups/${group}`, patchOf(operation));
  });
  if (isDone(outcome)) world.truth.placed(owner);
}

/** Deactivates an owner, which revokes all of their keys, or activates them again. */
export async function setActive(world: World, edge: number, owner: Owner, value: boolean): Promise<void> {
  if (owner.kind === "token") return;
  const keys = world.truth.keysOf(owner);
  const outcome = await change(world, owner.active, value, () =>
    owner.kind === "scim"
      ? asScim(
          world,
          edge,
          owner.orgId,
          "PATCH",
          `/Users/${world.scim[owner.orgId]?.user}`,
          patchOf({ op: "Replace", path: "active", value }),
        )
      : world.asAdmin(edge, owner.orgId, "PATCH", `/-/service-users/${owner.id}`, { active: value }),
  );
  if (!value) world.truth.revoked(keys, isDone(outcome));
}

function patchOf(operation: object): object {
  return { schemas: [PATCH_OP], Operations: [operation] };
}
