import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { sharedBrowser, visit, type Visitor } from "../../support/browser.ts";
import { consoleClient, headingOf, signIn, type ConsoleClient } from "../../support/console-client.ts";
import { startPortcullis, type Portcullis } from "../../support/portcullis.ts";
import { expectReadable } from "../../support/readable.ts";
import { setOutage } from "../../support/operators.ts";

/** Pages whose control API does not work. */

const PAGES = [
  "/-/console/keys",
  "/-/console/keys/key_3fA9xKq20LmZ",
  "/-/console/all-keys",
  "/-/console/service-users",
  "/-/console/service-users/svc_0",
  "/-/console/service-users/svc_0/edit",
  "/-/console/service-users/svc_0/delete",
  "/-/console/usage",
  "/-/console/audit",
  "/-/console/audit/download",
  "/-/console/organization",
  "/-/console/organization/webhook",
  "/-/console/account",
];

describe("an organisation that does not answer", () => {
  let portcullis: Portcullis;
  let visitor: Visitor;
  beforeAll(async () => {
    portcullis = await startPortcullis({ faults: { organization: "BrokenOrganization" } });
    const [origin = ""] = portcullis.edges;
    const client = consoleClient(origin);
    await signIn(client, portcullis.issuer);
    visitor = await visit(await sharedBrowser(), { baseURL: origin });
    await visitor.page
      .context()
      .addCookies([...client.cookies].map(([name, value]) => ({ name, value, url: origin })));
  });
  afterAll(async () => {
    await visitor.close();
    await portcullis.stop();
  });
  afterEach(() => expect(visitor.takeProblems()).toEqual([]));

  test.each(PAGES)("%s says so, names the request, and lets one try again", async (path) => {
    const { page } = visitor;
    const answer = await page.goto(path);
    expect(answer?.status()).toBe(500);
    await page.getByRole("heading", { name: "Something went wrong" }).waitFor();
    expect(await page.locator("main").innerText()).toMatch(/Request [\da-f-]{36}/);
    expect(await page.content()).not.toMatch(/TypeError|BrokenOrganization|\.ts:/);
    expect(await page.getByRole("button", { name: "Try again" }).getAttribute("href")).toBe(path);
    await expectReadable(visitor);
  });
});

describe("guards that cannot be reached", () => {
  let portcullis: Portcullis;
  let client: ConsoleClient;
  beforeAll(async () => {
    portcullis = await startPortcullis({ faults: { guard: "FlakyGuard" } });
    client = consoleClient(portcullis.edges[0] ?? "");
    await signIn(client, portcullis.issuer);
  });
  afterAll(() => portcullis.stop());

  test.each(["deactivate", "delete"])("%s says that it is done, and when it is in force", async (end) => {
    const user = await portcullis.manage("POST", "/-/service-users", {
      name: "Reporter",
      vaultRoles: { vault_1: ["developer"] },
    });
    const { id } = (await user.json()) as { id: string };
    await portcullis.createKey({ ownerId: id, vaults: ["vault_1"] });
    const path = `/-/console/service-users/${id}/${end}`;
    const page = await (await client.get(path)).text();
    const [, csrf = ""] = /name="csrf" value="([^"]+)"/.exec(page) ?? [];

    await setOutage(portcullis, "org_test", "guard unreachable");
    const unconfirmed = await client.post(path, { csrf });
    expect([unconfirmed.status, unconfirmed.headers.get("Retry-After")]).toEqual([503, "1"]);
    expect(await headingOf(unconfirmed)).toBe("Done, but not confirmed everywhere yet");
    await setOutage(portcullis, "org_test", null);
    expect((await client.post(path, { csrf })).status).toBe(303);
  });
});
