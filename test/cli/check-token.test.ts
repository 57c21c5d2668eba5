import { spawn } from "node:child_process";
import { writeFile, mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readGiven } from "../../src/check-token.ts";
import { explainIdToken } from "../../src/control/identity/explain-id-token.ts";
import { explainToken } from "../../src/control/identity/explain.ts";
import { ProviderKeys } from "../../src/control/identity/provider-keys.ts";
import { readConfig } from "../../src/settings.ts";
import { adminClaims, close, listen, startIssuer, type TestIssuer } from "../support/issuer.ts";

/** `npm run check -- --token`: what the gateway makes of a token. */

let issuer: TestIssuer;
let directory: string;
beforeAll(async () => {
  [issuer, directory] = await Promise.all([startIssuer(), mkdtemp(join(tmpdir(), "portcullis-token-"))]);
});
afterAll(async () => {
  await issuer.close();
  await rm(directory, { recursive: true });
});

type Variables = Readonly<Record<string, string>>;

async function run(file: string, input: string, variables: Variables = {}): Promise<[number | null, string]> {
  const child = spawn("node", ["src/check.ts", "--token", file], {
    cwd: join(import.meta.dirname, "../.."),
    env: { ...process.env, OIDC_ISSUER: issuer.url, ...variables },
  });
  child.stdin.end(input);
  const exited = new Promise<number | null>((resolve) => child.once("close", resolve));
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), exited]);
  return [code, stdout + stderr];
}

/** The explanation itself, without a process for each. */
async function explained(
  token: string,
  variables: Variables = {},
): Promise<{ verdict: string; text: string }> {
  const { identity } = readConfig({
    ORIGIN_URL: "http://origin.test",
    OIDC_ISSUER: issuer.url,
    ...variables,
  });
  const keys = new ProviderKeys(identity.issuer);
  const { verdict, lines } = await explainToken(token, keys, { ...identity, hasVaults: true }, Date.now());
  return { verdict, text: lines.map(([label, line]) => `${label} ${line}`).join("\n") };
}

/** Explains a token from standard input. */
const explain = async (token: string, variables?: Variables) => run("-", token, variables);

test("explains a good token from a file: who, where, which roles, and the second factor", async () => {
  const file = join(directory, "token");
  await writeFile(file, `Bearer ${await issuer.token(adminClaims({ scope: "portcullis:ops" }))}\n`);
  const [code, output] = await run(file, "");
  expect(code).toBe(0);
  for (const line of [
    /^Signature +valid$/m,
    /^Subject +alice {2}\(claim sub\)$/m,
    /^Organisation +org_test {2}\(claim org_id\)$/m,
    /^Roles +admin, developer on every vault$/m,
    /^ +from claim roles: "admin"$/m,
    /^ +and from claim vault_roles$/m,
    /^Operator +yes, by portcullis:ops$/m,
    /^Second factor +amr:mfa in the access token, \d+ s ago: fresh$/m,
    /^Result +accepted$/m,
  ]) {
    expect(output).toMatch(line);
  }
});

test("reads the settings as the gateway does, translates names, and needs no document without mistakes", async () => {
  const document = join(directory, "openapi.yaml");
  await writeFile(document, "openapi: 3.1.0\npaths: {/v1/a: {get: {x-portcullis-scope: a}}}\n");
  const token = await issuer.token({ oid: "o-1", groups: ["Custody Admins", "other"], org_id: undefined });
  const [code, output] = await explain(token, {
    OIDC_SUBJECT_CLAIM: "oid",
    OIDC_ORG: "org_one",
    OIDC_ROLES_CLAIM: "groups",
    OIDC_ROLE_NAMES: '{"custody admins": ["admin"]}',
    OIDC_MFA: "acrs:c1",
    API_DOCUMENT: document,
  });
  expect(code).toBe(0);
  expect(output).toMatch(/openapi\.yaml has mistakes, which npm run check names/);
  expect(output).toMatch(/^Subject +o-1 {2}\(claim oid\)$/m);
  expect(output).toMatch(/^Organisation +org_one {2}\(OIDC_ORG\)$/m);
  expect(output).toMatch(/^ +from claim groups: "Custody Admins" → admin, "other"$/m);
  expect(output).toMatch(/^Second factor +no: wants one of acrs:c1; the token has acrs \[\]$/m);
});

test("takes the ID token beside it into account, as the console does", async () => {
  const answer = {
    access_token: await issuer.token({}),
    id_token: await idToken(),
  };
  const [, output] = await explain(JSON.stringify(answer));
  expect(output).toMatch(/^Second factor +amr:mfa in the ID token, \d+ s ago: fresh$/m);
  expect(output).toMatch(/^ID token +valid$/m);
});

const idToken = async (claims: object = {}) => {
  const signIn = { amr: ["mfa"], auth_time: Math.floor(Date.now() / 1000) };
  return issuer.token({ aud: "portcullis-console", ...signIn, ...claims }, { typ: "JWT" });
};

test("believes an ID token beside it only if the console would", async () => {
  const { identity } = readConfig({ ORIGIN_URL: "http://origin.test", OIDC_ISSUER: issuer.url });
  const accessToken = await issuer.token({});
  const made = async (given: unknown) => {
    const keys = new ProviderKeys(issuer.url);
    const reading = { ...identity, hasVaults: true };
    const { claims, text: words } = await explainIdToken(given, accessToken, keys, reading, Date.now());
    return [claims !== null, words];
  };
  const left = (why: RegExp) => [false, expect.stringMatching(new RegExp(`^left out.*: ${why.source}`))];
  expect(await made(await idToken())).toEqual([true, "valid"]);
  expect(await made(await idToken({ sub: "00u1" }))).toEqual([true, expect.stringMatching(/another sub/)]);
  expect(await made(await idToken({ aud: "other" }))).toEqual(left(/other audience: other/));
  expect(await made(await idToken({ aud: ["portcullis-console", "x"] }))).toEqual(left(/other audience/));
  expect(await made(await idToken({ exp: 1_700_000_000 }))).toEqual(left(/expired/));
  expect(await made(await idToken({ iss: "https://x.example" }))).toEqual(left(/other issuer/));
  expect(await made(`${(await idToken()).slice(0, -86)}${"A".repeat(86)}`)).toEqual(left(/wrong signature/));
  expect(await made("opaque")).toEqual(left(/opaque token/));
  expect(await made(5)).toEqual(left(/it is no text/));
});

test.each<[string, RegExp]>([
  [
    '{"error":"invalid_grant","error_description":"gone"}',
    /The provider gave no token.*"invalid_grant": gone/,
  ],
  ['{"access_token":5}', /access_token must be a text/],
  ['{"id_token":"a.b.c"}', /holds no access_token/],
  ["{}", /holds no access_token/],
  ["{access_token", /neither a token nor/],
])("says what is wrong with the answer %s", (answer, message) => {
  expect(() => readGiven(answer)).toThrow(message);
});

test.each<[string, object, boolean]>([
  ["where they are", { _claim_names: { groups: "src1" }, _claim_sources: { src1: {} } }, true],
  ["that there are some", { hasgroups: true }, true],
  ["none", {}, false],
  ["all of them", { groups: [], hasgroups: true }, false],
])("says that Entra has left the groups out, where the token says %s", async (_, claims, expected) => {
  const { text: output } = await explained(await issuer.token({ ...claims }), { OIDC_ROLES_CLAIM: "groups" });
  expect(output.includes("The provider left the groups out")).toBe(expected);
});

describe("says why a token is refused, and what to do:", () => {
  test.each<[string, () => string | Promise<string>, RegExp]>([
    ["opaque", () => "ya29.a0AfH6SMC", /refused: opaque token: not a JWT\n +Providers issue JWTs only/],
    [
      "an ID token",
      () => issuer.token({ nonce: "n", aud: "portcullis" }, { typ: "JWT" }),
      /refused: not an access token: an ID token/,
    ],
    [
      "expired",
      () => issuer.token({ exp: 1_700_000_000 }),
      /ends 2023-11-14T22:13:20\.000Z[^]*refused: expired/,
    ],
    [
      "for another audience",
      () => issuer.token({ aud: "other" }),
      /refused: other audience: other\n +OIDC_AUDIENCE is portcullis\./,
    ],
    [
      "of Entra's v1.0",
      () => issuer.token({ iss: "https://sts.windows.net/t/" }),
      /refused: other issuer[^]*requestedAccessTokenVersion/,
    ],
    [
      "of an issuer with a slash",
      () => issuer.token({ iss: `${issuer.url}/` }),
      /refused: other issuer[^]*set OIDC_ISSUER to http/,
    ],
    [
      "without an organisation",
      () => issuer.token({ org_id: undefined }),
      /refused: claim missing: org_id \(OIDC_ORG_CLAIM, or OIDC_ORG/,
    ],
    [
      "signed by another key",
      async () => `${(await issuer.token()).slice(0, -86)}${"A".repeat(86)}`,
      /Signature +not valid: wrong signature/,
    ],
  ])("%s", async (_, token, expected) => {
    const { verdict, text: output } = await explained(await token());
    expect([verdict, output]).toEqual(["refused", expect.stringMatching(expected)]);
  });
});

test("says when the issuer cannot be asked, explains the rest, and does not call it accepted", async () => {
  const answer = JSON.stringify({
    access_token: await issuer.token(adminClaims()),
    id_token: await idToken(),
  });
  const expired = await issuer.token({ exp: 1_700_000_000 });
  issuer.setDown("everything");
  const [code, output] = await explain(answer);
  const ended = await explained(expired);
  issuer.setDown("nothing");
  expect(code).toBe(3);
  expect(output).toMatch(/^Signature +not checked: http:.*openid-configuration answers 500$/m);
  expect(output).toMatch(/^Roles +admin, developer on every vault$/m);
  expect(output).toMatch(/^Result +not verified: it is accepted if one of the issuer's keys has signed it$/m);
  expect(output).toMatch(/^ID token +not checked, and left out: http:/m);
  expect(ended).toMatchObject({ verdict: "refused", text: expect.stringMatching(/refused: expired/) });
});

test("says what the issuer answers in place of keys, in one line", async () => {
  let answer = (_: IncomingMessage, response: ServerResponse): unknown => response.destroy();
  const server = createServer((request, response) => answer(request, response));
  const url = await listen(server);
  const document = { issuer: url, jwks_uri: `${url}/keys` };
  const says =
    (body: string, status = 200): typeof answer =>
    (_, response) =>
      response.writeHead(status).end(body);
  const keysAre =
    (body: string): typeof answer =>
    (request, response) =>
      response.end(request.url === "/keys" ? body : JSON.stringify(document));
  for (const [next, expected] of [
    [answer, /\/openid-configuration cannot be reached: [\w ]+$/m],
    [says("<html>"), /\/openid-configuration answers no discovery document with issuer and jwks_uri$/m],
    [says('{"issuer":7}'), /answers no discovery document/],
    [says("", 302), /\/openid-configuration answers 302$/m],
    [keysAre("<html>"), /\/keys answers no list of keys$/m],
    [keysAre('{"keys":"none"}'), /\/keys answers no list of keys$/m],
  ] as const) {
    answer = next;
    const { verdict, text: output } = await explained(await issuer.token({ iss: url }), { OIDC_ISSUER: url });
    expect([verdict, output]).toEqual(["unverified", expect.stringMatching(expected)]);
  }
  await close(server);
});

test.each<[string, Variables, number, RegExp]>([
  ["a file that is not there", {}, 2, /^--token: .*missing" cannot be read \(ENOENT\)$/m],
  ["a setting that cannot be used", { OIDC_MFA: "mfa" }, 1, /^OIDC_MFA must be/],
])("names %s", async (_, variables, expected, message) => {
  const [code, output] = await run(join(directory, "missing"), "", variables);
  expect([code, output]).toEqual([expected, expect.stringMatching(message)]);
});
