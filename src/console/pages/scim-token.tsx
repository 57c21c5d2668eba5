import type { Hono } from "hono";
import type { FC } from "hono/jsx";
import { isRefusal } from "../../core/refusal.ts";
import type { Credentials, ScimToken } from "../../api-types/organization.ts";
import type { ConsoleEnv } from "../context.ts";
import { Facts } from "../parts/ui.tsx";
import { confirmPage } from "../parts/confirm.tsx";
import { Made } from "../parts/made.tsx";
import { Moment } from "../parts/time.tsx";
import { refusalPage } from "./error-pages.tsx";
import { ORGANIZATION_BACK } from "./organization.tsx";
import { secretPage } from "./secret.tsx";

/** `/organization/scim-token`: gives the identity provider's SCIM client its token, for admins. */
export function addScimToken(app: Hono<ConsoleEnv>): void {
  app.get("/organization/scim-token", async (c) => {
    const credentials = await c.get("api").get<Credentials>("/-/organization/credentials");
    if (isRefusal(credentials)) return refusalPage(c, credentials);
    const { scimToken } = credentials;
    return confirmPage(c, "organization", {
      title: scimToken === null ? "Create a SCIM token?" : "Replace the SCIM token?",
      action: scimToken === null ? "Create the token" : "Replace the token",
      danger: scimToken !== null,
      text: (
        <>
          <p>It lets your identity provider add, change and deactivate people here.</p>
          {scimToken !== null && <EndsNow token={scimToken} />}
        </>
      ),
      back: ORGANIZATION_BACK,
    });
  });

  app.post("/organization/scim-token", async (c) => {
    const created = await c.get("api").change<ScimToken>("POST", "/-/organization/scim-token");
    if (isRefusal(created)) return refusalPage(c, created);
    return secretPage(c, {
      title: "Store the SCIM token now",
      what: "Give it to your identity provider as the bearer token of its SCIM client.",
      secret: created.token,
      file: "portcullis-scim-token.txt",
      onward: ORGANIZATION_BACK.href,
    });
  });
}

/** What making a new token ends. */
const EndsNow: FC<{ token: NonNullable<Credentials["scimToken"]> }> = ({ token: { made, lastUsedAt } }) => (
  <>
    <p>
      <b>The current token stops working at once.</b> Until your identity provider has the new one, it cannot
      change anything here, and people who leave are not cut off.
    </p>
    <Facts
      rows={[
        ["Token", <Made made={made} />],
        ["Last used", <Moment time={lastUsedAt} otherwise="Never" />],
      ]}
    />
  </>
);
