import { decodeJwt } from "jose";
import { describe, expect, test } from "vitest";
import { freshAddress } from "../support/portcullis.ts";
import { usePortcullis } from "../support/started.ts";

const PATH = "/v1/vaults/vault_1";
const CREDENTIAL = "Bearer what-only-the-origin-may-hear";
const [PLAIN, CREDENTIALED, ASSERTION_ALONE, HEADERS_ALONE, UNREACHABLE] = [0, 1, 2, 3, 4];

const portcullis = await usePortcullis({
  edges: [
    {},
    { vars: { ORIGIN_AUTHORIZATION: CREDENTIAL } },
    { vars: { ORIGIN_IDENTITY: "assertion" } },
    { vars: { ORIGIN_IDENTITY: "headers" } },
    { vars: { ORIGIN_AUTHORIZATION: CREDENTIAL, ORIGIN_URL: "http://127.0.0.1:1" } },
  ],
});
const key = await portcullis.createKey();

async function received(edge: number, headers: Readonly<Record<string, string>> = {}) {
  const arriving = portcullis.origin.next();
  await portcullis.call("GET", PATH, { as: key.key, edge, headers });
  return arriving;
}

describe("the credential that an origin is shown", () => {
  test("is the gateway's, and never the client's", async () => {
    expect((await received(PLAIN)).values("Authorization")).toEqual([]);
    const request = await received(CREDENTIALED, {
      "Proxy-Authorization": "Bearer x",
      "X-Forwarded-Authorization": "Bearer x",
    });
    expect(request.values("Authorization")).toEqual([CREDENTIAL]);
    expect(request.headers.filter(([name]) => /authorization/i.test(name))).toHaveLength(1);
  });

  test("cannot be taken off by naming it in Connection", async () => {
    const request = await received(CREDENTIALED, { Connection: "authorization" });
    expect(request.values("Authorization")).toEqual([CREDENTIAL]);
  });

  test("is in no answer and in no line of the log", async () => {
    const answers = await Promise.all(
      [CREDENTIALED, UNREACHABLE].map((edge) =>
        portcullis.call("GET", PATH, { as: key.key, edge, from: freshAddress() }),
      ),
    );
    for (const answer of answers) {
      expect(JSON.stringify([...answer.headers]) + (await answer.text())).not.toContain("may-hear");
    }
    await expect.poll(() => portcullis.logs.join("\n")).toContain("origin_unavailable");
    expect(portcullis.logs.join("\n")).not.toContain("may-hear");
  });
});

describe("an origin hears who calls", () => {
  test.each([
    ["both by headers and by assertion", PLAIN, true, true],
    ["by assertion alone", ASSERTION_ALONE, false, true],
    ["by headers alone", HEADERS_ALONE, true, false],
  ])("%s", async (_form, edge, byHeaders, byAssertion) => {
    const request = await received(edge, { "X-Portcullis-Key-Id": "key_forged" });
    const names = request.headers.map(([name]) => name.toLowerCase());
    expect(request.values("X-Portcullis-Key-Id")).toEqual(byHeaders ? [key.id] : []);
    expect(names.filter((name) => name.startsWith("x-portcullis-"))).toHaveLength(
      (byHeaders ? 5 : 0) + (byAssertion ? 1 : 0),
    );
    expect(names.includes("x-portcullis-assertion")).toBe(byAssertion);
  });

  test("as an assertion that names its URL", async () => {
    const [assertion = ""] = (await received(PLAIN)).values("X-Portcullis-Assertion");
    expect(decodeJwt(assertion).aud).toBe(portcullis.origin.url);
  });
});
