import type { FC } from "hono/jsx";
import type { Key } from "../../api-types/keys.ts";
import type { Person } from "../../api-types/people.ts";
import { ADMIN } from "../../core/organization/organization.ts";
import { isRefusal } from "../../core/refusal.ts";
import type { ConsoleContext } from "../context.ts";
import { ownerPage } from "../paths.ts";

/** Somebody who has done something; the name is `null` where only the id is known. */
export interface Named {
  readonly id: string;
  readonly name: string | null;
  /** Their page, for those who may see it. */
  readonly href: string | null;
}

/** Authors that are nobody of the organisation. */
const OTHERS: Readonly<Record<string, string>> = { portcullis: "Portcullis", scim: "SCIM" };

/** Who somebody is that a key names by id: its owner, oneself, or for admins anybody. */
export async function namedBy(c: ConsoleContext, id: string, { owner }: Pick<Key, "owner">): Promise<Named> {
  if (Object.hasOwn(OTHERS, id)) return { id, name: OTHERS[id] ?? null, href: null };
  const me = await c.get("me");
  if (isRefusal(me)) return { id, name: null, href: null };
  const isAdmin = me.roles.includes(ADMIN);
  const known = [me, owner].find((each) => each.id === id);
  const href = isAdmin ? ownerPage(known === owner ? owner : { id, kind: "user" }) : null;
  if (known !== undefined) return { id, name: known.name, href };
  if (!isAdmin) return { id, name: null, href: null };
  const person = await c.get("api").get<Person>(`/-/people/${encodeURIComponent(id)}`);
  return isRefusal(person) ? { id, name: null, href: null } : { id, name: person.name, href };
}

export const NamedPerson: FC<{ who: Named }> = ({ who: { id, name, href } }) => {
  if (name === null) return <code>{id}</code>;
  return href === null ? <>{name}</> : <a href={href}>{name}</a>;
};
