import type { RefusalCode } from "../../core/refusal-table.ts";
import type { ApiRefusal } from "../api.ts";
import { problemsOf, type Problems } from "../parts/problems.ts";

export interface Notice {
  readonly title: string;
  readonly text: string;
}

/** What people call the fields of the form. */
export const FIELD_LABELS = {
  owner: "Owner",
  name: "Name",
  description: "Description",
  scopes: "Scopes",
  vaults: "Vaults",
  allowedIps: "Allowed addresses",
  expiry: "Expiry",
  rateLimit: "Rate limit",
};

/** Fields of the form that are called otherwise than those of the control API. */
const RENAMED = { expiresIn: "expiry", expiresAt: "expiry", ownerId: "owner" };

/** What a refusal says of the fields that were sent, if it is about them. */
export function fieldProblems(refusal: ApiRefusal, sent: object = {}): Problems | null {
  return problemsOf(refusal, FIELD_LABELS, RENAMED, sent);
}

/** Why something without a form to fill in was not done. */
export function refusalNotice(refusal: ApiRefusal, unconfirmed: string): Notice {
  const problems = fieldProblems(refusal);
  if (problems === null) return noticeOf(refusal, unconfirmed);
  return { title: "This is not possible", text: `${Object.values(problems).join(". ")}.` };
}

/** What to say of refusals that are about no field. */
const NOTICES: Partial<Record<RefusalCode, Notice>> = {
  key_limit_reached: {
    title: "The limit of keys is reached",
    text: "Keys that are neither revoked nor expired count. Revoke one that is no longer needed, then try again.",
  },
  not_bootstrapped: {
    title: "The organisation has not been set up",
    text: "An admin does that once. Then keys can be created.",
  },
  role_required: {
    title: "Your role does not allow this",
    text: "Creating a key takes the Developer role on a vault, and only its owner can rotate a person's key. Ask an admin.",
  },
  identity_provider_unavailable: {
    title: "Nothing was done",
    text: "The identity provider cannot be reached, so your sign-in could not be checked. Try again in a moment.",
  },
};

/** The notice for a refusal that is about no field; `unconfirmed` is its text when a guard could not be asked. */
export function noticeOf({ code, correlationId }: ApiRefusal, unconfirmed: string): Notice {
  if (code === "admission_unavailable") return { title: "This could not be confirmed", text: unconfirmed };
  const unknown = `It may or may not have been done. Trying again does no harm. (Request ${correlationId})`;
  return NOTICES[code] ?? { title: "Something went wrong", text: unknown };
}
