import type { Hono } from "hono";
import type { Child, FC } from "hono/jsx";
import { z } from "zod";
import type { Me } from "../../api-types/me.ts";
import { developerVaults } from "../../core/organization/organization.ts";
import type { ConsoleEnv } from "../context.ts";
import { Facts, PageHeader } from "../parts/ui.tsx";
import { Form } from "../parts/form.tsx";
import { Many } from "../parts/many.tsx";
import { pageForMe } from "../parts/page-for-me.tsx";
import { Role } from "../parts/role.tsx";
import { ThemeChoice } from "../parts/theme-choice.tsx";
import { Moment } from "../parts/time.tsx";
import { ACCOUNT, CONSOLE, startUrl } from "../paths.ts";
import { untilOf, type Session } from "../session/session.ts";
import { themeOf } from "../theme.ts";

/** `/account`: who one is here, and how one has signed in. */
export function addAccount(app: Hono<ConsoleEnv>): void {
  app.get("/account", (c) => {
    const session = c.get("session");
    return pageForMe(c, "Account", "account", (me) => (
      <>
        <PageHeader title="Account">
          <Form action={`${CONSOLE}/sign-out`} csrf={session.csrf}>
            <button class="secondary outline">Sign out</button>
          </Form>
        </PageHeader>
        <div class="columns">
          <section class="card">
            <h2>You</h2>
            <Facts rows={personOf(me)} />
          </section>
          <section class="card">
            <h2>This session</h2>
            <SessionFacts session={session} />
          </section>
        </div>
        <section class="card">
          <h2>Theme</h2>
          <ThemeChoice theme={themeOf(c)} path={ACCOUNT} labelled />
        </section>
      </>
    ));
  });
}

function personOf(me: Me): (readonly [string, Child])[] {
  const vaults = developerVaults(me.vaultRoles);
  const roles = [...me.roles, ...(vaults === "*" ? ["*"] : vaults).map((vault) => `${vault}:developer`)];
  return [
    ["Name", me.name],
    ["Email", me.email ?? <span class="soft">Not known</span>],
    ["Id", <code>{me.id}</code>],
    ["Organisation", <code>{me.orgId}</code>],
    [
      "Roles",
      roles.length === 0 ? (
        <span class="soft">None</span>
      ) : (
        <Many
          items={roles.map((role) => (
            <Role role={role} />
          ))}
        />
      ),
    ],
  ];
}

/** What the provider says of the sign-in (OpenID Connect Core section 2). */
const SignIn = z.object({
  amr: z.union([z.array(z.string()), z.string().transform((method) => [method])]).catch([]),
  auth_time: z.number().optional().catch(undefined),
});

/** Without a refresh token nothing follows the tokens that there are. */
function endOf(session: Session): number {
  return session.refreshToken === null ? session.expiresAt : untilOf(session);
}

const SessionFacts: FC<{ session: Session }> = ({ session }) => {
  const { amr, auth_time: at } = SignIn.parse(session.signIn);
  const signedInAt = new Date(at === undefined ? session.signedInAt : at * 1000).toISOString();
  return (
    <>
      <Facts
        rows={[
          ["Signed in", <Moment time={signedInAt} otherwise="" />],
          [
            "Second factor",
            amr.includes("mfa") ? (
              <Moment time={signedInAt} otherwise="" />
            ) : (
              <span class="soft">Not reported by your provider</span>
            ),
          ],
          [
            "Ends",
            <>
              <Moment time={new Date(endOf(session)).toISOString()} otherwise="" />
              {session.refreshToken !== null && " at the latest"}
            </>,
          ],
        ]}
      />
      <p class="note">
        Creating and rotating keys takes a second factor that is at most five minutes old. You are asked for
        it when it is needed, or <a href={startUrl(ACCOUNT, "factor")}>sign in with one now</a>.
      </p>
      <p class="note">
        How to call the API with a key: <a href="/-/docs">for integrators</a>.
      </p>
    </>
  );
};
