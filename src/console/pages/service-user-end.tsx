import type { Hono } from "hono";
import type { Child } from "hono/jsx";
import { isRefusal } from "../../core/refusal.ts";
import type { ServiceUser, ServiceUserImpact } from "../../api-types/service-users.ts";
import type { ApiResult } from "../api.ts";
import type { ConsoleContext, ConsoleEnv } from "../context.ts";
import { counted, NUMBER } from "../parts/wording.ts";
import { confirmPage } from "../parts/confirm.tsx";
import { link, SERVICE_USERS } from "../paths.ts";
import { refusalPage, unconfirmedPage } from "./error-pages.tsx";
import { apiPath, doneAt } from "./service-user-form.tsx";
import type { ServiceUserDone } from "./service-users.tsx";

/** `/service-users/<id>/deactivate`, `/activate` and `/delete`: each asks, and then does it. */
export function addServiceUserEnds(app: Hono<ConsoleEnv>): void {
  add(app, "deactivate", {
    ask: ({ name }, impact) => ({
      title: `Deactivate ${name}?`,
      action: "Deactivate",
      text: (
        <>
          <p>{endOf(impact)} Revoking is final: activating the service user later brings no key back.</p>
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
      text: <p>It can have keys again. Those that were revoked stay revoked: create new ones.</p>,
    }),
    act: (c, id) => c.get("api").change("PATCH", apiPath(id), { active: true }),
    done: (id) => doneAt(id, "activated"),
  });
  add(app, "delete", {
    ask: ({ name }, impact) => ({
      title: `Delete ${name}?`,
      action: "Delete",
      text: (
        <p>
          {endOf(impact)} The service user is deleted for good. Its revoked keys and its audit events stay on
          record.
        </p>
      ),
    }),
    act: (c, id) => c.get("api").change("DELETE", apiPath(id)),
    done: () => link(SERVICE_USERS, { done: "deleted" satisfies ServiceUserDone }),
  });
}

interface End {
  readonly ask: (
    user: ServiceUser,
    impact: ServiceUserImpact,
  ) => { title: string; action: string; text: Child };
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
    const [user, impact] = await Promise.all([
      c.get("api").get<ServiceUser>(apiPath(id)),
      c.get("api").change<ServiceUserImpact>("POST", `${apiPath(id)}/impact`, { vaultRoles: {} }),
    ]);
    if (isRefusal(user)) {
      // Its own page tells that it was deleted.
      const isGone = name === "delete" && user.code === "not_found";
      return isGone ? c.redirect(`${SERVICE_USERS}/${encodeURIComponent(id)}`, 303) : refusalPage(c, user);
    }
    if (isRefusal(impact)) return refusalPage(c, impact);
    const back = { label: user.name, href: `${SERVICE_USERS}/${user.id}` };
    return confirmPage(c, "service-users", { ...ask(user, impact), danger: name !== "activate", back });
  });

  app.post(`/service-users/:id/${name}`, async (c) => {
    const answer = await act(c, c.req.param("id"));
    // A deletion that was not confirmed is finished by itself, and may be sent again to check.
    const isGone = name === "delete" && isRefusal(answer) && answer.code === "not_found";
    if (isGone || !isRefusal(answer)) return c.redirect(done(c.req.param("id")), 303);
    return answer.code === "admission_unavailable" ? unconfirmedPage(c, answer) : refusalPage(c, answer);
  });
}

/** What becomes of the keys, disabled and expired ones included. */
function endOf({ keys, calls }: ServiceUserImpact): string {
  const [first, ...more] = keys;
  if (first === undefined) return "It has no key that could be revoked.";
  const which =
    more.length === 0 ? `Its one key, “${first.name}”, is` : `Its ${NUMBER.format(keys.length)} keys are`;
  const through = calls === 0 ? "no call" : counted(calls, "call");
  return `${which} revoked at once, everywhere. ${more.length === 0 ? "It" : "They"} let ${through} through in the last 24 hours.`;
}
