import type { RefusalCode } from "../../core/refusal.ts";
import type { ApiRefusal } from "../api.ts";

/** What the control API has against a form: by field of the form, and as a whole. */
export interface Problems {
  readonly fields: ReadonlyMap<string, string>;
  readonly notice: Notice | null;
}

export interface Notice {
  readonly title: string;
  readonly text: string;
  readonly link?: { readonly label: string; readonly href: string };
}

export const NO_PROBLEMS: Problems = { fields: new Map(), notice: null };

/** Fields of the form that are called otherwise than those of the control API. */
const FORM_FIELDS: Readonly<Record<string, string>> = {
  expiresIn: "expiry",
  expiresAt: "expiry",
  ownerId: "owner",
};
/** Those that the form has. */
const KNOWN = ["owner", "name", "description", "scopes", "vaults", "allowedIps", "expiry", "rateLimit"];

export const FIELD_NAMES: Readonly<Record<string, string>> = {
  owner: "Owner",
  name: "Name",
  description: "Description",
  scopes: "Scopes",
  vaults: "Vaults",
  allowedIps: "Allowed addresses",
  expiry: "Expiry",
  rateLimit: "Rate limit",
};

/** The field that a refusal is about, if it is about one that the form has, and what is wrong with it. */
export function fieldProblem({ code, details }: ApiRefusal): Problems | null {
  const { field, problem } = details;
  if (code !== "invalid_value" && code !== "invalid_request") return null;
  if (typeof field !== "string" || typeof problem !== "string") return null;
  const [first = ""] = field.split(".");
  const name = FORM_FIELDS[first] ?? first;
  if (!KNOWN.includes(name))
    return { fields: new Map(), notice: { title: "This is not possible", text: `${problem}.` } };
  return { fields: new Map([[name, problem]]), notice: null };
}

/** What to say of refusals that are about no field. */
const NOTICES: Partial<Record<RefusalCode, Notice>> = {
  key_limit_reached: {
    title: "The owner has as many keys as allowed",
    text: "Keys that are neither revoked nor expired count. Revoke one that is no longer needed, then try again.",
  },
  not_bootstrapped: {
    title: "The organisation has not been set up",
    text: "An admin does that once. Then keys can be made.",
  },
  role_required: {
    title: "Not for your role",
    text: "Making a key takes the Developer role on a vault, and a person's key is theirs alone to rotate. Ask an admin.",
  },
  identity_provider_unavailable: {
    title: "Nothing was done",
    text: "The identity provider cannot be reached, so it could not be checked who you are. Try again in a moment.",
  },
};

/** What to say of a refusal that is about no field; `unconfirmed` is what is known when a guard could not be asked. */
export function noticeOf({ code, correlationId }: ApiRefusal, unconfirmed: string): Notice {
  if (code === "admission_unavailable") return { title: "This could not be confirmed", text: unconfirmed };
  const unknown = `It may or may not have been done. Trying again does no harm. (Request ${correlationId})`;
  return NOTICES[code] ?? { title: "Something went wrong", text: unknown };
}
