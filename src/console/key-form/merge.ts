import { z } from "zod";
import { SETTINGS, type Setting } from "./settings.tsx";
import type { KeyForm } from "./values.ts";

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

const FormSchema = z.object({
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
}) satisfies z.ZodType<KeyForm>;

/** A form as a hidden field holds it; `null` for what is none. */
export function parseForm(json: string): KeyForm | null {
  try {
    return FormSchema.safeParse(JSON.parse(json)).data ?? null;
  } catch {
    return null;
  }
}

/**
 * The filled-in form over the key as it is now: untouched settings are the key's, and `taken` names those of them that
 * differ. `base`: the form as it was when it was opened.
 */
export function merged(
  form: KeyForm,
  base: KeyForm | null,
  now: KeyForm,
): { form: KeyForm; taken: readonly Setting[] } {
  if (base === null) return { form, taken: [] };
  const untouched = SETTINGS.filter((setting) => same(setting, form, base));
  const fields = untouched.flatMap((setting) => FIELDS[setting]);
  return {
    form: { ...form, ...Object.fromEntries(fields.map((field) => [field, now[field]])) },
    taken: untouched.filter((setting) => !same(setting, base, now)),
  };
}

function same(setting: Setting, a: KeyForm, b: KeyForm): boolean {
  return FIELDS[setting].every((field) => textOf(a[field]) === textOf(b[field]));
}

/** Ids that are ticked come in another order than they are kept. */
function textOf(value: KeyForm[keyof KeyForm]): string {
  return typeof value === "string"
    ? value
    : JSON.stringify(value.map((item) => JSON.stringify(item)).toSorted());
}
