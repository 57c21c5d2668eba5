import { hourOf } from "../../../src/core/usage/usage.ts";
import type { ControlClient } from "../../../src/demo/control-client.ts";
import type { Page } from "../../support/browser.ts";
import type { ConsoleProduct } from "../../support/console.ts";

/** Pages for admins as pictures, and what there is to see on them. */

type Steps = (page: Page, sample: { readonly userId: string }) => Promise<unknown>;

const open =
  (path: string): Steps =>
  (page, { userId }) =>
    page.goto(`/-/console${path.replace("{user}", userId)}`);

export const ADMIN_PAGES: Readonly<Record<string, Steps>> = {
  overview: open("/overview"),
  search: open("/search?q=settlement"),
  people: open("/people"),
  person: open("/people/bob"),
  "person-revoke": open("/people/bob/revoke-keys"),
  "all-keys": open("/all-keys?status=all"),
  "all-keys-of-one": open("/all-keys?owner={user}"),
  "service-users": open("/service-users"),
  "service-user": open("/service-users/{user}"),
  "service-user-new": open("/service-users/new"),
  "service-user-edit": open("/service-users/{user}/edit"),
  "service-user-wrong": async (page) => {
    await page.goto("/-/console/service-users/new");
    await page.getByLabel("Name").fill("Settlement");
    await page.getByLabel("Vault ids").fill("vault 1/2");
    await page.getByRole("button", { name: "Create service user" }).click();
    await page.getByRole("alert").waitFor();
  },
  "service-user-deactivate": open("/service-users/{user}/deactivate"),
  usage: open("/usage"),
  "usage-week": open("/usage?window=7d"),
  audit: open("/audit"),
  "audit-details": async (page) => {
    await page.goto("/-/console/audit?action=api_key.updated");
    await page.locator(".event summary").first().click();
  },
  organization: open("/organization"),
  "signing-key": open("/organization/signing-key"),
  "scim-token": async (page) => {
    await page.goto("/-/console/organization/scim-token");
    await page.getByRole("button", { name: /^(Create|Replace) the token$/ }).click();
    await page.getByLabel("The secret").waitFor();
  },
  webhook: async (page) => {
    await page.getByLabel("I have stored").check();
    await page.goto("/-/console/organization/webhook");
  },
  account: open("/account"),
};

/** Service users with keys, a webhook, and what somebody has tried who may not; the id of a service user. */
export async function makeAdminSample(product: ConsoleProduct, keyId: string): Promise<string> {
  const [alice, bob] = await Promise.all([product.control("alice"), product.control("bob")]);
  const notebook = { name: "Bob's notebook", scopes: ["vault:read"], vaults: ["vault_3f8a2c1d9b"] };
  await bob("POST", "/-/api-keys", notebook);
  await bob("POST", "/-/service-users", { name: "Not for Bob" });
  await bob("DELETE", `/-/api-keys/${keyId}`);
  // To where nobody answers.
  await alice("PUT", "/-/organization/webhook", { url: "http://127.0.0.1:9/hooks" });
  const userId = await makeServiceUsers(product, alice);
  await alice("POST", "/-/organization/webhook/test");
  return userId;
}

async function makeServiceUsers(product: ConsoleProduct, alice: ControlClient): Promise<string> {
  const create = async (name: string, changes: object): Promise<string> =>
    ((await alice("POST", "/-/service-users", { name, ...changes })).body as { id: string }).id;
  const userId = await create("Settlement engine", {
    description: "Reconciles balances with the core banking system.",
    vaultRoles: { vault_3f8a2c1d9b: ["developer"], vault_b27e90c4d1: ["developer"] },
  });
  await create("Reporting", { description: "Monthly statements", vaultRoles: { "*": ["developer"] } });
  await create("Old importer", { active: false });
  for (const name of ["Settlement, production", "Settlement, staging"]) {
    const key = { name, scopes: ["vault:read"], vaults: ["vault_3f8a2c1d9b"], expiresIn: "90d" };
    const { body } = await alice("POST", "/-/api-keys", { ...key, ownerId: userId });
    const { id } = body as { id: string };
    await product.recordUsage(id, { [hourOf(Date.now())]: { admitted: 512, limited: 0, refused: 0 } });
  }
  return userId;
}
