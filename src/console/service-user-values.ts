import { ServiceUserCreation, type ServiceUser } from "../api-types/service-users.ts";
import { DEVELOPER, developerVaults, type VaultRoles } from "../core/organization/organization.ts";
import { plainName } from "../core/organization/plain-name.ts";
import { PLAIN_SEGMENT } from "../core/policy/scope.ts";
import { textOf } from "./key-form/form-data.ts";
import type { KnownVaults } from "./key-form/known.ts";
import { unknownAmong, type UnknownVault } from "./key-form/unknown-vaults.ts";
import { wordsOf } from "./key-form/values.ts";
import type { Problems } from "./parts/problems.ts";
import { listed } from "./parts/wording.ts";

/** What the form holds, as it was filled in. */
export interface Values {
  readonly name: string;
  readonly description: string;
  /** Ids by white space. */
  readonly vaults: string;
  readonly everyVault: boolean;
}

export const EMPTY: Values = { name: "", description: "", vaults: "", everyVault: false };

/** Before the names of fields that hold what the form began with. */
export const BEGAN = "began-";
/** A problem names so many ids, as far as so many letters. */
const [NAMED, MAX_SHOWN] = [5, 100];

/** The values that the form began with; one that does not say so began with what is there now. */
export function beganWith(form: FormData, user: ServiceUser): Values {
  if (!form.has(`${BEGAN}name`)) return valuesFrom(user);
  const began = new FormData();
  for (const [name, value] of form) if (name.startsWith(BEGAN)) began.append(name.slice(BEGAN.length), value);
  return valuesOf(began);
}

/**
 * What was changed in the form, applied to what is there now: fields that nobody touched, and vaults that were neither
 * added nor taken out, stay as somebody else may have set them meanwhile.
 */
export function mergedInto(user: ServiceUser, began: Values, sent: Values): Values {
  const now = valuesFrom(user);
  const isUntouched = vaultsIn(sent).join(" ") === vaultsIn(began).join(" ");
  const name = plainName(sent.name) === plainName(began.name) ? now.name : sent.name;
  const description =
    sent.description.trim() === began.description.trim() ? now.description : sent.description;
  if (isUntouched) return { ...now, name, description };
  if (sent.everyVault || began.everyVault || now.everyVault) return { ...sent, name, description };
  const [before, after] = [new Set(idsIn(began)), new Set(idsIn(sent))];
  const kept = idsIn(now).filter((id) => after.has(id) || !before.has(id));
  const added = [...after].filter((id) => !before.has(id));
  return { name, description, vaults: [...new Set([...kept, ...added])].join("\n"), everyVault: false };
}

function vaultsIn(values: Values): readonly string[] {
  return values.everyVault ? ["*"] : idsIn(values).toSorted();
}

/** Ids of vaults that nothing in use has named before. */
export function unknownIn(values: Values, known: KnownVaults | null): readonly UnknownVault[] {
  return unknownAmong(idsIn(values), known);
}

/** What is wrong with the ids as they are filled in so far: `*` among them would be every vault. */
export function vaultProblems(values: Values): Problems {
  const impossible = idsIn(values).filter((id) => !PLAIN_SEGMENT.test(id) || id === "__proto__");
  if (impossible.length === 0) return {};
  const named = listed(impossible.slice(0, NAMED).map((id) => id.slice(0, MAX_SHOWN)));
  return { vaultRoles: `Not the id of a vault: ${named}` };
}

/**
 * What is wrong with a form that is to be saved; `null` where the control API is to say. It would take `*` for every
 * vault, and JSON's readers differ about `__proto__`.
 */
export function problemsToSave(values: Values): Problems | null {
  const vaults = vaultProblems(values);
  if (Object.keys(vaults).length === 0) return null;
  const { name, description } = fieldsOf(values);
  const issues = About.safeParse({ name, description }).error?.issues ?? [];
  return {
    ...Object.fromEntries(issues.map(({ path: [field = ""], message }) => [field, message])),
    ...vaults,
  };
}

const About = ServiceUserCreation.pick({ name: true, description: true });

/** Whether there is nothing to save. */
export function isSame(values: Values, user: ServiceUser): boolean {
  const [now, then] = [valuesFrom(user), values];
  return (
    now.name === plainName(then.name) &&
    now.description === then.description.trim() &&
    now.everyVault === then.everyVault &&
    idsIn(now).toSorted().join(" ") === idsIn(then).toSorted().join(" ")
  );
}

/** A form that was sent. */
export function valuesOf(form: FormData): Values {
  return {
    name: textOf(form, "name"),
    description: textOf(form, "description"),
    vaults: textOf(form, "vaultRoles"),
    everyVault: textOf(form, "everyVault") !== "",
  };
}

/** The form of a service user as it is. */
export function valuesFrom({ name, description, vaultRoles }: ServiceUser): Values {
  const vaults = developerVaults(vaultRoles);
  return {
    name,
    description: description ?? "",
    vaults: vaults === "*" ? "" : vaults.join("\n"),
    everyVault: vaults === "*",
  };
}

/** The ids that are written in the form. */
export function idsIn({ vaults, everyVault }: Values): string[] {
  return everyVault ? [] : [...new Set(wordsOf(vaults))];
}

/** What the control API is sent. */
export function fieldsOf(values: Values) {
  const { name, description } = values;
  const ids = values.everyVault ? ["*"] : idsIn(values);
  const vaultRoles: VaultRoles = Object.fromEntries(ids.map((id) => [id, [DEVELOPER]]));
  return { name, description: description || null, vaultRoles };
}
