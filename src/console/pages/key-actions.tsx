import { isRefusal } from "../../core/refusal.ts";
import type { Impact } from "../../api-types/impact.ts";
import type { Key } from "../../api-types/keys.ts";
import type { Me } from "../../api-types/me.ts";
import type { ApiResult } from "../api.ts";
import type { ConsoleContext } from "../context.ts";
import { revokedPage } from "./key-error-pages.tsx";
import { refusalPage } from "./error-pages.tsx";

/** Runs an action with the key of the page's path and the person signed in; a revoked key allows none. */
export function withKey(
  c: ConsoleContext,
  page: (me: Me, key: Key) => Response | Promise<Response>,
): Promise<Response> {
  return withAnyKey(c, (me, key) => (key.status === "revoked" ? revokedPage(c, key.id) : page(me, key)));
}

/** The same, and a revoked key is the action's to judge. */
export async function withAnyKey(
  c: ConsoleContext,
  page: (me: Me, key: Key) => Response | Promise<Response>,
): Promise<Response> {
  const path = apiPath(c);
  const [me, key] = await Promise.all([c.get("me"), c.get("api").get<Key>(path)]);
  if (isRefusal(me)) return refusalPage(c, me);
  if (isRefusal(key)) return refusalPage(c, key);
  return page(me, key);
}

/** What ending the use of a key at this moment would have refused in the last day. */
export function impactOfEnding(c: ConsoleContext): Promise<ApiResult<Impact>> {
  return c.get("api").change<Impact>("POST", `${apiPath(c)}/impact`, { disabled: true });
}

/** The successor of a rotated key; absent where the viewer may not read it. */
export async function successorOf(c: ConsoleContext, { successorId }: Key): Promise<Key | null> {
  if (successorId === null) return null;
  const successor = await c.get("api").get<Key>(`/-/api-keys/${encodeURIComponent(successorId)}`);
  return isRefusal(successor) ? null : successor;
}

/** The control API's path of the key that the page is about. */
export function apiPath(c: ConsoleContext): string {
  return `/-/api-keys/${encodeURIComponent(c.req.param("id") ?? "")}`;
}
