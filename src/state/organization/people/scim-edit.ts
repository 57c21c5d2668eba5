import { isRefusal } from "../../../core/refusal.ts";
import type { ScimObject } from "../../../core/scim/object.ts";
import { misplacedAnew } from "../../../core/scim/misplaced.ts";
import { applyPatch } from "../../../core/scim/patch.ts";
import { scimProblem, type ScimProblem, type ScimResult } from "../../../core/scim/problem.ts";
import type { EditCommand } from "./scim-command.ts";
import type { StoredResource } from "./scim-store.ts";

export const CONFLICT = scimProblem(
  "versionConflict",
  "The resource has changed since the version in If-Match",
);

/** A resource after a change, and what of the request was left out. */
interface Edited {
  readonly resource: ScimObject;
  readonly leftOut: readonly string[];
}

/** Why a resource cannot be kept; `null` when it can. */
type Check = (resource: ScimObject) => ScimProblem | null;

/** What a request makes of a resource. All of it is done or none, but for a deactivation, which is always done. */
export function edit(command: EditCommand, stored: StoredResource, check: Check): ScimResult<Edited> {
  const stale = command.versions?.includes(stored.version) === false;
  if (command.deactivation !== null) {
    const { leftOut } = command.deactivation;
    if (!stale) return deactivate(command, stored.resource, leftOut, check);
    return { resource: inactive(stored.resource), leftOut: [...leftOut, CONFLICT.detail] };
  }
  if (stale) return CONFLICT;
  const edited =
    command.kind === "replace"
      ? replaced(command, stored.resource)
      : applyPatch(command.type, stored.resource, command.operations);
  if (isRefusal(edited)) return edited;
  const active = command.type === "User" ? { active: stored.resource["active"] } : {};
  const resource = { ...active, ...edited.resource };
  return check(resource) ?? { resource, leftOut: [] };
}

function replaced(
  { type, resource, doubtful = [] }: Extract<EditCommand, { kind: "replace" }>,
  stored: ScimObject,
): ScimResult<{ readonly resource: ScimObject }> {
  const problem = misplacedAnew(type, doubtful, resource, stored);
  return problem ?? { resource: { ...keptBy(stored), ...resource } };
}

function deactivate(
  command: EditCommand,
  stored: ScimObject,
  leftOut: readonly string[],
  check: Check,
): Edited {
  if (command.kind === "patch") return patchOneByOne(command, stored, leftOut, check);
  const unread = new Set(command.deactivation?.unread);
  const kept = Object.fromEntries(Object.entries(stored).filter(([name]) => unread.has(name)));
  const resource = inactive({ ...keptBy(stored), ...kept, ...command.resource });
  const problem = check(resource);
  if (problem === null) return { resource, leftOut };
  const named = { ...resource, userName: stored["userName"] };
  const isKept = check(named) === null;
  return { resource: isKept ? named : inactive(stored), leftOut: [...leftOut, problem.detail] };
}

function patchOneByOne(
  { type, operations }: Extract<EditCommand, { kind: "patch" }>,
  stored: ScimObject,
  before: readonly string[],
  check: Check,
): Edited {
  let resource = inactive(stored);
  const leftOut = [...before];
  for (const operation of operations) {
    const patched = applyPatch(type, resource, [operation]);
    const problem = isRefusal(patched) ? patched : check(patched.resource);
    if (problem !== null) leftOut.push(problem.detail);
    else if ("resource" in patched) resource = inactive(patched.resource);
  }
  return { resource, leftOut };
}

function inactive(user: ScimObject): ScimObject {
  return { ...user, active: false };
}

/** What a PUT that does not mention it leaves as it is: losing it would turn the user into somebody else. */
function keptBy(current: ScimObject): ScimObject {
  return "externalId" in current ? { externalId: current["externalId"] } : {};
}
