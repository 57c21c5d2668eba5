import { z } from "zod";
import type { KeyCreation, KeyUpdate } from "../api-types/keys.ts";
import { parseDuration } from "../core/duration.ts";
import { scopesTooMany, vaultsTooMany } from "../core/key/grant-limits.ts";
import { parseRange } from "../core/key/ip-allowlist.ts";
import { END_OF_TIME } from "../core/iso-time.ts";
import { withoutSecrets } from "../core/key/key-secret.ts";
import type { KeyChange } from "../core/organization/managed-key.ts";
import { invalid, isAccepted, isRefusal, problemOf, type Result } from "../core/refusal.ts";
import { ACTIONS, formatScope, parseScope, PLAIN_SEGMENT, type Scope } from "../core/policy/scope.ts";
import type { Control } from "./context.ts";
import { refuseProblems, type FieldProblem } from "../core/http/field-problems.ts";

/** What the API's document says of the values of a key. */
type Rules = Pick<Control, "checkScope" | "hasVaults">;

/** What a request may say of a key whose values need more than a schema. */
type Input = {
  readonly [Field in "scopes" | "vaults" | "allowedIps" | "expiresIn" | "expiresAt"]?:
    | z.output<typeof KeyCreation>[Field]
    | undefined;
};

interface KeyValues {
  readonly scopes?: readonly Scope[];
  readonly vaults?: "*" | readonly string[];
  readonly allowedIps?: readonly string[];
  /** Milliseconds since the epoch; `null` for never; absent when the request says nothing. */
  readonly expiresAt?: number | null;
}

/** Everything that is wrong with the values of a key at `now`. */
export function keyProblems(input: Input, rules: Rules, now: number): FieldProblem[] {
  return [
    ...secretProblems(input),
    ...scopeProblems(input.scopes ?? [], rules),
    ...vaultProblems(input.vaults ?? "*", rules),
    ...problemsAmong("allowedIps", (input.allowedIps ?? []).map(parseRange)),
    ...expiryProblems(input, now),
  ];
}

/** The same of a key that is to be made, which is not to have expired. */
export function newKeyProblems(input: Input, rules: Rules, now: number): FieldProblem[] {
  const expiry = readExpiry(input, now);
  const expired = typeof expiry === "number" && expiry <= now;
  const past = expired ? [{ field: "expiresAt", problem: "Must be in the future" }] : [];
  return [...keyProblems(input, rules, now), ...past];
}

/** Reads the values of a key at `now`; a refusal names every field that cannot be. */
export function readKeyValues(input: Input, rules: Rules, now: number): Result<KeyValues> {
  const problems = keyProblems(input, rules, now);
  if (problems.length > 0) return refuseProblems(problems);
  const scopes = input.scopes?.map((scope) => readScope(scope, rules)).filter(isAccepted);
  const ranges = input.allowedIps?.map(parseRange).filter(isAccepted);
  const expiresAt = readExpiry(input, now);
  return {
    ...(scopes && { scopes: distinct(scopes, formatScope) }),
    ...(input.vaults && { vaults: input.vaults === "*" ? "*" : distinct(input.vaults, String) }),
    ...(ranges && { allowedIps: distinct(ranges, String) }),
    ...(expiresAt !== undefined && !isRefusal(expiresAt) && { expiresAt }),
  };
}

function secretProblems(input: object): FieldProblem[] {
  return Object.entries(input).flatMap(([field, value]) => {
    const text = JSON.stringify(value) ?? "";
    return withoutSecrets(text) === text ? [] : [{ field, problem: "Must not hold an API key or a token" }];
  });
}

function scopeProblems(inputs: NonNullable<Input["scopes"]>, rules: Rules): FieldProblem[] {
  const scopes = inputs.map((input) => readScope(input, rules));
  const problems = problemsAmong("scopes", scopes);
  if (problems.length > 0) return problems;
  const excess = scopesTooMany(scopes.filter(isAccepted));
  return excess === null ? [] : [{ field: "scopes", problem: excess }];
}

function vaultProblems(vaults: NonNullable<Input["vaults"]>, { hasVaults }: Rules): FieldProblem[] {
  if (vaults === "*") return [];
  if (!hasVaults) return [{ field: "vaults", problem: "This API has no vaults" }];
  const bad = vaults.filter((vault) => !PLAIN_SEGMENT.test(vault));
  const problems = bad.map((vault) => `Not the id of a vault: ${vault.slice(0, 100)}`);
  const tooMany = bad.length === 0 ? vaultsTooMany(vaults) : null;
  return [...problems, ...(tooMany === null ? [] : [tooMany])].map((problem) => ({
    field: "vaults",
    problem,
  }));
}

function problemsAmong(field: string, read: readonly Result<unknown>[]): FieldProblem[] {
  return read.filter(isRefusal).map((refusal) => ({ field, problem: problemOf(refusal) }));
}

/** Reads a change of a key at `now`; a refusal names the bad field. */
export function readKeyChange(
  body: z.output<typeof KeyUpdate>,
  rules: Rules,
  now: number,
): Result<KeyChange> {
  const { expiresIn: _, expiresAt: __, ...plain } = body;
  const values = readKeyValues(body, rules, now);
  return isRefusal(values) ? values : ({ ...plain, ...values } as KeyChange);
}

function distinct<T>(values: readonly T[], name: (value: T) => string): T[] {
  return [...new Map(values.map((value) => [name(value), value])).values()];
}

function readScope(
  input: string | { action: string; resource: string },
  { checkScope }: Rules,
): Result<Scope> {
  const scope = typeof input === "string" ? parseScope(input) : readScopeObject(input);
  if (isRefusal(scope)) return scope;
  const problem = checkScope(scope);
  return problem === null ? scope : invalid(problem);
}

function readScopeObject({ action, resource }: { action: string; resource: string }): Result<Scope> {
  const known = ACTIONS.find((candidate) => candidate === action);
  if (known === undefined) return invalid(`The action must be one of ${ACTIONS.join(", ")}`);
  return { action: known, resource };
}

/** A time that exists, with its zone (RFC 3339 section 5.6). */
const DateTime = z.iso.datetime({ offset: true });

function expiryProblems(input: Input, now: number): FieldProblem[] {
  const expiry = readExpiry(input, now);
  const field = input.expiresIn === undefined ? "expiresAt" : "expiresIn";
  return problemsAmong(field, [expiry]);
}

/** Milliseconds since the epoch; `null` for never, `undefined` when the request says nothing. */
function readExpiry({ expiresIn, expiresAt }: Input, now: number): Result<number | null | undefined> {
  if (expiresIn !== undefined && expiresAt !== undefined) {
    return invalid("Give either expiresIn or expiresAt");
  }
  if (expiresIn === null || expiresAt === null) return null;
  if (expiresIn !== undefined) {
    const ms = parseDuration(expiresIn);
    return ms !== null && ms > 0 ? now + ms : invalid("Must be a duration like 30d, 12h or 1y");
  }
  if (expiresAt === undefined) return undefined;
  const at = DateTime.safeParse(expiresAt).success ? Date.parse(expiresAt) : Number.NaN;
  return at >= 0 && at <= END_OF_TIME ? at : invalid("Must be an ISO 8601 time like 2027-01-31T12:00:00Z");
}
