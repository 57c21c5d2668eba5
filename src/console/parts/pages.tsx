import type { FC } from "hono/jsx";
import { link } from "../paths.ts";
import { Icon } from "./icons.tsx";
import { NUMBER } from "./wording.ts";

/** Where one is in a list: the page's cursor, and those of the pages before it, from the second on. */
export interface Place {
  readonly cursor?: string | undefined;
  readonly trail?: string | undefined;
}

/** Cursors hold no dot. */
const BETWEEN = ".";
/** An address holds no more of them; the first page is always there to go back to. */
const MAX_TRAIL = 10;

interface Props {
  path: string;
  /** What the list is narrowed to, and where one is in it. */
  query: Place & Readonly<Record<string, string | undefined>>;
  nextCursor: string | null;
  /** How many there are on this page, and in the list where that is known. */
  shown: number;
  pageSize: number;
  total?: number | null | undefined;
}

/** Leads to the pages before and after, and says where one is. */
export const Pages: FC<Props> = ({ path, query, nextCursor, shown, pageSize, total }) => {
  const before = trailOf(query);
  const to = (cursor: string | undefined, trail: readonly string[]) =>
    link(path, { ...query, cursor, trail: trail.slice(-MAX_TRAIL).join(BETWEEN) });
  const here = query.cursor === undefined ? before : [...before, query.cursor];
  const isWhole = before.length < MAX_TRAIL;
  return (
    <nav class="pages" aria-label="Pages">
      {isWhole && shown > 0 && (
        <span class="soft">{rangeOf(here.length * pageSize, shown, total, nextCursor)}</span>
      )}
      {query.cursor !== undefined && <a href={to(undefined, [])}>First page</a>}
      {query.cursor !== undefined && (
        <a rel="prev" href={to(before.at(-1), before.slice(0, -1))}>
          Previous page
        </a>
      )}
      {nextCursor !== null && (
        <a rel="next" href={to(nextCursor, here)}>
          Next page <Icon name="chevron" />
        </a>
      )}
    </nav>
  );
};

function trailOf({ trail = "" }: Place): string[] {
  return trail.split(BETWEEN).filter(Boolean);
}

function rangeOf(
  before: number,
  shown: number,
  total: number | null | undefined,
  next: string | null,
): string {
  const known = total ?? (next === null ? before + shown : null);
  const last = NUMBER.format(before + shown);
  const range = shown === 1 ? last : `${NUMBER.format(before + 1)}–${last}`;
  return known === null ? range : `${range} of ${NUMBER.format(known)}`;
}
