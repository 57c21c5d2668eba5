import type { z } from "@hono/zod-openapi";
import type { Wire } from "../api-types/common.ts";
import { exactly, type Exact } from "../api-types/exact.ts";
import { keyJson } from "../api-types/key-json.ts";
import { KeyList, KeySchema, type Key, type KeyListQuery } from "../api-types/keys.ts";
import { endOfKey } from "../core/key/key-record.ts";
import { foldName } from "../core/organization/folded-name.ts";
import { withoutSecrets } from "../core/key/key-secret.ts";
import {
  KEY_SORTS,
  type KeyPosition,
  type KeyQuery,
  type KeySort,
  type ManagedKey,
} from "../core/organization/managed-key.ts";
import { reachesNothing } from "../core/access/effective-access.ts";
import { isRefusal, refuse, type Result } from "../core/refusal.ts";
import { readCursor, writeCursor } from "./cursor.ts";
import type { Control } from "./context.ts";

/** A position with the order that it is a position in. */
interface Cursor extends KeyPosition {
  readonly sort: string;
}

/** The order by when keys end, which for a rotated key may be before it expires. */
const ENDS = "endsAt";
const CURSOR = { value: ["string", "number", "null"], id: ["string"], sort: ["string"] } as const;

/** Reads what a list of keys is asked for; a whole key in it is refused, since URLs are written to logs. */
export function readKeyQuery(query: z.output<typeof KeyListQuery>): Result<KeyQuery> {
  const { q = null, ownerName = null, sort } = query;
  if (q !== null && withoutSecrets(q) !== q) {
    const problem =
      "Must not hold a whole key or token: it has been written to logs and should be revoked. POST /-/api-keys/search takes a key";
    return refuse("invalid_request", { details: { field: "q", problem } });
  }
  const after = query.nextCursor === undefined ? null : readCursor<Cursor>(query.nextCursor, CURSOR);
  if (isRefusal(after)) return after;
  if (after !== null && after.sort !== sort) {
    const problem = "This is a cursor of the list in another order";
    return refuse("invalid_request", { details: { field: "nextCursor", problem } });
  }
  return {
    status: query.status,
    q,
    ownerId: query.owner ?? null,
    ownerKind: query.ownerKind ?? null,
    ownerName,
    expiresBefore: query.expiresBefore ?? null,
    unusedSince: query.unusedSince ?? null,
    anyAddress: query.anyAddress ?? null,
    noExpiry: query.noExpiry ?? null,
    vault: query.vault ?? null,
    sort: readSort(sort),
    limit: query.limit,
    after: after && { value: after.value, id: after.id },
  };
}

function readSort(text: string): KeySort {
  const descending = text.startsWith("-");
  const name = text.slice(descending ? 1 : 0);
  if (name === ENDS) return { by: "expiresAt", descending, ends: true };
  return { by: KEY_SORTS.find((known) => known === name) ?? "createdAt", descending };
}

/** The page's keys, and a cursor to the next page when one key more than asked for was found. */
export function keyPage(
  keys: readonly ManagedKey[],
  { limit, sort }: KeyQuery,
  control: Pick<Control, "operations">,
): Exact<Wire<typeof KeyList>> {
  const shown = keys.slice(0, limit);
  const last = keys.length > limit ? shown.at(-1) : undefined;
  const nextCursor = last === undefined ? null : writeCursor(cursorAfter(last, sort));
  const data = shown.map((key) => keyAnswer(key, control));
  return exactly(KeyList, { data, pagination: { limit, nextCursor } });
}

/** A key as its organisation tells it; one of the version before does not tell on which vaults the owner has a role. */
type ToldKey = Omit<ManagedKey, "ownerVaults"> & Partial<Pick<ManagedKey, "ownerVaults">>;

/** A key as the control API tells it. */
export function keyAnswer(
  { ownerVaults, ...key }: ToldKey,
  { operations }: Pick<Control, "operations">,
): Key {
  const json = keyJson(key, Date.now());
  const mayWork = json.status === "active" || json.status === "disabled";
  if (!mayWork || ownerVaults === undefined) return json;
  return reachesNothing({ ...key, ownerVaults }, operations)
    ? exactly(KeySchema, { ...json, reachesNothing: true })
    : json;
}

function cursorAfter(key: ManagedKey, sort: KeySort): Cursor {
  const name = sort.ends === true ? ENDS : sort.by;
  return { value: positionOf(key, sort), id: key.id, sort: sort.descending ? `-${name}` : name };
}

function positionOf(key: ManagedKey, { by, ends = false }: KeySort): KeyPosition["value"] {
  if (by === "name") return foldName(key.name);
  if (!ends) return key[by];
  return key.revokedAt === null ? endOfKey(key) : null;
}
