import { describe, expect, test } from "vitest";

import { requestText, sendRaw } from "../support/raw-http.ts";
import { usePortcullis } from "../support/started.ts";

const PATH = "/v1/vaults/vault_1";

const portcullis = await usePortcullis();
const key = await portcullis.createKey();

/** Sends header lines byte for byte; tells what came back and what arrived at the origin. */
async function send(lines: readonly string[], path = PATH) {
  const before = portcullis.origin.requests.length;
  const response = await sendRaw(portcullis.edges[0] ?? "", requestText("GET", path, lines));
  return { response, arrived: portcullis.origin.requests.slice(before) };
}

describe("only one bearer credential in Authorization is one", () => {
  interface Attempt {
    readonly name: string;
    readonly lines: (key: string) => readonly string[];
    readonly path?: (key: string) => string;
    readonly code: string;
  }
  const authorizations = (value: (key: string) => string) => (as: string) => [`Authorization: ${value(as)}`];
  const MALFORMED = "credential_malformed";
  const MISSING = "credential_missing";
  const attempts: readonly Attempt[] = [
    {
      name: "two headers",
      lines: (as) => [`Authorization: Bearer ${as}`, `Authorization: Bearer ${as}`],
      code: MALFORMED,
    },
    {
      name: "two headers, the second of another scheme",
      lines: (as) => [`Authorization: Bearer ${as}`, "Authorization: Basic eDp5"],
      code: MALFORMED,
    },
    {
      name: "two headers, the second empty",
      lines: (as) => [`Authorization: Bearer ${as}`, "Authorization:"],
      code: MALFORMED,
    },
    {
      name: "two in one header",
      lines: authorizations((as) => `Bearer ${as}, Bearer ${as}`),
      code: MALFORMED,
    },
    { name: "a parameter", lines: authorizations((as) => `Bearer ${as} x=y`), code: MALFORMED },
    { name: "quotes", lines: authorizations((as) => `Bearer "${as}"`), code: MALFORMED },
    { name: "a tab", lines: authorizations((as) => `Bearer\t${as}`), code: MALFORMED },
    { name: "no scheme", lines: authorizations((as) => as), code: MALFORMED },
    { name: "no credential", lines: authorizations(() => "Bearer"), code: MALFORMED },
    { name: "another scheme", lines: authorizations((as) => `Token ${as}`), code: MALFORMED },
    { name: "Basic", lines: authorizations((as) => `Basic ${btoa(`x:${as}`)}`), code: MALFORMED },
    { name: "padding", lines: authorizations((as) => `Bearer ${as}=`), code: "api_key_invalid" },
    { name: "an empty header", lines: authorizations(() => ""), code: MISSING },
    { name: "no header", lines: () => [], code: MISSING },
    { name: "X-API-Key", lines: (as) => [`X-API-Key: ${as}`], code: MISSING },
    { name: "a cookie", lines: (as) => [`Cookie: api_key=${as}; Authorization=Bearer ${as}`], code: MISSING },
    { name: "Proxy-Authorization", lines: (as) => [`Proxy-Authorization: Bearer ${as}`], code: MISSING },
    { name: "an underscore alias", lines: (as) => [`X_Authorization: Bearer ${as}`], code: MISSING },
    {
      name: "the query",
      lines: () => [],
      path: (as) => `${PATH}?access_token=${as}&api_key=${as}`,
      code: "credential_in_url",
    },
  ];

  test.each(attempts)("$name: $code", async ({ lines, path, code }) => {
    const { response, arrived } = await send(lines(key.key), path?.(key.key));
    expect(response.status).toBe(code === "credential_in_url" ? 400 : 401);
    expect(JSON.parse(response.body.toString())).toMatchObject({ error: { code } });
    expect(response.body.toString()).not.toContain(key.key);
    expect(arrived).toEqual([]);
  });

  test.each(["bearer", "BEARER", "Bearer "])(
    "the scheme %j is the same in any letter case",
    async (scheme) => {
      const { response, arrived } = await send([`Authorization: ${scheme} ${key.key}`]);
      expect(response.status).toBe(200);
      expect(arrived).toHaveLength(1);
    },
  );
});
