import { describe, expect, test } from "vitest";
import {
  canonicalOriginOf,
  errorBody,
  errorResponse,
  originOf,
} from "../../../src/core/http/error-response.ts";
import { generateKey } from "../../../src/core/key/key-secret.ts";
import { refuse, type Refusal } from "../../../src/core/refusal.ts";
import { REFUSALS, typeOf, type RefusalCode } from "../../../src/core/refusal-table.ts";

const CONTEXT = {
  requestId: "0b5d2a34-7c1e-4f7e-9a55-0c3d1b2a4e5f",
  publicOrigin: "https://api.example",
  head: false,
};
const CODES = Object.keys(REFUSALS) as RefusalCode[];
const INVALID_TOKEN = /^Bearer realm="portcullis", error="invalid_token", error_description="[^"\\]+"$/;

const respond = (refusal: Refusal): Response => errorResponse(refusal, CONTEXT);

describe.each(CODES)("%s", (code) => {
  test("is told in the one envelope, and may not be stored", async () => {
    const answer = respond({ code });
    expect(answer.status).toBe(REFUSALS[code].status);
    expect(await answer.json()).toEqual({
      error: {
        type: typeOf(code),
        code,
        message: REFUSALS[code].message,
        correlationId: CONTEXT.requestId,
        docUrl: `https://api.example/-/errors/${code}`,
      },
    });
    expect(answer.headers.get("Content-Type")).toBe("application/json");
    expect(answer.headers.get("Cache-Control")).toBe("no-store");
    expect(answer.headers.get("X-Request-Id")).toBe(CONTEXT.requestId);
  });

  test("says when to come back if its status calls for it, and never else", () => {
    const retryAfter = respond({ code }).headers.get("Retry-After");
    expect(retryAfter).toBe([429, 503].includes(REFUSALS[code].status) ? "1" : null);
  });

  test("has a challenge if its status is 401, or a scope is missing, and never else", () => {
    const challenged = REFUSALS[code].status === 401 || code === "insufficient_scope";
    expect(respond({ code }).headers.has("WWW-Authenticate")).toBe(challenged);
  });
});

describe("the challenge", () => {
  test("names no error where no credential was sent", () => {
    expect(respond(refuse("credential_missing")).headers.get("WWW-Authenticate")).toBe(
      'Bearer realm="portcullis"',
    );
  });

  test.each([
    "credential_malformed",
    "api_key_invalid",
    "api_key_revoked",
    "access_token_expired",
    "identity_token_invalid",
  ] as const)("of %s says that the token is invalid", (code) => {
    expect(respond({ code }).headers.get("WWW-Authenticate")).toMatch(INVALID_TOKEN);
  });

  test("names the scope that is missing", () => {
    const refusal = refuse("insufficient_scope", { scope: "vault:read vault:write" });
    expect(respond(refusal).headers.get("WWW-Authenticate")).toBe(
      'Bearer realm="portcullis", error="insufficient_scope", scope="vault:read vault:write"',
    );
  });

  test.each([
    ["gold", ' acr_values="gold",'],
    ["urn:a urn:b", ' acr_values="urn:a urn:b",'],
    ['a"b\\c', String.raw` acr_values="a\"b\\c",`],
    [null, ""],
  ])(
    "asks for what counts as several factors (%s), and a sign-in of the last five minutes",
    (acrValues, told) => {
      const answer = errorResponse(refuse("mfa_required"), { ...CONTEXT, acrValues });
      expect(answer.headers.get("WWW-Authenticate")).toBe(
        'Bearer realm="portcullis", error="insufficient_user_authentication", ' +
          `error_description="${REFUSALS.mfa_required.message}",${told} max_age="300"`,
      );
    },
  );
});

test("what only this request knows is told: when to come back, what is allowed, which field", async () => {
  expect(respond(refuse("rate_limited", { retryAfter: 17 })).headers.get("Retry-After")).toBe("17");
  expect(respond(refuse("method_not_allowed", { allow: "GET, HEAD" })).headers.get("Allow")).toBe(
    "GET, HEAD",
  );
  const answer = respond(refuse("invalid_value", { details: { field: "vaults", problem: "None" } }));
  expect(await answer.json()).toMatchObject({ error: { details: { field: "vaults", problem: "None" } } });
});

test("the operator's reason is not told", async () => {
  const answer = respond(refuse("internal_error", { reason: "TypeError at line 7" }));
  expect(`${await answer.text()}${JSON.stringify([...answer.headers])}`).not.toContain("line 7");
});

test("a key that the request held is not repeated, be it broken or of another prefix", async () => {
  const { key, keyPrefix } = generateKey("fkc");
  for (const held of [key, `${key.slice(0, -1)}-`.replace("-", "0"), key.replace("fkc_", "live2_")]) {
    const details = { field: held, problem: `Unknown: ${held}${held}` };
    const text = await respond(refuse("invalid_request", { details })).text();
    expect(text).not.toContain(held.slice(-38, -6));
    expect(text).toContain(keyPrefix.replace("fkc_", held.startsWith("live2_") ? "live2_" : "fkc_"));
  }
});

test("HEAD is answered with the same headers and no body", async () => {
  const refusal = refuse("rate_limited", { retryAfter: 3 });
  const head = errorResponse(refusal, { ...CONTEXT, head: true });
  expect([...head.headers]).toEqual([...respond(refusal).headers]);
  expect(head.status).toBe(429);
  expect(await head.text()).toBe("");
});

test("the body alone is that of the response", async () => {
  const refusal = refuse("invalid_value", { details: { field: "vaults" } });
  expect(errorBody(refusal, CONTEXT)).toEqual(await respond(refusal).json());
});

test("refusals of one kind hold each its own request and the origin that it came to", async () => {
  for (const [requestId, publicOrigin] of [
    ["a", "https://a.example"],
    ["b", "https://a.example"],
    ["c", "https://b.example"],
  ] as const) {
    const context = { ...CONTEXT, requestId, publicOrigin };
    expect(await errorResponse(refuse("not_found"), context).json()).toEqual(
      errorBody(refuse("not_found"), context),
    );
  }
});

test.each<[string | undefined, string]>([
  [undefined, ""],
  [
    "https://api.example:8787",
    ', resource_metadata="https://api.example:8787/.well-known/oauth-protected-resource"',
  ],
  ["http://[::1]", ', resource_metadata="http://[::1]/.well-known/oauth-protected-resource"'],
  ['https://api.example"x', ""],
])("the challenge of an API at %j leads to its metadata, where its name can be quoted", (origin, told) => {
  const context = { ...CONTEXT, ...(origin !== undefined && { protectedOrigin: origin }) };
  const challenge = errorResponse(refuse("credential_missing"), context).headers.get("WWW-Authenticate");
  expect(challenge).toBe(`Bearer realm="portcullis"${told}`);
  expect(errorResponse(refuse("not_found"), context).headers.has("WWW-Authenticate")).toBe(false);
});

test("a scope that is missing and has no name is told as none", () => {
  expect(respond(refuse("insufficient_scope")).headers.get("WWW-Authenticate")).toContain('scope=""');
});

test.each([
  ["https://api.example/v1?a=b", "https://api.example", "https://api.example"],
  ["http://API.example:80/", "http://API.example:80", "http://api.example"],
  ["https://api.example:443/", "https://api.example:443", "https://api.example"],
  ["http://127.0.0.1:8787#x", "http://127.0.0.1:8787", "http://127.0.0.1:8787"],
  ["http://[::1]:8787/", "http://[::1]:8787", "http://[::1]:8787"],
  ["http://api.example:443/", "http://api.example:443", "http://api.example:443"],
  ["http://a b/", "http://a b", "http://a b"],
  ["ftp://api.example/", "", ""],
])("%s came to %s, which tokens name %s", (url, origin, canonical) => {
  expect(originOf(url)).toBe(origin);
  expect(canonicalOriginOf(url)).toBe(canonical);
});
