import { z } from "zod";
import { parseDuration } from "../core/duration.ts";
import { scopesTooMany, vaultsTooMany } from "../core/grant-limits.ts";
import { parseRange } from "../core/ip-allowlist.ts";
import { END_OF_TIME } from "../core/iso-time.ts";
import { withoutSecrets } from "../core/key-secret.ts";
import type { VaultSet } from "../core/key-record.ts";
import type { KeyChange } from "../core/organization.ts";
import { isRefusal, refuse, type Refusal } from "../core/refusal.ts";
import { ACTIONS, formatScope, parseScope, PLAIN_SEGMENT, type Scope } from "../core/scope.ts";
import type { KeyCreation, KeyUpdate } from "./key-schemas.ts";
import type { Control } from "./endpoint.ts";

/** What a request may say of a key whose values need more than a schema. */
type Input = {
  readonly [Field in "scopes" | "vaults" | "allowedIps" | "expiresIn" | "expiresAt"]?:
    | z.output<typeof KeyCreation>[Field]
    | undefined;
};

export interface KeyValues {
  readonly scopes?: readonly Scope[];
  readonly vaults?: "*" | readonly string[];
  readonly allowedIps?: readonly string[];
  /** Milliseconds since the epoch; `null` for never; absent when the request says nothing. */
  readonly expiresAt?: number | null;
}

/** Reads the values of a key at `now`; a refusal names the field that cannot be. */
export function readKeyValues(
  input: Input,
  checkScope: Control["checkScope"],
  now: number,
): KeyValues | Refusal {
  for (const [field, value] of Object.entries(input)) {
    const text = JSON.stringify(value);
    if (withoutSecrets(text) !== text) return invalid(field, "Must not hold an API key or a token");
  }
  const scopes = input.scopes?.map((scope) => readScope(scope, checkScope));
  for (const scope of scopes ?? []) if ("problem" in scope) return invalid("scopes", scope.problem);
  const excess = scopes && scopesTooMany(scopes as Scope[]);
  if (excess) return invalid("scopes", excess);
  const ranges = input.allowedIps?.map(parseRange);
  for (const range of ranges ?? []) if ("problem" in range) return invalid("allowedIps", range.problem);
  if (Array.isArray(input.vaults)) {
    const bad = input.vaults.find((vault) => !PLAIN_SEGMENT.test(vault));
    if (bad !== undefined) return invalid("vaults", `Not the id of a vault: ${bad.slice(0, 100)}`);
    const tooMany = vaultsTooMany(input.vaults);
    if (tooMany !== null) return invalid("vaults", tooMany);
  }
  const expiry = readExpiry(input, now);
  if (expiry !== undefined && expiry !== null && isRefusal(expiry)) return expiry;
  return {
    ...(scopes && { scopes: distinct(scopes as Scope[], formatScope) }),
    ...(input.vaults && { vaults: input.vaults === "*" ? "*" : distinct(input.vaults, String) }),
    ...(ranges && {
      allowedIps: distinct(
        ranges.map((range) => (range as { canonical: string }).canonical),
        String,
      ),
    }),
    ...(expiry !== undefined && { expiresAt: expiry === null ? null : expiry.at }),
  };
}

/** The vaults of a new key. An API without vaults has none to name: then the key is held to nothing by them. */
export function newKeysVaults(vaults: KeyValues["vaults"], hasVaults: boolean): VaultSet | Refusal {
  if (hasVaults)
    return vaults ?? refuse("invalid_request", { details: { field: "vaults", problem: "Required" } });
  return Array.isArray(vaults) ? invalid("vaults", "This API has no vaults") : "*";
}

/** Reads what is to be changed of a key at `now`; a refusal names the field that cannot be. */
export function readKeyChange(
  body: z.output<typeof KeyUpdate>,
  checkScope: Control["checkScope"],
  now: number,
): KeyChange | Refusal {
  const { expiresIn: _, expiresAt: __, ...plain } = body;
  const values = readKeyValues(body, checkScope, now);
  return isRefusal(values) ? values : ({ ...plain, ...values } as KeyChange);
}

function distinct<T>(values: readonly T[], name: (value: T) => string): T[] {
  return [...new Map(values.map((value) => [name(value), value])).values()];
}

function readScope(
  input: string | { action: string; resource: string },
  checkScope: Control["checkScope"],
): Scope | { problem: string } {
  const scope = typeof input === "string" ? parseScope(input) : readScopeObject(input);
  if ("problem" in scope) return scope;
  const problem = checkScope(scope);
  return problem === null ? scope : { problem };
}

function readScopeObject({
  action,
  resource,
}: {
  action: string;
  resource: string;
}): Scope | { problem: string } {
  const known = ACTIONS.find((candidate) => candidate === action);
  if (known === undefined) return { problem: `The action must be one of ${ACTIONS.join(", ")}` };
  return { action: known, resource };
}

/** A time that exists, with its zone (RFC 3339 section 5.6). */
const DateTime = z.iso.datetime({ offset: true });

function readExpiry(
  { expiresIn, expiresAt }: Input,
  now: number,
): { at: number } | null | undefined | Refusal {
  if (expiresIn !== undefined && expiresAt !== undefined) {
    return invalid("expiresIn", "Give either expiresIn or expiresAt");
  }
  if (expiresIn === null || expiresAt === null) return null;
  if (expiresIn !== undefined) {
    const ms = parseDuration(expiresIn);
    return ms !== null && ms > 0
      ? { at: now + ms }
      : invalid("expiresIn", "Must be a duration like 30d, 12h or 1y");
  }
  if (expiresAt === undefined) return undefined;
  const at = DateTime.safeParse(expiresAt).success ? Date.parse(expiresAt) : Number.NaN;
  return at >= 0 && at <= END_OF_TIME
    ? { at }
    : invalid("expiresAt", "Must be an ISO 8601 time like 2027-01-31T12:00:00Z");
}

export function invalid(field: string, problem: string): Refusal {
  return refuse("invalid_value", { details: { field, problem } });
}
