import type { FC } from "hono/jsx";
import type { Page } from "../../api-types/common.ts";
import type { Key } from "../../api-types/keys.ts";
import { Icon } from "../parts/icons.tsx";
import type { ListQuery } from "../parts/key-query.ts";
import { OwnedKeys } from "../parts/owned-keys.tsx";
import { PageHeader } from "../parts/ui.tsx";
import { AUDIT, link, SERVICE_USERS } from "../paths.ts";

interface Props {
  owner: Key["owner"];
  keys: Page<Key>;
  sort: ListQuery["sort"];
}

/** The page of a deleted service user, to which its remaining keys lead. */
export const DeletedServiceUser: FC<Props> = ({ owner, keys, sort }) => (
  <>
    <PageHeader
      back={{ label: "Service users", href: SERVICE_USERS }}
      title={
        <>
          {owner.name} <span class="badge inactive">Deleted</span>
        </>
      }
    >
      <a role="button" class="secondary outline" href={link(AUDIT, { target: owner.id })}>
        <Icon name="list" /> What happened to it
      </a>
    </PageHeader>
    <p class="lead">This service user was deleted. Its keys are revoked and stay on record.</p>
    <OwnedKeys owner={owner} keys={keys} sort={sort} />
  </>
);
