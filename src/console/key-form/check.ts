import type { VaultSet } from "../../core/key/key-record.ts";
import { PLAIN_SEGMENT } from "../../core/policy/scope.ts";
import type { Problems } from "../parts/problems.ts";
import { listed } from "../parts/wording.ts";
import type { Owner } from "./owner.ts";
import { dayEnd, type KeyForm } from "./values.ts";

/** The key that is being changed; `null` for a new one. */
type Before = { readonly vaults: VaultSet } | null;

/** What is wrong with a form as it is filled in so far. What is still empty is not wrong yet. */
export function problemsSoFar(form: KeyForm, owner: Owner, before: Before, now: number): Problems {
  const found: readonly (readonly [field: string, problem: string | null])[] = [
    ["name", form.name.length > 100 ? "Must have at most 100 characters" : null],
    ["vaults", vaultProblem(form, owner, before)],
    ["expiry", expiryProblem(form, before, now)],
    ["rateLimit", /^([1-9]\d*)?$/.test(form.rateRequests) ? null : "Must be a whole number, at least 1"],
  ];
  return Object.fromEntries(
    found.flatMap(([field, problem]) => (problem === null ? [] : [[field, problem]])),
  );
}

/** What a form that is sent lacks, in its own terms: the control API knows times, and no last day. */
export function missingProblems({ expiry, expiresOn }: KeyForm): Problems {
  return expiry === "on" && !/^\d{4}-\d\d-\d\d$/.test(expiresOn) ? { expiry: "Choose the last day" } : {};
}

function vaultProblem({ vaultChoice, vaults }: KeyForm, owner: Owner, before: Before): string | null {
  if (vaultChoice === "all" || JSON.stringify(vaults) === JSON.stringify(before?.vaults)) return null;
  const impossible = vaults.filter((vault) => !PLAIN_SEGMENT.test(vault));
  if (impossible.length > 0) return `Not the id of a vault: ${listed(impossible.map(shortened))}`;
  const owned = owner.vaults;
  if (owned === "*" || owned === null) return null;
  const isOwned = new Set(owned);
  const others = vaults.filter((vault) => !isOwned.has(vault));
  return others.length === 0
    ? null
    : `The owner does not hold the Developer role on ${listed(others.map(shortened))}`;
}

function expiryProblem({ expiry, expiresOn }: KeyForm, before: Before, now: number): string | null {
  if (expiry !== "on" || expiresOn === "" || before !== null) return null;
  return Date.parse(dayEnd(expiresOn)) <= now ? "Must be in the future" : null;
}

function shortened(text: string): string {
  return text.slice(0, 100);
}
