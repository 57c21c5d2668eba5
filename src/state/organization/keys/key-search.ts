import { among } from "../../bound-lists.ts";
import { foldName } from "../../../core/organization/folded-name.ts";
import { VAULT } from "../../../core/policy/resource-types.ts";
import type { KeyPosition, KeyQuery, KeySort } from "../../../core/organization/managed-key.ts";

/** What SQL makes of a query for keys. */
interface KeySearch {
  /** Conditions joined by AND. */
  readonly where: string;
  readonly values: readonly SqlStorageValue[];
  readonly order: string;
  /** The table as it is, or by the index that covers lists. */
  readonly from: "keys" | "keys INDEXED BY keys_listed";
}

const COLUMNS: Readonly<Record<KeySort["by"], string>> = {
  name: "keys.name_key",
  createdAt: "keys.created_at",
  lastUsedAt: "keys.last_used_at",
  expiresAt: "keys.expires_at",
};
/** When a key ends by itself: it expires or, once rotated, retires. One that is revoked has ended. */
const END = `(CASE WHEN keys.revoked_at IS NULL
  THEN min(coalesce(expires_at, retires_at), coalesce(retires_at, expires_at)) END)`;
/** Those that every key has. */
const NEVER_NULL: readonly KeySort["by"][] = ["name", "createdAt"];

const LIVE = "revoked_at IS NULL AND disabled = 0";
/** Each takes the moment at which it is asked, as `?`, where it depends on it. */
const STATUS_CONDITIONS = {
  active: `${LIVE} AND (expires_at IS NULL OR expires_at > ?)`,
  expired: `${LIVE} AND expires_at <= ?`,
  disabled: "revoked_at IS NULL AND disabled = 1",
  revoked: "revoked_at IS NOT NULL",
} as const;

/** A rotated key ends with its overlap. There are few of those, and an index of them. */
const ENDS_BEFORE = `(expires_at < ? OR keys.id IN (SELECT id FROM keys WHERE retires_at < ?))`;

/** Ranges that are no restriction, or none for one family of addresses. */
export const ANY_ADDRESS = `(allowed_ips = '[]' OR instr(allowed_ips, '"0.0.0.0/0"') > 0
  OR instr(allowed_ips, '"::/0"') > 0)`;

/** Owners who may use a vault, `?`, now. */
const OWNERS_OF_VAULT = `SELECT users.id FROM users, json_each(users.vault_roles) AS role
  WHERE active = 1 AND role.key IN ('*', ?) AND instr(role.value, '"developer"') > 0`;

/** The conditions and the order of a query for keys. `ownersNamed` tells whose names hold a text. */
export function searchOf(
  query: KeyQuery,
  now: number,
  ownersNamed: (text: string) => readonly string[],
): KeySearch {
  const where: string[] = [];
  const values: SqlStorageValue[] = [];
  const add = (condition: string, ...bound: SqlStorageValue[]) => {
    where.push(condition);
    values.push(...bound);
  };
  if (query.ownerId !== "*" && query.ownerId !== null) add("owner_id = ?", query.ownerId);
  if (query.ownerKind !== null) add("owner_id IN (SELECT id FROM users WHERE kind = ?)", query.ownerKind);
  if (query.ownerName !== null) {
    const owners = among("owner_id", ownersNamed(query.ownerName));
    add(owners.condition, ...owners.values);
  }
  if (query.q !== null) addText(query.q, add);
  if (query.expiresBefore !== null) add(ENDS_BEFORE, query.expiresBefore, query.expiresBefore);
  if (query.unusedSince !== null) add("(last_used_at IS NULL OR last_used_at < ?)", query.unusedSince);
  if (query.anyAddress !== null) add(query.anyAddress ? ANY_ADDRESS : `NOT ${ANY_ADDRESS}`);
  if (query.noExpiry !== null) add(query.noExpiry ? "expires_at IS NULL" : "expires_at IS NOT NULL");
  const { vault = null } = query;
  if (vault !== null) addVault(vault, add);
  if (query.status !== "all") {
    const condition = STATUS_CONDITIONS[query.status];
    add(condition, ...(condition.includes("?") ? [now] : []));
  }
  const ofOneOwner = query.ownerId !== "*" && query.ownerId !== null;
  const inOrder = where.length === 0 && NEVER_NULL.includes(query.sort.by);
  const from = ofOneOwner || inOrder ? "keys" : "keys INDEXED BY keys_listed";
  if (query.after !== null) addPosition(query.sort, query.after, add);
  const direction = query.sort.descending ? "DESC" : "ASC";
  const order = `${columnOf(query.sort)} ${direction} NULLS LAST, keys.id ${direction}`;
  return { where: where.join(" AND ") || "1", values, order, from };
}

type Add = (condition: string, ...bound: SqlStorageValue[]) => void;

/** A part of a name, or how an id or a `keyPrefix` begins. */
function addText(q: string, add: Add): void {
  const text = q.trim();
  add(
    `(instr(name_key, ?) > 0 OR substr(keys.id, 1, ?) = ? OR substr(key_prefix, 1, ?) = ?)`,
    foldName(q),
    text.length,
    text,
    text.length,
    text,
  );
}

/** Keys that can see a vault: the allowlist names it or is `*`, the scopes reach it, and the owner may use it. */
function addVault(vault: string, add: Add): void {
  add(`(substr(reach, 1, 3) = '"*"' OR instr(reach, ?) > 0)`, `"${vault}"`);
  add(
    `(instr(reach, '|') = 0 OR instr(reach, ?) > 0 OR instr(reach, ?) > 0)`,
    `|${VAULT}/${vault}|`,
    `|${VAULT}/${vault}/`,
  );
  add(`owner_id IN (${OWNERS_OF_VAULT})`, vault);
}

function columnOf({ by, ends = false }: KeySort): string {
  return by === "expiresAt" && ends ? END : COLUMNS[by];
}

/** What comes after a key in the order of the list; keys that have no value come last in both directions. */
function addPosition(sort: KeySort, { value, id }: KeyPosition, add: Add): void {
  const { by, descending } = sort;
  const column = columnOf(sort);
  const after = descending ? "<" : ">";
  if (value === null) add(`${column} IS NULL AND keys.id ${after} ?`, id);
  else if (NEVER_NULL.includes(by)) add(`(${column}, keys.id) ${after} (?, ?)`, value, id);
  else add(`((${column}, keys.id) ${after} (?, ?) OR ${column} IS NULL)`, value, id);
}
