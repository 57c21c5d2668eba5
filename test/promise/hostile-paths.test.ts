import { beforeAll, describe, expect, test } from "vitest";
import { type CreatedKey } from "../support/portcullis.ts";
import { requestText, sendRaw, type RawResponse } from "../support/raw-http.ts";
import { usePortcullis } from "../support/started.ts";
let key: CreatedKey;
/** Sees one vault only. */
let narrowKey: CreatedKey;

const portcullis = await usePortcullis();
beforeAll(async () => {
  [key, narrowKey] = await Promise.all([
    portcullis.createKey(),
    portcullis.createKey({ vaults: ["vault_1"] }),
  ]);
});

/** Sends a request target byte for byte; tells what came back and what arrived at the origin. */
async function send(target: string, as: CreatedKey): Promise<{ response: RawResponse; arrived: string[] }> {
  const before = portcullis.origin.requests.length;
  const text = requestText("GET", target, [`Authorization: Bearer ${as.key}`]);
  const response = await sendRaw(portcullis.edges[0] ?? "", text);
  return { response, arrived: portcullis.origin.requests.slice(before).map((request) => request.target) };
}

/** Rows with a name that can be read, whatever the bytes are. */
function rows(targets: readonly string[]): { target: string; name: string }[] {
  return targets.map((target) => {
    const shown = target.length > 80 ? `${target.slice(0, 20)}… (${target.length} bytes)` : target;
    return { target, name: JSON.stringify(shown).replaceAll("%", "％") };
  });
}

describe("a canonical path arrives at the origin byte for byte", () => {
  test.each(
    rows([
      "/v1/vaults",
      "/v1/vaults/vault_1",
      "/v1/vaults/vault_1/balances",
      "/v1/vaults/a-b.c_d~e",
      "/v1/vaults/...",
      "/v1/vaults/.a",
      "/v1/vaults/a!$&'()*+,:=@b",
      "/v1/vaults/a|b[c]",
      "/v1/vaults/%20a%20",
      "/v1/vaults/a%3fb%23c",
      "/v1/vaults/%C3%A9",
      "/v1/vaults/%c3%a9",
      "/v1/vaults/%ff",
      `/v1/vaults/${"a".repeat(12_000)}`,
    ]),
  )("$name", async ({ target }) => {
    const { response, arrived } = await send(target, key);
    expect(response.status).toBe(200);
    expect(arrived).toEqual([target]);
  });
});

describe("a query arrives at the origin byte for byte, and decides nothing", () => {
  test.each(
    rows([
      "/v1/vaults?",
      "/v1/vaults??",
      "/v1/vaults?a=b&a=c&&=",
      "/v1/vaults?x=//..;/%2f%zz%00%",
      "/v1/vaults?x=../../v2#",
      "/v1/vaults?x=/-/api-keys",
      "/v1/vaults?api_key=x&access_token=y",
      "/v1/vaults?a+b=%20&c=%C3%A9&d=%c3%a9",
      `/v1/vaults?${"a".repeat(12_000)}`,
    ]),
  )("$name", async ({ target }) => {
    const { response, arrived } = await send(target, key);
    expect(response.status).toBe(200);
    expect(arrived).toEqual([target.replace(/#$/, "")]);
  });
});

describe("a path that two servers could read in two ways is invalid_path", () => {
  test.each(
    rows([
      // Empty segments
      "//v1/vaults",
      "/v1//vaults",
      "/v1/vaults//vault_1",
      "/v1/vaults//",
      "//evil.example/v1/vaults",
      // Dot segments, plain and escaped
      "/v1/vaults/.",
      "/v1/vaults/..",
      "/v1/./vaults",
      "/v1/vaults/vault_1/..",
      "/v1/nothing/../vaults",
      "/../v1/vaults",
      "/v1/vaults/%2e",
      "/v1/vaults/%2E%2e/vaults",
      "/v1/vaults/.%2e",
      "/v1/vaults/a%2eb",
      // Escapes of separators
      "/v1/vaults/a%2fb",
      "/v1/vaults/a%2Fb",
      "/v1%2fvaults",
      "/v1/vaults/a%5cb",
      "/v1/vaults/a%5Cb",
      "/v1/vaults/a%3Bb",
      // Double encoding
      "/v1/vaults/a%252Fb",
      "/v1/vaults/%252e%252e",
      "/v1/vaults/a%25b",
      "/v1/vaults/%2541",
      // Path parameters
      "/v1/vaults;x=y",
      "/v1/vaults/a;b",
      "/v1;/vaults",
      "/v1/vaults/..;/vaults",
      // Backslashes
      "/v1/vaults\\vault_1",
      "/v1\\vaults",
      "/v1/vaults/..\\vaults",
      "/\\evil.example/v1/vaults",
      // Control bytes
      "/v1/vaults/a%00",
      "/v1/vaults/a%0a",
      "/v1/vaults/a%0d%0aX-Portcullis-Key-Id:%20key_1",
      "/v1/vaults/a%1f",
      "/v1/vaults/a%7f",
      // Broken escapes
      "/v1/vaults/%",
      "/v1/vaults/a%4",
      "/v1/vaults/a%zz",
      "/v1/vaults/%u002e",
      "/v1/vaults/%%41",
      // Escapes of plain characters
      "/v1/vaults/%41",
      "/v1/vaults/vault%5f1",
      "/v1/vaults/vault%2D1",
      "/v1/vaults/a%7Eb",
      "/%76%31/vaults",
      "/%2d/api-keys",
      // Bytes beyond ASCII, and what URL parsers respell
      "/v1/vaults/\xc3\xa9",
      "/v1/vaults/\xe2\x80\xae",
      '/v1/vaults/a"b',
      "/v1/vaults/a^b",
      "/v1/vaults/a{b}",
      `/v1/vaults/${"a//".repeat(2000)}`,
    ]),
  )("$name", async ({ target }) => {
    const { response, arrived } = await send(target, key);
    expect(response.status).toBe(400);
    expect(JSON.parse(response.body.toString())).toMatchObject({ error: { code: "invalid_path" } });
    expect(arrived).toEqual([]);
  });
});

describe("an alias of a path is no operation", () => {
  test.each(
    rows([
      "/",
      "/v1",
      "/v1/vaults/",
      "/v1/vaults/vault_1/",
      "/V1/vaults",
      "/v1/Vaults",
      "/v1/vaults/vault_1/Balances",
      "/v1/vaults.json",
      "/v1/vaults%20",
      "/v1/vaults%C2%A0",
      "/v1/vaults/vault_1/balances/x",
      "/v1/vaults/vault_1/secrets",
      "/v2/vaults",
      "/x/-/healthz",
      "/-",
    ]),
  )("$name", async ({ target }) => {
    const { response, arrived } = await send(target, key);
    expect(response.status).toBe(404);
    expect(JSON.parse(response.body.toString())).toMatchObject({ error: { code: "not_found" } });
    expect(arrived).toEqual([]);
  });
});

describe("a target that is none does not get past the runtime", () => {
  test.each(
    rows([
      "v1/vaults",
      "?x",
      "/v1/vaults/\xe9",
      "/v1/vaults/\x01",
      "/v1/vaults/a\tb",
      "/v1/vaults/a b",
      "/v1/vaults/a<b>",
      "http:/v1/vaults",
      "http:///v1/vaults",
      `/v1/vaults/${"a".repeat(70_000)}`,
    ]),
  )("$name", async ({ target }) => {
    const { response, arrived } = await send(target, key);
    expect([400, 414]).toContain(response.status);
    expect(arrived).toEqual([]);
  });
});

describe("an absolute target chooses neither the origin nor the way there", () => {
  test.each([
    { target: "http://evil.example/v1/vaults", status: 200, arrived: ["/v1/vaults"] },
    { target: "https://evil.example/v1/vaults?x=1", status: 200, arrived: ["/v1/vaults?x=1"] },
    { target: "http://evil.example//v1/vaults", status: 400, arrived: [] },
    { target: "http://user@evil.example/v1/vaults/a%2fb", status: 400, arrived: [] },
    { target: "http://evil.example", status: 404, arrived: [] },
  ])("$target", async ({ target, status, arrived }) => {
    const answer = await send(target, key);
    expect(answer.response.status).toBe(status);
    expect(answer.arrived).toEqual(arrived);
  });

  test("a fragment is not part of what is matched and forwarded", async () => {
    const { response, arrived } = await send("/v1/vaults/vault_1#/../vault_2", narrowKey);
    expect(response.status).toBe(200);
    expect(arrived).toEqual(["/v1/vaults/vault_1"]);
  });
});

describe("a key for one vault gets to no other by any spelling", () => {
  test.each(
    rows([
      "/v1/vaults/vault_2",
      "/v1/vaults/vault_2/balances",
      "/v1/vaults/Vault_1",
      "/v1/vaults/vault_1%20",
      "/v1/vaults/vault_1%C2%A0",
      "/v1/vaults/%EF%BC%B6ault_1",
      "/v1/vaults/vault_1/../vault_2",
      "/v1/vaults/vault_1/%2e%2e/vault_2",
      "/v1/vaults/vault_1%2f..%2fvault_2",
      "/v1/vaults/vault_1\\..\\vault_2",
      "/v1/vaults/vault_1%00/../vault_2",
      "/v1/vaults/vault_1;/../vault_2",
      "/v1/vaults/..%2fvaults%2fvault_2",
      "/v1/vaults//vault_2",
      "/v1/vaults/#",
      "/v1/vaults/%23",
      "/v1/vaults/*",
    ]),
  )("$name", async ({ target }) => {
    const { response, arrived } = await send(target, narrowKey);
    expect([400, 404]).toContain(response.status);
    expect(arrived).toEqual([]);
  });
});
