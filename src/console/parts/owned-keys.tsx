import type { FC } from "hono/jsx";
import type { Page } from "../../api-types/common.ts";
import type { Key } from "../../api-types/keys.ts";
import { ALL_KEYS, link, ownerPage } from "../paths.ts";
import { Icon } from "./icons.tsx";
import { KeyList } from "./key-list.tsx";
import type { ListQuery } from "./key-query.ts";

interface Props {
  owner: { readonly id: string; readonly kind: "user" | "service"; readonly name: string };
  /** The first of the owner's keys; the list of all keys has the others. */
  keys: Page<Key>;
  /** The order in which they were asked for. */
  sort: ListQuery["sort"];
}

/** The keys of one owner, on the owner's page. */
export const OwnedKeys: FC<Props> = ({ owner, keys, sort }) => {
  const isAll = keys.pagination.nextCursor === null;
  return (
    <KeyList
      path={ownerPage(owner)}
      query={{ status: "all", q: "", vault: "", sort }}
      keys={keys}
      whose={{ name: owner.name }}
      elsewhere={
        isAll ? null : (
          <nav class="pages" aria-label="Keys">
            <span class="soft">
              {sort === undefined ? "The newest" : "The first"} {keys.data.length}
            </span>
            <a href={link(ALL_KEYS, { owner: owner.id, status: "all", sort })}>
              All keys of {owner.name} <Icon name="chevron" />
            </a>
          </nav>
        )
      }
    />
  );
};
