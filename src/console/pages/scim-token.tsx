import type { Hono } from "hono";
import { ApiRefusal } from "../api.ts";
import type { ConsoleEnv } from "../context.ts";
import { confirmPage } from "../parts/confirm.tsx";
import { refusalPage } from "./messages.tsx";
import { ORGANIZATION_BACK } from "./organization.tsx";
import { secretPage } from "./secret.tsx";

/** `/organization/scim-token`: gives the identity provider's SCIM client its token, for admins. */
export function addScimToken(app: Hono<ConsoleEnv>): void {
  app.get("/organization/scim-token", (c) =>
    confirmPage(c, "organization", {
      title: "Create a SCIM token?",
      action: "Create the token",
      text: (
        <p>
          It lets your identity provider add, change and deactivate people here. There is one token at a time:
          the one before, if there is one, ends at once.
        </p>
      ),
      back: ORGANIZATION_BACK,
    }),
  );

  app.post("/organization/scim-token", async (c) => {
    const created = await c.get("api").change<{ token: string }>("POST", "/-/organization/scim-token");
    if (created instanceof ApiRefusal) return refusalPage(c, created);
    return secretPage(c, {
      title: "Store the SCIM token now",
      what: "Give it to your identity provider as the bearer token of its SCIM client.",
      secret: created.token,
      file: "portcullis-scim-token.txt",
      onward: ORGANIZATION_BACK.href,
    });
  });
}
