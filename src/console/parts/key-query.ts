import { z } from "zod";
import { KEY_STATUSES } from "../../api-types/keys.ts";
import { SOON_DAYS, UNUSED_DAYS } from "../../core/key/hygiene.ts";
import { keysOf } from "../../core/keys-of.ts";

/** Keys on a page. */
export const PAGE_SIZE = 25;
export const FILTERS = [...KEY_STATUSES, "all"] as const;

const DAY_MS = 86_400_000;

/** What may want to be looked at in active keys, and how the control API is asked for it. */
export const HYGIENE = {
  expiring: { label: "Expiring soon", count: "expiringSoon" },
  unused: { label: `Unused for ${UNUSED_DAYS} days`, count: "unused" },
  "never-used": { label: "Never used", count: "neverUsed" },
  "no-expiry": { label: "No expiry", count: "noExpiry" },
  "any-address": { label: "Any address", count: "anyAddress" },
} as const;
export type Hygiene = keyof typeof HYGIENE;

const SORTS = [
  "name",
  "-name",
  "createdAt",
  "-createdAt",
  "lastUsedAt",
  "-lastUsedAt",
  "endsAt",
  "-endsAt",
] as const;

/** The order of a list. Addresses from before rotated keys were sorted by their end say `expiresAt` for it. */
export const Sort = z
  .string()
  .transform((sort) => sort.replace("expiresAt", "endsAt"))
  .pipe(z.enum(SORTS))
  .optional()
  .catch(undefined);

/** What a list is asked for; a value that cannot be is as good as none. */
export const KeyQuery = z.object({
  status: z.enum(FILTERS).catch("active"),
  q: z.string().trim().catch(""),
  /** Only keys that can see this vault. */
  vault: z.string().trim().catch(""),
  show: z.enum(keysOf(HYGIENE)).optional().catch(undefined),
  sort: Sort,
  cursor: z.string().optional().catch(undefined),
  trail: z.string().max(2000).optional().catch(undefined),
});

/** What a list of keys shows: of which status, and what else of it has been narrowed down. */
export interface ListQuery extends z.output<typeof KeyQuery> {
  readonly owner?: string | undefined;
  readonly ownerName?: string | undefined;
  readonly kind?: string | undefined;
}

/** The query as the control API takes it. */
export function askedOf(
  { status, q, vault, show, sort, cursor }: ListQuery,
  now: number,
): Record<string, string | undefined> {
  const daysFromNow = (days: number) => new Date(now + days * DAY_MS).toISOString();
  return {
    status: show === undefined ? status : "active",
    q,
    vault,
    sort,
    nextCursor: cursor,
    limit: `${PAGE_SIZE}`,
    expiresBefore: show === "expiring" ? daysFromNow(SOON_DAYS) : undefined,
    unusedSince:
      show === "unused"
        ? daysFromNow(-UNUSED_DAYS)
        : show === "never-used"
          ? new Date(0).toISOString()
          : undefined,
    noExpiry: show === "no-expiry" ? "true" : undefined,
    anyAddress: show === "any-address" ? "true" : undefined,
  };
}

/** The query without where one is in the list. */
export function fromTheStart<T extends ListQuery>(query: T): T {
  return { ...query, cursor: undefined, trail: undefined };
}
