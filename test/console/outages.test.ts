import { afterEach, expect, test } from "vitest";
import {
  consoleClient,
  headingOf,
  signIn,
  startSignIn,
  type ConsoleClient,
} from "../support/console-client.ts";
import { startPortcullis, type Portcullis, type PortcullisOptions } from "../support/portcullis.ts";

/** What people are told when something behind the console does not work. */

const KEYS = "/-/console/keys";

let portcullis: Portcullis;
afterEach(() => portcullis.stop());

async function start(options: PortcullisOptions = {}): Promise<ConsoleClient> {
  portcullis = await startPortcullis(options);
  return consoleClient(portcullis.edges[0] ?? "");
}

test("an organisation that does not answer: a page that names the request, and no more", async () => {
  const client = await start({ faults: { organization: "BrokenOrganization" } });
  await signIn(client, portcullis.issuer);
  const answer = await client.get(KEYS);
  const page = await answer.text();
  expect(answer.status).toBe(500);
  expect(page).toContain("Something went wrong");
  expect(page).toMatch(/Request <code>[\da-f-]{36}<\/code>/);
  expect(page).not.toMatch(/TypeError|BrokenOrganization|\.ts:/);
});

test("an organisation of another version: when to try again", async () => {
  // A guard knows none of an organisation's methods.
  const client = await start({ faults: { organization: "BrokenGuard" } });
  await signIn(client, portcullis.issuer);
  const answer = await client.get(KEYS);
  expect([answer.status, answer.headers.get("Retry-After")]).toEqual([503, "1"]);
  expect(await answer.text()).toContain("Try again in a moment.");
});

test("an identity provider whose keys cannot be had: when to try again", async () => {
  portcullis = await startPortcullis({ edges: 2 });
  const { issuer, edges } = portcullis;
  // An isolate that has verified no token yet.
  const client = consoleClient(edges[1] ?? "");
  await signIn(client, issuer);
  issuer.setDown("everything");
  const answer = await client.get(KEYS);
  expect([answer.status, answer.headers.get("Retry-After")]).toEqual([503, "1"]);
  expect(await headingOf(answer)).toBe("The identity provider cannot be reached");
});

test("a provider that is down is not asked by everybody who wants to sign in", async () => {
  const client = await start();
  const { issuer } = portcullis;
  issuer.setDown("everything");
  const before = issuer.discoveries;
  for (let i = 0; i < 5; i++) expect((await client.get("/-/console/sign-in/start")).status).toBe(503);
  expect(issuer.discoveries).toBe(before + 1);
});

test("a deployment's object that does not answer: nobody signs in, and a page says so", async () => {
  const client = await start({ faults: { deployment: "BrokenDeployment" } });
  const answer = await client.get("/-/console/sign-in/start");
  expect([answer.status, answer.headers.get("Retry-After")]).toEqual([503, "1"]);
  expect(await headingOf(answer)).not.toBe("Something went wrong");
});

test("somebody who was deactivated has no access, and can sign out", async () => {
  const client = await start();
  await signIn(client, portcullis.issuer, { access: { sub: "bob", name: "Bob" } });
  expect((await client.get(KEYS)).status).toBe(200);
  const { token } = await (
    await portcullis.manage("POST", "/-/organization/scim-token")
  ).json<{
    token: string;
  }>();
  const user = {
    schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"],
    userName: "bob",
    active: false,
  };
  const created = await portcullis.call("POST", "/-/scim/v2/Users", { as: token, body: user });
  expect(created.status).toBe(201);

  const answer = await client.get(KEYS);
  const page = await answer.text();
  expect(answer.status).toBe(403);
  expect(page).toContain("You have no access");
  const [, csrf = ""] = /name="csrf" value="([^"]+)"/.exec(page) ?? [];
  expect((await client.post("/-/console/sign-out", { csrf })).status).toBe(200);
  expect((await startSignIn(client)).state).not.toBe("");
});
