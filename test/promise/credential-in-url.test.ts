import { beforeAll, describe, expect, test } from "vitest";
import { mistyped } from "../support/key-strings.ts";

import { requestText, sendRaw } from "../support/raw-http.ts";
import { exchange } from "../support/tokens.ts";
import { readJson } from "../support/json.ts";
import { usePortcullis } from "../support/started.ts";

const PATH = "/v1/vaults/vault_1";
let token: string;
let assertion: string;

const portcullis = await usePortcullis();
const key = await portcullis.createKey();
beforeAll(async () => {
  ({ access_token: token } = await exchange(portcullis, key));
  const arriving = portcullis.origin.next();
  await portcullis.call("GET", PATH, { as: key.key });
  assertion = (await arriving).values("X-Portcullis-Assertion")[0] ?? "";
});

async function send(target: string, lines: readonly string[] = [`Authorization: Bearer ${key.key}`]) {
  const [arrived, logged] = [portcullis.origin.requests.length, portcullis.logs.length];
  const response = await sendRaw(portcullis.edges[0] ?? "", requestText("GET", target, lines));
  return {
    response,
    arrived: portcullis.origin.requests.slice(arrived),
    logs: () => portcullis.logs.slice(logged).join("\n"),
  };
}

/** Every character as an escape. */
function escaped(text: string): string {
  return text.replaceAll(/./g, (letter) => `%${letter.charCodeAt(0).toString(16)}`);
}

const SECRETS = [
  { kind: "a key", secret: () => key.key },
  { kind: "an access token", secret: () => token },
  { kind: "an assertion", secret: () => assertion },
];

const PLACES: readonly { readonly name: string; readonly target: (secret: string) => string }[] = [
  { name: "the query", target: (secret) => `${PATH}?api_key=${secret}&x=1` },
  { name: "the query, in the midst of a word", target: (secret) => `${PATH}?x=bearer_${secret}.` },
  { name: "the query, in escapes", target: (secret) => `${PATH}?api_key=${escaped(secret)}` },
  {
    name: "the query, in some escapes",
    target: (secret) => `${PATH}?t=${secret.replace(/[_.]/, (c) => escaped(c))}`,
  },
  {
    name: "a URL in the query",
    target: (secret) => `${PATH}?next=https%3A%2F%2Fa.example%2F%3Fk%3D${secret}`,
  },
  { name: "the path", target: (secret) => `/v1/vaults/${secret}` },
  { name: "the path, in escapes", target: (secret) => `/v1/vaults/${escaped(secret)}` },
  { name: "a search of keys", target: (secret) => `/-/api-keys?q=${secret}` },
  { name: "a path that is no operation's", target: (secret) => `/v1//nothing/${secret}` },
];

describe.each(SECRETS)("$kind in a URL is never forwarded, and said to be leaked", ({ secret }) => {
  test.each(PLACES)("in $name", async ({ target }) => {
    const { response, arrived, logs } = await send(target(secret()));
    expect(response.status).toBe(400);
    const { error } = readJson<{ error: Record<string, string> }>(response.body.toString());
    expect(error).toMatchObject({ type: "invalid_request", code: "credential_in_url" });
    expect(error["message"]).toMatch(/logs.*revoke/);
    expect(arrived).toEqual([]);
    await expect.poll(logs).toContain("credential_in_url");
    expect(response.body.toString() + logs()).not.toContain(secret().slice(-20));
  });

  test("even if the right credential is in its place, or none is", async () => {
    for (const lines of [[`Authorization: Bearer ${key.key}`], []]) {
      expect((await send(`${PATH}?k=${secret()}`, lines)).response.status).toBe(400);
    }
  });
});

describe("what is no credential of ours passes", () => {
  test.each([
    { name: "a mistyped key", text: () => mistyped(key.key) },
    { name: "a part of a key", text: () => key.key.slice(0, 40) },
    { name: "a key's id", text: () => key.id },
    { name: "a key escaped twice", text: () => escaped(key.key).replaceAll("%", "%25") },
    { name: "a part of a token", text: () => token.split(".").slice(0, 2).join(".") },
    { name: "another's JWT", text: () => "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxIn0.c2ln" },
    {
      name: "another's access token",
      text: () =>
        `${Buffer.from('{"typ":"at+jwt","alg":"ES256","kid":"k1"}').toString("base64url")}.eyJzdWIiOiIxIn0.c2ln`,
    },
  ])("$name", async ({ text }) => {
    const { response, arrived } = await send(`${PATH}?x=${text()}`);
    expect(response.status).toBe(200);
    expect(arrived.map(({ target }) => target)).toEqual([`${PATH}?x=${text()}`]);
  });
});

test("a long URL of what could be the beginning of one is read in no time", { timeout: 30_000 }, async () => {
  for (const piece of ["eyJ", "eyJ.", "fkc_", "%65yJ", key.key.slice(0, -1)]) {
    const { response } = await send(`/v1/nothing?x=${piece.repeat(50_000 / piece.length)}`);
    expect(response.status).toBe(404);
  }
});
