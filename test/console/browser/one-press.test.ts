import { afterAll, beforeAll, test } from "vitest";
import type { ControlClient } from "../../../src/demo/control-client.ts";
import type { Page } from "../../support/browser.ts";
import { pickPerson, startConsole, type ConsoleProduct } from "../../support/console.ts";
import { visitorsOf } from "../../support/console-visitors.ts";

/** Forms that take a second factor: one press, the factor, and it is done. */

let product: ConsoleProduct;
let alice: ControlClient;
const { signIn } = visitorsOf(() => product);
beforeAll(async () => {
  product = await startConsole({ MAX_KEYS_PER_OWNER: "1000" });
  alice = await product.control("alice");
});
afterAll(() => product.stop());

async function created(path: string, body: object): Promise<string> {
  return ((await alice("POST", path, body)).body as { id: string }).id;
}
const newKey = () =>
  created("/-/api-keys", { name: "One press", scopes: ["vault:read"], vaults: ["vault_3f8a2c1d9b"] });
const newServiceUser = () =>
  created("/-/service-users", { name: "One press", vaultRoles: { vault_3f8a2c1d9b: ["developer"] } });

interface Case {
  /** Makes what the form is about; the form's path. */
  readonly path: () => Promise<string> | string;
  readonly fillIn?: (page: Page) => Promise<void>;
  readonly press: string | RegExp;
  /** What the page says when it is done. */
  readonly done: RegExp;
}

const FORMS: Record<string, Case> = {
  "the SCIM token": {
    path: () => "/organization/scim-token",
    press: /^(Create|Replace) the token$/,
    done: /Store the SCIM token now/,
  },
  "the signing key": {
    path: () => "/organization/signing-key",
    press: "Publish the next signing key",
    done: /next signing key is published/,
  },
  "the webhook's secret": {
    async path() {
      await alice("PUT", "/-/organization/webhook", { url: "https://hooks.example.com/" });
      return "/organization/webhook/rotate-secret";
    },
    press: "Make a new secret",
    done: /Store the signing secret now/,
  },
  "activating a service user": {
    async path() {
      const id = await newServiceUser();
      await alice("PATCH", `/-/service-users/${id}`, { active: false });
      return `/service-users/${id}/activate`;
    },
    press: "Activate",
    done: /Deactivate/,
  },
  "other vaults of a service user, after the review of what its key loses": {
    async path() {
      const id = await newServiceUser();
      const key = { name: "Its key", scopes: ["vault:read"], vaults: ["vault_3f8a2c1d9b"], ownerId: id };
      await alice("POST", "/-/api-keys", key);
      return `/service-users/${id}/edit`;
    },
    async fillIn(page) {
      await page.getByLabel("Vault ids").fill("vault_b27e90c4d1");
      await page.getByRole("button", { name: "Save" }).click();
    },
    press: "Save and narrow the keys",
    done: /vault_b27e90c4d1/,
  },
  "a key that is opened further": {
    path: async () => `/keys/${await newKey()}/edit`,
    async fillIn(page) {
      await page.getByLabel("Every vault").check();
      await page.getByRole("button", { name: "Review the change" }).click();
    },
    press: "Save the change",
    done: /The change is saved/,
  },
};

test.each(Object.entries(FORMS))("%s", async (_, { path, fillIn, press, done }) => {
  const visitor = await signIn("alice");
  const { page } = visitor;
  await page.goto(`/-/console${await path()}`);
  await fillIn?.(page);
  await page.getByRole("button", { name: press, exact: true }).click();
  await pickPerson(visitor, "alice");
  await page.getByRole("main").filter({ hasText: done }).waitFor();
});

test("a second factor that is still fresh at the provider is not asked for again", async () => {
  const visitor = await signIn("alice");
  const { page } = visitor;
  await page.goto("/-/console/organization/scim-token");
  await page.getByRole("button", { name: /^(Create|Replace) the token$/ }).click();
  await pickPerson(visitor, "alice");
  await page.getByText("Store the SCIM token now").waitFor();
  await page.context().clearCookies({ name: "portcullis-session" });
  await page.goto("/-/console/sign-in/start?step_up=1");
  await page.waitForURL("**/-/console/keys");
});
