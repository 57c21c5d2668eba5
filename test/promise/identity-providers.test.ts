import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { fieldsOf, newForm } from "../../src/console/key-form/values.ts";
import { consoleClient, csrfOf, headingOf, type ConsoleClient } from "../support/console-client.ts";
import { refusalOf } from "../support/control.ts";
import { freshAddress, startPortcullis, type Portcullis } from "../support/portcullis.ts";
import { DIALECTS } from "../support/providers/dialects.ts";
import type { Dialect, Person } from "../support/providers/dialect.ts";
import { startStandIn, type StandIn } from "../support/providers/stand-in.ts";

/** What holds with every provider, by the settings that its recipe gives: sign-in, roles, second factor, sign-out. */

const KEYS = "/-/console/keys";
const person = (name: string, ...groups: string[]): Person => ({
  id: `0000-${name}`,
  login: `${name}@acme.example`,
  name,
  groups,
});
const ALICE = person("alice", "custody-admins", "custody-developers");
const BOB = person("bob", "custody-developers");
const OLGA = person("olga", "custody-operators");
const NOBODY = person("nobody", "other");

const FORM = {
  ...Object.fromEntries(fieldsOf({ ...newForm("", "*", "vault"), name: "Made", vaultChoice: "all" })),
  do: "save",
};

let portcullis: Portcullis;
let standIns: readonly StandIn[];
beforeAll(async () => {
  standIns = await Promise.all(DIALECTS.map((dialect) => startStandIn(dialect)));
  // Each provider has an edge of its own, with its settings; the first edge is that of the common issuer.
  const edges = DIALECTS.map((dialect, i) => ({
    vars: { ...dialect.settings((standIns[i] as StandIn).url) },
  }));
  portcullis = await startPortcullis({ edges: [{}, ...edges] });
});
afterAll(async () => {
  await portcullis.stop();
  await Promise.all(standIns.map((standIn) => standIn.close()));
});

/** One provider in front of the product. */
function settingOf(dialect: Dialect) {
  const edge = DIALECTS.indexOf(dialect) + 1;
  const standIn = () => standIns[edge - 1] as StandIn;
  const browser = () => consoleClient(portcullis.edges[edge] ?? "");

  /** Signs in by the browser, as the provider has it; the console's answer. */
  const signIn = async (client: ConsoleClient, who: Person, query = ""): Promise<Response> => {
    standIn().signsIn(who);
    const start = await client.get(`/-/console/sign-in/start${query}`);
    const atProvider = await fetch(start.headers.get("Location") ?? "", { redirect: "manual" });
    const back = new URL(atProvider.headers.get("Location") ?? "");
    return client.get(back.pathname + back.search);
  };
  const call = (method: string, path: string, token: string, body?: unknown): Promise<Response> =>
    portcullis.call(method, path, { as: token, body, edge, from: freshAddress() });
  /** An access token of somebody, as the console would get it. */
  const tokenOf = async (who: Person): Promise<string> => {
    await signIn(browser(), who);
    return standIn().accessToken;
  };
  return { standIn, browser, signIn, call, tokenOf };
}

const USABLE = DIALECTS.filter(({ expected }) => expected !== null);

/** What a challenge for a second factor names (RFC 9470): what the provider is asked for, or what counts. */
const CHALLENGES: Readonly<Record<string, string>> = {
  "Entra ID": "c1",
  "Entra ID for every tenant": "c1",
  Okta: "urn:okta:loa:2fa:any",
  Keycloak: "gold",
  Cognito: "mfa",
  PingOne: "Multi_Factor",
};
const PAPE = "http://schemas.openid.net/pape/policies/2007/06/multi-factor";

describe.each(USABLE.map((dialect) => [dialect.name, dialect] as const))("with %s", (_, dialect) => {
  const { standIn, browser, signIn, call, tokenOf } = settingOf(dialect);
  const { orgId, id, secondFactor, operators } = dialect.expected as NonNullable<Dialect["expected"]>;
  let client: ConsoleClient;
  beforeEach(async () => {
    await call("POST", "/-/organization/bootstrap", await tokenOf(ALICE));
    client = browser();
  });

  const createKey = async (): Promise<Response> => {
    const csrf = await csrfOf(await client.get(KEYS));
    return client.post(`${KEYS}/new`, { ...FORM, csrf, attempt: crypto.randomUUID() });
  };

  test("people sign in to the console, and see its pages", async () => {
    const answer = await signIn(client, ALICE);
    expect([answer.status, answer.headers.get("Location")]).toEqual([303, KEYS]);
    expect((await client.get(KEYS)).status).toBe(200);
    expect(standIn().complaints).toEqual([]);
  });

  test("people are who they are in their organisation, with the roles of their groups", async () => {
    const me = async (who: Person): Promise<unknown> =>
      (await call("GET", "/-/me", await tokenOf(who))).json();
    const everywhere = { "*": ["developer"] };
    expect(await me(ALICE)).toMatchObject({
      id: id(ALICE),
      orgId,
      roles: ["admin"],
      vaultRoles: everywhere,
      operator: false,
    });
    expect(await me(BOB)).toMatchObject({
      id: id(BOB),
      orgId,
      roles: [],
      vaultRoles: everywhere,
      operator: false,
    });
    expect(await me(OLGA)).toMatchObject({
      id: id(OLGA),
      orgId,
      roles: [],
      vaultRoles: {},
      operator: operators,
    });
    expect(await me(NOBODY)).toMatchObject({
      id: id(NOBODY),
      orgId,
      roles: [],
      vaultRoles: {},
      operator: false,
    });
  });

  test("admins manage the organisation, and nobody else does", async () => {
    const statusFor = async (who: Person): Promise<number> =>
      (await call("GET", "/-/api-keys?owner=*", await tokenOf(who))).status;
    expect([await statusFor(ALICE), await statusFor(BOB), await statusFor(OLGA)]).toEqual([200, 403, 403]);
  });

  test("a key is refused without a fresh second factor, by the API and in the console", async () => {
    const body = { name: "Refused", scopes: ["vault:read"], vaults: "*" };
    const answer = await call("POST", "/-/api-keys", await tokenOf(BOB), body);
    expect(await refusalOf(answer)).toEqual([401, "mfa_required"]);
    const [, named] = /acr_values="([^"]*)"/.exec(answer.headers.get("WWW-Authenticate") ?? "") ?? [];
    expect(named).toBe(CHALLENGES[dialect.name] ?? PAPE);
    await signIn(client, BOB);
    const page = await createKey();
    expect([page.status, await headingOf(page)]).toEqual([401, "Confirm that it is you"]);
  });

  test("a second factor is asked for in the provider's own terms, and then a key is made", async () => {
    const outcome = async () => {
      const page = await createKey();
      return [page.status, await headingOf(page)];
    };
    const answer = await signIn(client, BOB, "?step_up=1");
    expect([answer.status, standIn().complaints]).toEqual([303, []]);
    if (secondFactor)
      return expect(await outcome()).toEqual([200, expect.stringContaining("Store the key now")]);
    expect(await outcome()).toEqual([401, "Confirm that it is you"]);
    await signIn(client, BOB, "?step_up=2");
    expect(await outcome()).toEqual([401, "No second factor"]);
  });

  test("an ID token is no access token", async () => {
    await signIn(client, ALICE, "?step_up=1");
    expect((await call("GET", "/-/me", standIn().accessToken)).status).toBe(200);
    expect((await call("GET", "/-/me", standIn().idToken)).status).toBe(401);
  });

  test("operators run the deployment, and nobody else does", async () => {
    const statusFor = async (who: Person): Promise<number> =>
      (await call("GET", "/-/ops/revocations", await tokenOf(who))).status;
    expect([await statusFor(OLGA), await statusFor(ALICE)]).toEqual([operators ? 200 : 403, 403]);
  });

  test("signing out ends the session here, and at the provider where it has a place for that", async () => {
    await signIn(client, ALICE);
    await expectSignOut(client, dialect);
    expect((await client.get(KEYS)).headers.get("Location")).toMatch(/^\/-\/console\/sign-in\?/);
  });
});

/** Signs out as a browser does, through the provider and back. */
async function expectSignOut(client: ConsoleClient, { paths }: Dialect): Promise<void> {
  const csrf = await csrfOf(await client.get(KEYS));
  const answer = await client.post("/-/console/sign-out", { csrf });
  expect(client.cookies.size).toBe(0);
  if (paths.signOut === null) {
    const page = await client.get(answer.headers.get("Location") ?? "");
    expect(await page.text()).toContain("You may still be signed in at 127.0.0.1");
    return;
  }
  const [, url = ""] = /content="0; url=([^"]+)"/.exec((await answer.text()).replaceAll("&amp;", "&")) ?? [];
  const atProvider = await fetch(url, { redirect: "manual" });
  expect([atProvider.status, new URL(atProvider.headers.get("Location") ?? "").pathname]).toEqual([
    302,
    "/-/console/signed-out",
  ]);
  expect(await (await client.get("/-/console/signed-out")).text()).not.toContain("may still be signed in");
}

describe("with Google, whose access tokens are opaque", () => {
  const dialect = DIALECTS.find(({ expected }) => expected === null) as Dialect;
  const { browser, signIn, call, standIn } = settingOf(dialect);

  test("nobody gets in, which the console says, and the log says why", async () => {
    const client = browser();
    expect((await signIn(client, ALICE)).status).toBe(303);
    const page = await client.get(KEYS);
    expect([page.status, await headingOf(page)]).toEqual([401, "Your sign-in is not accepted here"]);
    expect(portcullis.logs.join("\n")).toContain('"reason":"opaque token: not a JWT"');
  });

  test("an ID token in place of the access token is refused", async () => {
    await signIn(browser(), ALICE);
    expect((await call("GET", "/-/me", standIn().idToken)).status).toBe(401);
  });
});
