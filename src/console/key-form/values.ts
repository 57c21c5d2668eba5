import { isRefusal } from "../../core/refusal.ts";
import type { Key } from "../../api-types/keys.ts";
import { parseRange } from "../../core/key/ip-allowlist.ts";
import type { VaultSet } from "../../core/key/key-record.ts";
import { plainName } from "../../core/organization/plain-name.ts";
import { counted } from "../parts/wording.ts";
import { textOf, textsOf } from "./form-data.ts";
import { readRows, rowOf, scopeOf, type ScopeRow } from "./scope-rows.ts";

/** Lifetimes that one can choose by a click, as the control API writes durations. */
export const LIFETIMES = ["30d", "90d", "1y"] as const;

const LIFETIME_NAMES: Readonly<Record<string, string>> = { "1y": "A year" };
const UNITS = [
  ["y", "year", 31_536_000_000],
  ["d", "day", 86_400_000],
  ["h", "hour", 3_600_000],
  ["m", "minute", 60_000],
  ["s", "second", 1000],
] as const;

/** A lifetime as the control API writes it: `90d` for that many milliseconds. */
export function lifetimeOf(ms: number): string {
  const [letter, , length] = UNITS.find(([, , each]) => ms % each === 0) ?? UNITS[4];
  return `${Math.round(ms / length)}${letter}`;
}

/** Like "90 days". */
export function lifetimeName(lifetime: string): string {
  const noun = UNITS.find(([letter]) => lifetime.endsWith(letter))?.[1] ?? "";
  return LIFETIME_NAMES[lifetime] ?? counted(Number.parseInt(lifetime, 10), noun);
}

/** A key as it is filled in: texts as they were typed, whatever the control API will say to them. */
export interface KeyForm {
  /** Whose key it is to be; empty for one's own. */
  readonly owner: string;
  readonly name: string;
  readonly description: string;
  readonly scopes: readonly ScopeRow[];
  /** `all`, or `some` for those that are ticked or typed. */
  readonly vaultChoice: string;
  readonly vaults: readonly string[];
  /** Those of them that were typed. */
  readonly vaultIds: readonly string[];
  /** A lifetime, `on` a day, `never`, or `keep` for what the key has. */
  readonly expiry: string;
  /** Like 2027-01-31. */
  readonly expiresOn: string;
  readonly addresses: string;
  /** Empty for the deployment's default. */
  readonly rateRequests: string;
  readonly rateSeconds: string;
}

/**
 * A form with the least that a key takes, for an owner with the role on these vaults, if the API has any. `lifetime`:
 * what a key lives here unless somebody says otherwise.
 */
export function newForm(
  owner: string,
  vaults: VaultSet,
  firstType: string,
  hasVaults = true,
  lifetime = "1y",
): KeyForm {
  return {
    owner,
    name: "",
    description: "",
    scopes: [{ action: "read", type: firstType, segments: [] }],
    vaultChoice: hasVaults ? "some" : "all",
    vaults: hasVaults && vaults !== "*" && vaults.length === 1 ? vaults : [],
    vaultIds: [],
    expiry: lifetime,
    expiresOn: "",
    addresses: "",
    rateRequests: "",
    rateSeconds: "60",
  };
}

/** The form of a new key like another. */
export function copyOf(key: Key, owner: string, lifetime: string): KeyForm {
  // Cut between characters: half of one would be shown as a mark for what is broken.
  const name = `Copy of ${key.name}`
    .slice(0, 100)
    .replace(/[\uD800-\uDBFF]$/, "")
    .trim();
  return { ...formOf(key), owner, name, expiry: lifetime, expiresOn: "" };
}

/** The form of a key as it is. */
export function formOf(key: Key): KeyForm {
  return {
    owner: key.owner.id,
    name: key.name,
    description: proseOf(key.description ?? ""),
    scopes: key.scopes.map(rowOf),
    vaultChoice: key.vaults === "*" ? "all" : "some",
    vaults: key.vaults === "*" ? [] : key.vaults,
    vaultIds: [],
    expiry: "keep",
    expiresOn: key.expiresAt?.slice(0, 10) ?? "",
    addresses: key.allowedIps.join("\n"),
    rateRequests: key.rateLimit === null ? "" : `${key.rateLimit.requests}`,
    rateSeconds: `${key.rateLimit?.windowSeconds ?? 60}`,
  };
}

/** A form that was sent. */
export function readForm(data: FormData): KeyForm {
  const text = (name: string) => textOf(data, name);
  return {
    owner: text("owner"),
    name: text("name"),
    description: proseOf(text("description")),
    scopes: readRows(data),
    vaultChoice: text("vaults"),
    vaults: [...new Set([...textsOf(data, "vault"), ...wordsOf(text("vaultIds"))])],
    vaultIds: wordsOf(text("vaultIds")),
    expiry: text("expiry"),
    expiresOn: text("expiresOn"),
    addresses: text("addresses").replaceAll("\r\n", "\n"),
    rateRequests: text("rateRequests"),
    rateSeconds: text("rateSeconds"),
  };
}

/** A text of several lines as a form gives it back: browsers send line ends of their own. */
function proseOf(text: string): string {
  return text.replaceAll(/\r\n?/g, "\n").trim();
}

/** The fields that {@link readForm} reads this form from. */
export function fieldsOf(form: KeyForm): [name: string, value: string][] {
  const { scopes, vaultChoice, vaults, vaultIds, ...plain } = form;
  return [
    ...Object.entries(plain),
    ...scopes.flatMap(({ action, type, segments }, i): [string, string][] => [
      [`scopes.${i}.action`, action],
      [`scopes.${i}.type`, type],
      ...segments.map((segment, k): [string, string] => [`scopes.${i}.segments.${k}`, segment]),
    ]),
    ["vaults", vaultChoice],
    ["vaultIds", vaultIds.join("\n")],
    ...vaults.filter((vault) => !vaultIds.includes(vault)).map((vault): [string, string] => ["vault", vault]),
  ];
}

/** What comes along when something is copied, and nobody sees. */
const UNSEEN = /[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu;

/**
 * What was typed in a box that takes several, or pasted from a list: separated by lines, spaces or commas, in quotes or
 * not, and without what cannot be seen.
 */
export function wordsOf(text: string): string[] {
  return text
    .replaceAll(UNSEEN, "")
    .split(/[\s,;"'`\u2018-\u201f]+/)
    .filter((word) => word !== "");
}

/** A body for the control API, without the settings that stay as they are. */
export interface KeyBody {
  readonly name: string;
  readonly description: string | null;
  readonly scopes: readonly { readonly action: string; readonly resource: string }[];
  readonly vaults: VaultSet;
  readonly allowedIps: readonly string[];
  readonly rateLimit: { readonly requests: number; readonly windowSeconds: number } | null;
  readonly expiresIn?: string | null;
  readonly expiresAt?: string;
}

export function bodyOf(form: KeyForm): KeyBody {
  return {
    name: form.name,
    description: form.description === "" ? null : form.description,
    scopes: form.scopes.map(scopeOf),
    vaults: form.vaultChoice === "all" ? "*" : form.vaults,
    allowedIps: wordsOf(form.addresses),
    rateLimit:
      form.rateRequests === ""
        ? null
        : { requests: wholeNumber(form.rateRequests), windowSeconds: wholeNumber(form.rateSeconds) },
    ...expiryOf(form),
  };
}

/** What is written in another way than with digits, like 1e3, is no number here: the control API then refuses it. */
function wholeNumber(text: string): number {
  return /^\d+$/.test(text) ? Number(text) : Number.NaN;
}

/** The end of a day like 2027-01-31, in UTC. */
export function dayEnd(date: string): string {
  return `${date}T23:59:59Z`;
}

/** A day lasts until its end. */
function expiryOf({ expiry, expiresOn }: KeyForm): Pick<KeyBody, "expiresIn" | "expiresAt"> {
  if (expiry === "keep") return {};
  if (expiry === "never") return { expiresIn: null };
  return expiry === "on" ? { expiresAt: dayEnd(expiresOn) } : { expiresIn: expiry };
}

/** What of a body differs from the key as it is: spellings and orders that mean the same do not. */
export function changeOf(body: KeyBody, key: Key): Partial<KeyBody> {
  const known: Readonly<Record<string, unknown>> = { ...key, expiresIn: key.expiresAt };
  const changed = Object.entries(body).filter(
    ([field, value]) => meaningOf(field, value) !== meaningOf(field, known[field]),
  );
  return Object.fromEntries(changed);
}

function meaningOf(field: string, value: unknown): string {
  if (field === "name") return plainName(value as string);
  if (field === "description") return proseOf((value as string | null) ?? "");
  if (!Array.isArray(value)) return JSON.stringify(value);
  const items = value.map((item) =>
    field === "allowedIps" ? canonicalRange(item as string) : JSON.stringify(item),
  );
  return JSON.stringify([...new Set(items)].toSorted());
}

/** A range as it is kept, or what is none as it is. */
export function canonicalRange(range: string): string {
  const parsed = parseRange(range);
  return isRefusal(parsed) ? range : parsed;
}
