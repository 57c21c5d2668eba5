import type { Hono } from "hono";
import type { Child } from "hono/jsx";
import { isRefusal } from "../../core/refusal.ts";
import type { Page } from "../../api-types/common.ts";
import type { Key } from "../../api-types/keys.ts";
import type { ServiceUser, ServiceUserImpact } from "../../api-types/service-users.ts";
import type { ApiResult } from "../api.ts";
import type { ConsoleContext, ConsoleEnv } from "../context.ts";
import { counted } from "../parts/wording.ts";
import { confirmPage } from "../parts/confirm.tsx";
import { link, SERVICE_USERS } from "../paths.ts";
import { refusalPage, unconfirmedPage } from "./error-pages.tsx";
import { apiPath, doneAt } from "./service-user-form.tsx";
import type { ServiceUserDone } from "./service-users.tsx";

/** `/service-users/<id>/deactivate`, `/activate` and `/delete`: each asks, and then does it. */
export function addServiceUserEnds(app: Hono<ConsoleEnv>): void {
  add(app, "deactivate", {
    ask: ({ name }, keys) => ({
      title: `Deactivate ${name}?`,
      action: "Deactivate",
      text: (
        <>
          <p>{endOf(keys)} Revoking is final: activating the service user later brings no key back.</p>
          <p>The service user stays, with its name, its vaults and its record.</p>
        </>
      ),
    }),
    act: (c, id) => c.get("api").change("PATCH", apiPath(id), { active: false }),
    done: (id) => doneAt(id, "deactivated"),
  });
  add(app, "activate", {
    ask: ({ name }) => ({
      title: `Activate ${name}?`,
      action: "Activate",
      text: <p>It can have keys again. Those that were revoked stay revoked: make new ones.</p>,
    }),
    act: (c, id) => c.get("api").change("PATCH", apiPath(id), { active: true }),
    done: (id) => doneAt(id, "activated"),
  });
  add(app, "delete", {
    ask: ({ name }, keys) => ({
      title: `Delete ${name}?`,
      action: "Delete",
      text: (
        <p>
          {endOf(keys)} The service user is deleted for good. Its revoked keys and its audit events stay on
          record.
        </p>
      ),
    }),
    act: (c, id) => c.get("api").change("DELETE", apiPath(id)),
    done: () => link(SERVICE_USERS, { done: "deleted" satisfies ServiceUserDone }),
  });
}

interface End {
  readonly ask: (user: ServiceUser, keys: Keys) => { title: string; action: string; text: Child };
  readonly act: (c: ConsoleContext, id: string) => Promise<ApiResult<void>>;
  /** Where one goes on. */
  readonly done: (id: string) => string;
}

function add(
  app: Hono<ConsoleEnv>,
  name: "deactivate" | "activate" | "delete",
  { ask, act, done }: End,
): void {
  app.get(`/service-users/:id/${name}`, async (c) => {
    const id = c.req.param("id");
    const [user, page, impact] = await Promise.all([
      c.get("api").get<ServiceUser>(apiPath(id)),
      c.get("api").get<Page<Key>>("/-/api-keys", { owner: id }),
      c.get("api").change<ServiceUserImpact>("POST", `${apiPath(id)}/impact`, { vaultRoles: {} }),
    ]);
    if (isRefusal(user)) return refusalPage(c, user);
    if (isRefusal(page)) return refusalPage(c, page);
    const keys = { ...page, calls: isRefusal(impact) ? 0 : impact.calls };
    const back = { label: user.name, href: `${SERVICE_USERS}/${user.id}` };
    return confirmPage(c, "service-users", { ...ask(user, keys), danger: name !== "activate", back });
  });

  app.post(`/service-users/:id/${name}`, async (c) => {
    const answer = await act(c, c.req.param("id"));
    if (!isRefusal(answer)) return c.redirect(done(c.req.param("id")), 303);
    return answer.code === "admission_unavailable" ? unconfirmedPage(c, answer) : refusalPage(c, answer);
  });
}

/** The active keys of a service user, and how many calls they let through in the last day. */
interface Keys extends Page<Key> {
  readonly calls: number;
}

function endOf(keys: Keys): string {
  const calls =
    keys.calls === 0 ? "" : ` They let ${counted(keys.calls, "call")} through in the last 24 hours.`;
  return keysEnd(keys) + calls;
}

function keysEnd({ data, pagination }: Page<Key>): string {
  if (data.length === 0) return "It has no active key.";
  const count = `${data.length}${pagination.nextCursor === null ? "" : " or more"}`;
  return data.length === 1
    ? `Its one active key, “${data[0]?.name}”, is revoked at once, everywhere.`
    : `Its ${count} active keys are revoked at once, everywhere.`;
}
