import { describe, expect, test } from "vitest";
import { freshAddress, startPortcullis, type CreatedKey } from "../support/portcullis.ts";
import { generateKey } from "../../src/core/key/key-secret.ts";
import { swapSecret } from "../support/key-strings.ts";
import { exchange, postForm } from "../support/tokens.ts";
import { readJson } from "../support/json.ts";
import { usePortcullis } from "../support/started.ts";

const portcullis = await usePortcullis();

function call(credential: string): Promise<Response> {
  return portcullis.call("GET", "/v1/vaults/vault_1", { as: credential, from: freshAddress() });
}

async function codeOf(answer: Response): Promise<string> {
  return (await answer.json<{ error: { code: string } }>()).error.code;
}

const revoke = (token: string, client?: CreatedKey) =>
  postForm(portcullis, "revoke", { token }, { from: freshAddress(), ...(client && { client }) });

describe("whoever holds a key", () => {
  test("kills it and its tokens by posting it, with no other credential", async () => {
    const key = await portcullis.createKey();
    const { access_token: token } = await exchange(portcullis, key);
    expect((await call(token)).status).toBe(200);
    expect((await revoke(key.key)).status).toBe(200);
    expect(await codeOf(await call(key.key))).toBe("api_key_revoked");
    expect(await codeOf(await call(token))).toBe("api_key_revoked");
  });

  test("gets the same answer again, and with the dead key as the client, too", async () => {
    const key = await portcullis.createKey();
    for (const client of [undefined, key, undefined]) {
      expect((await revoke(key.key, client)).status).toBe(200);
    }
  });

  test("leaves it on record: the key shows who and why, and so do the audit and the operators' list", async () => {
    const key = await portcullis.createKey();
    await revoke(key.key);
    const shown = await portcullis.manage("GET", `/-/api-keys/${key.id}`);
    expect(await shown.json()).toMatchObject({
      status: "revoked",
      revokedBy: "holder",
      revocationReason: "Revoked by a holder of the secret",
    });
    const audit = await portcullis.manage("GET", `/-/audit-events?target=${key.id}&action=api_key.revoked`);
    const { data } = await audit.json<{ data: { actor: { id: string } }[] }>();
    expect(data.map(({ actor }) => actor.id)).toEqual(["holder"]);
  });
});

test("a key is killed while the deployment's object cannot be reached", async () => {
  const broken = await startPortcullis({ edges: [{}, { deployment: "BrokenDeployment" }] });
  try {
    const key = await broken.createKey();
    const edge = { edges: [broken.edges[1] as string] };
    expect((await postForm(edge, "revoke", { token: key.key })).status).toBe(200);
    const answer = await broken.call("GET", "/v1/vaults/vault_1", { as: key.key });
    expect(await codeOf(answer)).toBe("api_key_revoked");
    const shown = await broken.manage("GET", `/-/api-keys/${key.id}`);
    expect(await shown.json()).toMatchObject({ status: "revoked", revokedBy: "holder" });
  } finally {
    await broken.stop();
  }
});

describe("whoever holds an access token", () => {
  test("kills that token alone", async () => {
    const key = await portcullis.createKey();
    const [one, other] = await Promise.all([exchange(portcullis, key), exchange(portcullis, key)]);
    expect((await revoke(one.access_token)).status).toBe(200);
    expect(await codeOf(await call(one.access_token))).toBe("access_token_invalid");
    expect((await call(other.access_token)).status).toBe(200);
    expect((await call(key.key)).status).toBe(200);
    expect((await revoke(one.access_token)).status).toBe(200);
  });

  test("finds it dead even where it was in use, and dead it stays when its key changes", async () => {
    const key = await portcullis.createKey();
    const { access_token: token } = await exchange(portcullis, key);
    await call(token);
    await revoke(token);
    await portcullis.manage("PATCH", `/-/api-keys/${key.id}`, { name: "Renamed", scopes: ["vault:*"] });
    expect(await codeOf(await call(token))).toBe("access_token_invalid");
  });

  test("leaves one line in the audit, however often it does so, that names the token by its id", async () => {
    const key = await portcullis.createKey();
    const { access_token: token } = await exchange(portcullis, key);
    for (let i = 0; i < 3; i++) await revoke(token);
    const audit = await portcullis.manage(
      "GET",
      `/-/audit-events?target=${key.id}&action=access_token.revoked`,
    );
    const text = await audit.text();
    expect(readJson<{ data: object[] }>(text).data).toHaveLength(1);
    expect(text).not.toContain(token.split(".")[2]);
  });
});

test.each([
  ["a key that never was", () => generateKey("fkc").key],
  ["a mistyped key", () => "fkc_abc"],
  ["another prefix's key", () => generateKey("other").key],
  ["no token at all", () => "hello"],
  ["a forged token", () => "eyJhbGciOiJFUzI1NiJ9.e30.AAAA"],
])("%s is answered like one that is dead (RFC 7009 section 2.2)", async (_, token) => {
  const answer = await revoke(token());
  expect([answer.status, await answer.json()]).toEqual([200, {}]);
});

test("a key with another key's id kills neither", async () => {
  const [one, other] = await Promise.all([portcullis.createKey(), portcullis.createKey()]);
  const answer = await revoke(swapSecret(one.key, other.key));
  expect([answer.status, await answer.json()]).toEqual([200, {}]);
  expect((await call(one.key)).status).toBe(200);
  expect((await call(other.key)).status).toBe(200);
});

test.each<[string, Record<string, string>, object, number, string]>([
  ["without a token", {}, {}, 400, "invalid_request"],
  ["with a client that is none", { token: "hello" }, { Authorization: "Basic eDp5" }, 401, "invalid_client"],
])("a request %s is refused", async (_, form, headers, status, error) => {
  const answer = await postForm(portcullis, "revoke", form, {
    from: freshAddress(),
    headers: headers as Record<string, string>,
  });
  expect([answer.status, (await answer.json<{ error: string }>()).error]).toEqual([status, error]);
});

test("an address that keeps guessing is turned away", async () => {
  const from = freshAddress();
  let status = 0;
  // A minute may end meanwhile: two have room for twice 60.
  for (let i = 0; i < 130 && status !== 429; i++) {
    status = (await postForm(portcullis, "revoke", { token: generateKey("fkc").key }, { from })).status;
  }
  expect(status).toBe(429);
});
