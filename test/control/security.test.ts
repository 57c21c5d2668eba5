import { describe, expect, test } from "vitest";
import type { Admission } from "../../src/admission/isolate/admission.ts";
import type { KeyGuards } from "../../src/admission/key-guards.ts";
import { createControlApp } from "../../src/control/app.ts";
import { IdentityVerifier } from "../../src/control/identity/identity-verifier.ts";
import type { Env } from "../../src/env.ts";
import { readConfig } from "../../src/settings.ts";
import type { AccessTokens } from "../../src/state/access-tokens.ts";
import { ImportedKeys } from "../../src/state/imported-keys.ts";
import { FailureLimiter } from "../../src/state/failure-limiter.ts";
import { adminClaims } from "../support/issuer.ts";
import { developerOn, NEW_KEY, refusalOf } from "../support/control.ts";
import { useControl } from "../support/started.ts";

/**
 * What every endpoint must refuse, whoever adds it: the endpoints are taken from the routes themselves, so that a new
 * one cannot escape.
 */

interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
  readonly requestBody?: object;
  readonly responses: Readonly<Record<string, { readonly description: string }>>;
}

interface Endpoint {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

/** What anybody may read. */
const PUBLIC = [
  "/-/healthz",
  "/-/jwks.json",
  "/-/organizations/:orgId/jwks.json",
  "/-/readyz",
  "/-/docs",
  "/-/docs/operations",
  "/-/errors",
  "/-/errors/:code",
  "/-/openapi",
  "/-/openapi.json",
];
/** What has a credential and a description of its own, and tests of its own. */
const OTHER_STANDARDS = /^\/-\/(scim|oauth)\/|^\/\.well-known\//;
/** What is signed by somebody else in place of that, and has tests of its own. */
const SIGNED = ["/-/ops/leaks/github"];

const config = readConfig({ ORIGIN_URL: "http://origin.test", OIDC_ISSUER: "http://issuer.test" });
const app = createControlApp({
  config,
  env: {} as Env,
  identities: new IdentityVerifier({ ...config.identity, hasVaults: true }),
  checkScope: () => null,
  tokens: {} as AccessTokens,
  admission: {} as Admission,
  guards: {} as KeyGuards,
  background: { waitUntil: () => {} },
  imports: new ImportedKeys({} as Env["KEY_RECORDS"], "off"),
  failures: new FailureLimiter({ limit: async () => ({ success: true }) }),
  issuerOf: () => "http://gateway.test",
  apiScopes: [],
  operations: [],
  hasVaults: true,
});
const document = app.getOpenAPI31Document({ openapi: "3.1.0", info: { title: "", version: "" } });
const described: Endpoint[] = Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
  Object.entries(item as Record<string, Operation>).map(([method, operation]) => ({
    name: `${method.toUpperCase()} ${path}`,
    method: method.toUpperCase(),
    path,
    operation,
  })),
);
/** What takes an identity token. */
const endpoints = described.filter(({ operation }) =>
  operation.security?.some((scheme) => "identityToken" in scheme),
);

/** What nobody but its owner and the organisation's admins may read. */
const KEY_NAME = "The eyes of others are not for this";
let addresses = 0;

const control = await useControl();
const organization = await control.newOrganization();
const keyId = (await organization.admin.createKey({ name: KEY_NAME })).id;

test("every route is public, of another standard, signed, or described as taking an identity token", () => {
  const guarded = new Set(
    endpoints.map(({ method, path }) => `${method} ${path.replaceAll(/\{(\w+)\}/g, ":$1")}`),
  );
  const escaped = app.routes
    .filter(({ method, path }) => method !== "ALL" && !OTHER_STANDARDS.test(path))
    .filter(({ path }) => !PUBLIC.includes(path) && !SIGNED.includes(path))
    .map(({ method, path }) => `${method} ${path}`)
    .filter((route) => !guarded.has(route));
  expect(escaped).toEqual([]);
  expect(guarded.size).toBeGreaterThan(15);
});

/** A request that would do something if it were allowed, on a key of alice's organisation. */
function send(endpoint: Endpoint, as: string | undefined): Promise<Response> {
  const body = endpoint.operation.requestBody === undefined ? undefined : sampleBody(endpoint);
  return control.call(endpoint.method, endpoint.path.replace("{id}", keyId), {
    ...(as !== undefined && { as }),
    ...(body !== undefined && { body }),
    from: `192.0.2.${++addresses % 250}`,
  });
}

function sampleBody({ operation, method }: Endpoint): object {
  if (operation.operationId === "createApiKey") return NEW_KEY;
  if (operation.operationId === "revokeInEmergency") return { targets: [{ keyId }], reason: "Test" };
  if (operation.operationId === "revokePersonKeys") return { reason: "Test" };
  if (operation.operationId === "actOnApiKeys") return { act: "revoke", keyIds: [keyId] };
  if (operation.operationId === "previewServiceUserUpdate") return { vaultRoles: {} };
  if (operation.operationId === "rotateApiKey") return {};
  if (operation.operationId === "reportLeaks") return { leaks: [{ token: "x" }] };
  if (operation.operationId === "putWebhook") return { url: "https://hooks.example.com/" };
  return method === "PATCH" ? { name: "Taken over" } : { name: "Mine" };
}

describe.each(endpoints)("$name", (endpoint) => {
  const past = Math.floor(Date.now() / 1000) - 3600;
  const tokens: [string, () => Promise<string | undefined>, string][] = [
    ["no token", async () => undefined, "credential_missing"],
    [
      "an expired token",
      () => control.issuer.token(own({ iat: past - 60, exp: past })),
      "identity_token_invalid",
    ],
    [
      "a token for another audience",
      () => control.issuer.token(own({ aud: "other" })),
      "identity_token_invalid",
    ],
    [
      "a token of another issuer",
      () => control.issuer.token(own({ iss: "http://other.test" })),
      "identity_token_invalid",
    ],
    [
      "a token without an organisation",
      () => control.issuer.token(own({ org_id: undefined })),
      "identity_token_invalid",
    ],
    ["a key in place of a token", async () => "fkc_abc", "identity_token_invalid"],
  ];
  test.each(tokens)("refuses %s", async (_, token, code) => {
    expect(await refusalOf(await send(endpoint, await token()))).toEqual([401, code]);
  });

  test("gives nothing of this organisation to another's admin", async () => {
    const token = await control.issuer.token(adminClaims({ org_id: "org_other" }));
    const answer = await send(endpoint, token);
    expect(await answer.text()).not.toContain(KEY_NAME);
  });

  test("gives a member without a role nothing of somebody else's key, and changes nothing", async () => {
    const before = await keyState();
    const answer = await send(
      endpoint,
      await control.issuer.token(own({ sub: "carol", roles: [], vault_roles: {} })),
    );
    expect(await answer.text()).not.toContain(KEY_NAME);
    expect(await keyState()).toEqual(before);
  });

  test("refuses what needs the second factor without a fresh one", async () => {
    if (!codesOf(endpoint).includes("mfa_required")) return;
    if (FOR_WHAT_WIDENS.includes(endpoint.operation.operationId)) return;
    const token = await control.issuer.token(own({ amr: ["pwd"], ...developerOn("*") }));
    expect(await refusalOf(await send(endpoint, token))).toEqual([401, "mfa_required"]);
  });

  test("refuses what needs the operators' scope to an admin", async () => {
    if (!operatorsOnly(endpoint)) return;
    const answer = await send(endpoint, await control.issuer.token(own()));
    expect(await refusalOf(answer)).toEqual([403, "role_required"]);
  });

  test("refuses what only admins may do to a developer", async () => {
    if (!ADMINS_ONLY.includes(endpoint.operation.tags[0] ?? "")) return;
    const token = await control.issuer.token(own({ sub: "bob", roles: [], ...developerOn("*") }));
    const answer = await send(endpoint, token);
    if (FOR_EVERYBODY.includes(endpoint.operation.operationId)) return expect(answer.status).toBe(200);
    return expect(await refusalOf(answer)).toEqual([403, "role_required"]);
  });
});

const ADMINS_ONLY = ["Organisation", "Service users", "People", "Audit"];
/** But these, which tell of the organisation what all of its people may know. */
const FOR_EVERYBODY = ["getOrganization", "getMe"];

/** A second factor is for what gives or tells more than there was, which is tested by itself. */
const FOR_WHAT_WIDENS = ["updateApiKey", "updateServiceUser", "exportOrganization"];

function own(changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return adminClaims({ sub: "alice", org_id: organization.id, ...changes });
}

function codesOf({ operation }: Endpoint): string[] {
  return Object.values(operation.responses).flatMap(({ description }) =>
    [...description.matchAll(/`(\w+)`:/g)].map(([, code]) => code ?? ""),
  );
}

function operatorsOnly({ operation }: Endpoint): boolean {
  return operation.security?.some((scheme) => scheme["identityToken"]?.includes("portcullis:ops")) ?? false;
}

async function keyState(): Promise<unknown> {
  return (await organization.admin.call("GET", `/-/api-keys/${keyId}`)).json();
}
