import { decodeProtectedHeader } from "jose";
import { describe, expect, test } from "vitest";
import {
  CLIENT,
  consoleClient,
  csrfOf,
  signIn,
  type Answers,
  type ConsoleClient,
} from "../support/console-client.ts";
import { startIssuer } from "../support/issuer.ts";

import { usePortcullis } from "../support/started.ts";

/** How sessions are renewed and ended. */

const KEYS = "/-/console/keys";
const SESSION = "portcullis-session";
const SIGN_IN = /^\/-\/console\/sign-in\?/;
const portcullis = await usePortcullis({ edges: 2 });

/** Somebody who has signed in. */
async function signedIn(answers?: Answers): Promise<ConsoleClient> {
  const client = consoleClient(portcullis.edges[0] ?? "");
  expect((await signIn(client, portcullis.issuer, answers)).status).toBe(303);
  return client;
}

/** Somebody with a copy of all cookies. */
function copyOf(client: ConsoleClient, edge = 0): ConsoleClient {
  const copy = consoleClient(portcullis.edges[edge] ?? "");
  for (const [name, value] of client.cookies) copy.cookies.set(name, value);
  return copy;
}

async function signOut(client: ConsoleClient): Promise<Response> {
  const csrf = await csrfOf(await client.get(KEYS));
  return client.post("/-/console/sign-out", { csrf });
}

/** The refresh tokens that were given back to the provider while this was done. */
async function revokedBy(act: () => Promise<unknown>): Promise<(string | null)[]> {
  const { revocations } = portcullis.issuer;
  const before = revocations.length;
  await act();
  return revocations.slice(before).map((form) => form.get("token"));
}

/** Somebody whose access token is to be renewed at once, and the refresh tokens that the provider is sent. */
async function toBeRenewed(renewal: (form: URLSearchParams) => object | Promise<object>) {
  const client = await signedIn({ body: { expires_in: 30, refresh_token: "the-refresh-token" } });
  const asked: (string | null)[] = [];
  portcullis.issuer.answerWith(async (form) => {
    asked.push(form.get("refresh_token"));
    const body = await renewal(form);
    const access_token = await portcullis.issuer.token({ sub: "renewed" });
    return { status: 200, body: { access_token, token_type: "Bearer", expires_in: 600, ...body } };
  });
  return { client, asked };
}

test("a session is renewed by one of the pages that are asked for at the same time", async () => {
  const { client, asked } = await toBeRenewed(() => ({ refresh_token: "the-next-one" }));
  const copies = Array.from({ length: 5 }, () => copyOf(client));
  const answers = await Promise.all(copies.map((copy) => copy.get(KEYS)));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
  expect(asked).toEqual(["the-refresh-token"]);
  // And every copy of the cookie goes on with the new ones.
  expect(await (await (copies[0] as ConsoleClient).get(KEYS)).text()).toContain("renewed");
});

test("a session is renewed by its newest refresh token, time and again", async () => {
  const { client, asked } = await toBeRenewed(() => ({
    expires_in: 30,
    refresh_token: `the-${asked.length}th-one`,
  }));
  for (let i = 0; i < 3; i++) expect((await client.get(KEYS)).status).toBe(200);
  expect(asked).toEqual(["the-refresh-token", "the-1th-one", "the-2th-one"]);
});

test("a session does not become somebody else's by being renewed", async () => {
  const { client } = await toBeRenewed(async () => ({
    id_token: await portcullis.issuer.token({ aud: CLIENT, sub: "mallory" }, { typ: "JWT" }),
    access_token: await portcullis.issuer.token({ sub: "mallory", name: "Mallory" }),
  }));
  for (let i = 0; i < 2; i++) expect(await (await client.get(KEYS)).text()).not.toContain("Mallory");
});

test("a session does not go on with an ID token that somebody else has signed", async () => {
  const other = await startIssuer();
  const { kid } = decodeProtectedHeader(await portcullis.issuer.token());
  const claims = { iss: portcullis.issuer.url, aud: CLIENT };
  const { client } = await toBeRenewed(async () => ({
    id_token: await other.token(claims, { typ: "JWT", kid }),
  }));
  for (let i = 0; i < 2; i++) expect(await (await client.get(KEYS)).text()).not.toContain("renewed");
  await other.close();
});

test("a session goes on with new tokens and their ID token, of the same person", async () => {
  const { client } = await toBeRenewed(async () => ({
    id_token: await portcullis.issuer.token({ aud: CLIENT }, { typ: "JWT" }),
  }));
  for (let i = 0; i < 2; i++) expect(await (await client.get(KEYS)).text()).toContain("renewed");
});

test("a session goes on as it was when the new tokens are larger than any provider's", async () => {
  const { client } = await toBeRenewed(() => ({ refresh_token: "x".repeat(1_300_000) }));
  const page = await client.get(KEYS);
  expect([page.status, (await page.text()).includes("renewed")]).toEqual([200, false]);
});

test("a session that was ended while new tokens were on their way stays ended, and they are given back", async () => {
  const asked = Promise.withResolvers<void>();
  const signedOut = Promise.withResolvers<void>();
  const { client } = await toBeRenewed(async () => {
    asked.resolve();
    await signedOut.promise;
    return { refresh_token: "too-late" };
  });
  const slow = copyOf(client);
  const answering = slow.get(KEYS);
  await asked.promise;
  const revoked = await revokedBy(async () => {
    expect((await signOut(client)).status).toBe(200);
    signedOut.resolve();
    const answer = await answering;
    expect(answer.headers.get("Location")).toMatch(SIGN_IN);
  });
  expect((await slow.get(KEYS)).headers.get("Location")).toMatch(SIGN_IN);
  expect(revoked).toEqual(["the-refresh-token", "too-late"]);
});

describe("signing out", () => {
  test("ends the session for whoever has a copy of its cookie, everywhere", async () => {
    const client = await signedIn();
    const copies = [copyOf(client), copyOf(client, 1)];
    for (const copy of copies) expect((await copy.get(KEYS)).status).toBe(200);
    await signOut(client);
    for (const copy of copies) {
      const answer = await copy.get(KEYS);
      expect([answer.status, copy.cookies.has(SESSION)]).toEqual([303, true]);
      expect(answer.headers.get("Location")).toMatch(SIGN_IN);
      // The cookie leads nowhere, and not in circles.
      expect((await copy.get("/-/console/sign-in")).status).toBe(200);
      expect((await copy.post(KEYS, { name: "a" })).status).toBe(401);
    }
  });

  test("takes the refresh token from whoever has a copy of it", async () => {
    const client = await signedIn({ body: { refresh_token: "a-refresh-token" } });
    expect(await revokedBy(() => signOut(client))).toEqual(["a-refresh-token"]);
    expect(portcullis.issuer.revocations.at(-1)?.get("client_id")).toBe(CLIENT);
  });

  test("asks the provider for nothing when there is no refresh token", async () => {
    const client = await signedIn();
    expect(await revokedBy(() => signOut(client))).toEqual([]);
  });

  test("is done while the provider is down", async () => {
    const client = await signedIn({ body: { refresh_token: "a-refresh-token" } });
    const copy = copyOf(client);
    const csrf = await csrfOf(await client.get(KEYS));
    portcullis.issuer.setDown("everything");
    const answer = await client.post("/-/console/sign-out", { csrf });
    portcullis.issuer.setDown("nothing");
    expect([answer.status, client.cookies.has(SESSION)]).toEqual([200, false]);
    expect((await copy.get(KEYS)).headers.get("Location")).toMatch(SIGN_IN);
  });

  test("leaves other sessions of the same person alone", async () => {
    const [client, other] = [await signedIn(), await signedIn()];
    await signOut(client);
    expect((await other.get(KEYS)).status).toBe(200);
  });
});

test("a late answer in one tab takes nothing from a sign-in that another has finished meanwhile", async () => {
  const client = await signedIn();
  const late = copyOf(client);
  const unreadable = consoleClient(portcullis.edges[0] ?? "");
  for (const name of client.cookies.keys()) unreadable.cookies.set(name, "eyJhbGciOiJkaXIifQ..x.y.z");
  await signOut(copyOf(client));
  for (const tab of [late, unreadable]) {
    const answer = await tab.get(KEYS);
    expect([answer.headers.get("Location"), answer.headers.getSetCookie()]).toEqual([
      expect.stringMatching(SIGN_IN),
      [],
    ]);
    await signIn(tab, portcullis.issuer);
    expect((await tab.get(KEYS)).status).toBe(200);
  }
});

test("a new sign-in takes the place of the browser's last session, copies of its cookie included", async () => {
  const client = await signedIn();
  const copy = copyOf(client);
  await signIn(client, portcullis.issuer);
  expect((await client.get(KEYS)).status).toBe(200);
  expect((await copy.get(KEYS)).headers.get("Location")).toMatch(SIGN_IN);
});
