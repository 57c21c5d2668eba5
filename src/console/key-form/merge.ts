import { z } from "zod";
import type { Key } from "../../api-types/keys.ts";
import { scopeOf } from "./scope-rows.ts";
import { SETTINGS, type Setting } from "./settings.tsx";
import { formOf, type KeyForm } from "./values.ts";

/** The fields of the form that make up each setting. */
const FIELDS: Readonly<Record<Setting, readonly (keyof KeyForm)[]>> = {
  name: ["name"],
  description: ["description"],
  scopes: ["scopes"],
  vaults: ["vaultChoice", "vaults", "vaultIds"],
  allowedIps: ["addresses"],
  rateLimit: ["rateRequests", "rateSeconds"],
  expiresAt: ["expiry", "expiresOn"],
};

const BaseSchema = z.object({
  owner: z.string(),
  name: z.string(),
  description: z.string(),
  scopes: z.array(z.object({ action: z.string(), type: z.string(), segments: z.array(z.string()) })),
  vaultChoice: z.string(),
  vaults: z.array(z.string()),
  vaultIds: z.array(z.string()),
  expiry: z.string(),
  expiresOn: z.string(),
  addresses: z.string(),
  rateRequests: z.string(),
  rateSeconds: z.string(),
  disabled: z.boolean(),
  rotated: z.boolean(),
}) satisfies z.ZodType<Base>;

/** A key as it was when its form was opened: what the form had, and what is changed elsewhere. */
export interface Base extends KeyForm {
  readonly disabled: boolean;
  readonly rotated: boolean;
}

export function baseOf(key: Key): Base {
  return { ...formOf(key), disabled: key.disabled, rotated: key.successorId !== null };
}

/** A base as a hidden field holds it; `null` for what is none. */
export function parseBase(json: string): Base | null {
  try {
    return BaseSchema.safeParse(JSON.parse(json)).data ?? null;
  } catch {
    return null;
  }
}

/** What others have changed in a key since its form was opened. */
export interface Meanwhile {
  /** Settings that only they have changed. */
  readonly taken: readonly Setting[];
  /** Settings that the form has changed, too, to something else. */
  readonly contested: readonly Setting[];
  readonly switched: "disabled" | "enabled" | null;
  readonly rotated: boolean;
}

/** The filled-in form over the key as it is now: untouched settings are the key's. `base`: when it was opened. */
export function merged(form: KeyForm, base: Base, now: Base): { form: KeyForm; meanwhile: Meanwhile } {
  const untouched = SETTINGS.filter((setting) => same(setting, form, base));
  const fields = untouched.flatMap((setting) => FIELDS[setting]);
  const theirs = SETTINGS.filter((setting) => !same(setting, base, now));
  return {
    form: { ...form, ...Object.fromEntries(fields.map((field) => [field, now[field]])) },
    meanwhile: {
      taken: theirs.filter((setting) => untouched.includes(setting)),
      contested: theirs.filter((setting) => !untouched.includes(setting) && !same(setting, form, now)),
      switched: base.disabled === now.disabled ? null : now.disabled ? "disabled" : "enabled",
      rotated: now.rotated && !base.rotated,
    },
  };
}

function same(setting: Setting, a: KeyForm, b: KeyForm): boolean {
  return meaningOf(setting, a) === meaningOf(setting, b);
}

/** A form draws empty fields for parts of a scope that it does not name, and ticks or types ids in any order. */
function meaningOf(setting: Setting, form: KeyForm): string {
  if (setting === "scopes") return textOf(form.scopes.map(scopeOf));
  if (setting === "vaults") return form.vaultChoice === "all" ? "*" : textOf(form.vaults);
  return textOf(FIELDS[setting].map((field) => form[field]));
}

function textOf(values: readonly unknown[]): string {
  return JSON.stringify(values.map((value) => JSON.stringify(value)).toSorted());
}
