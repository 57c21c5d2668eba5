import { beforeEach, describe, expect, test } from "vitest";
import { developerOn, refusalOf } from "../support/control.ts";
import { freshAddress, type CreatedKey } from "../support/portcullis.ts";
import { useControl } from "../support/started.ts";
let key: CreatedKey;

const control = await useControl();
const organization = await control.newOrganization();
const bob = organization.member("bob", developerOn("vault_1"));
beforeEach(async () => {
  key = await bob.createKey();
});

function revoke(headers: Readonly<Record<string, string>> = {}, person = bob): Promise<Response> {
  return person.call("DELETE", `/-/api-keys/${key.id}`, undefined, headers);
}

describe("a revocation", () => {
  test("answers with its receipt: the key is dead, and since when", async () => {
    const before = Date.now();
    const answer = await revoke();
    const after = Date.now();
    const receipt = await answer.json<{ requestedAt: string; effectiveAt: string }>();
    expect(answer.status).toBe(200);
    expect(receipt).toEqual({
      keyId: key.id,
      status: "revoked",
      requestedAt: receipt.requestedAt,
      effectiveAt: receipt.effectiveAt,
      version: 2,
    });
    const times = [before, Date.parse(receipt.requestedAt), Date.parse(receipt.effectiveAt), after];
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    const refused = await control.call("GET", "/v1/vaults/vault_1", { as: key.key, from: freshAddress() });
    expect(await refusalOf(refused)).toEqual([401, "api_key_revoked"]);
  });

  test("stays on record: when, by whom", async () => {
    const { requestedAt } = await (await revoke({}, organization.admin)).json<{ requestedAt: string }>();
    const recorded = { status: "revoked", revokedAt: requestedAt, revokedBy: "alice", version: 2 };
    expect(await (await bob.call("GET", `/-/api-keys/${key.id}`)).json()).toMatchObject(recorded);
    const list = await (await bob.call("GET", "/-/api-keys?status=revoked")).json<{ data: unknown[] }>();
    expect(list.data).toContainEqual(expect.objectContaining({ id: key.id, ...recorded }));
  });

  test("can be read again with the key, byte for byte; a key that is not revoked has no receipt", async () => {
    const read = async () => {
      const answer = await bob.call("GET", `/-/api-keys/${key.id}`);
      return (await answer.json<{ receipt: unknown }>()).receipt;
    };
    expect(await read()).toBeUndefined();
    const receipt: unknown = await (await revoke()).json();
    expect(await read()).toEqual(receipt);
  });

  test("that is repeated gets the same answer, byte for byte, whoever asks", async () => {
    const first = await (await revoke()).text();
    expect(await (await revoke()).text()).toBe(first);
    expect(await (await revoke({}, organization.admin)).text()).toBe(first);
    expect(await (await bob.call("GET", `/-/api-keys/${key.id}`)).json()).toMatchObject({
      version: 2,
      revokedBy: "bob",
    });
  });

  test("that is asked for ten times at once is one revocation", async () => {
    await control.call("GET", "/v1/vaults/vault_1", { as: key.key, from: freshAddress() });
    const answers = await Promise.all(Array.from({ length: 10 }, () => revoke()));
    const texts = new Set(await Promise.all(answers.map((answer) => answer.text())));
    expect(answers.map(({ status }) => status)).toEqual(Array<number>(10).fill(200));
    expect(texts.size).toBe(1);
    expect(await (await bob.call("GET", `/-/api-keys/${key.id}`)).json()).toMatchObject({ version: 2 });
  });

  test.each<[string, object]>([
    ["disabled", { disabled: true }],
    ["expired", { expiresAt: "2020-01-01T00:00:00Z" }],
  ])("is possible for a key that is %s", async (_, change) => {
    await bob.call("PATCH", `/-/api-keys/${key.id}`, change);
    expect(await (await revoke()).json()).toMatchObject({ status: "revoked", version: 3 });
  });

  test("with a field that nobody knows is refused, and the key lives on", async () => {
    const answer = await bob.call("DELETE", `/-/api-keys/${key.id}`, { reason: "leaked" });
    expect(await refusalOf(answer)).toEqual([400, "invalid_request", "reason"]);
    expect(
      (await control.call("GET", "/v1/vaults/vault_1", { as: key.key, from: freshAddress() })).status,
    ).toBe(200);
  });
});

describe("Prefer", () => {
  test.each([
    "return=minimal",
    "Return = Minimal",
    'return="minimal"',
    "respond-async, return=minimal; foo=1",
    "return=minimal, return=representation",
  ])("%s gets no body, and is told so", async (preference) => {
    for (const answer of [await revoke({ Prefer: preference }), await revoke({ Prefer: preference })]) {
      expect(answer.status).toBe(204);
      expect(answer.headers.get("Preference-Applied")).toBe("return=minimal");
      expect(await answer.text()).toBe("");
    }
  });

  test.each([
    "return=representation",
    "return=representation, return=minimal",
    "return=minimalist",
    "noreturn=minimal",
    "x=return=minimal",
  ])("%s gets the receipt", async (preference) => {
    const answer = await revoke({ Prefer: preference });
    expect(answer.headers.get("Preference-Applied")).toBeNull();
    expect(await answer.json()).toMatchObject({ keyId: key.id, status: "revoked" });
  });
});
