import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Payload } from "../../src/control/identity/claims.ts";
import { readIdentity, type Identity } from "../../src/control/identity/mapping.ts";
import { TokenFault } from "../../src/control/identity/token-fault.ts";
import { ORG_ID } from "../../src/core/organization/organization.ts";
import { readConfig } from "../../src/settings.ts";
import { always, jsonWith } from "../support/fuzz.ts";
import { readJson } from "../support/json.ts";

/** What is made of the claims of a token, by the settings. */

const NOW = 1_790_000_000_000;
const NOW_S = NOW / 1000;
const CLAIMS = { sub: "alice", org_id: "org_test" };

type Variables = Readonly<Record<string, string>>;
let hasVaults = true;

function read(
  claims: Payload,
  variables: Variables = {},
  signIn: Payload | null = null,
): Identity | TokenFault {
  const required = { ORIGIN_URL: "http://origin.test", OIDC_ISSUER: "https://id.example" };
  const { identity } = readConfig({ ...required, ...variables });
  return readIdentity(
    readJson<Payload>(JSON.stringify({ ...CLAIMS, ...claims })),
    NOW_S - 60,
    { ...identity, hasVaults },
    NOW,
    signIn,
  );
}

type IdentityRow = [name: string, Payload, Variables, Partial<Identity>];

describe("somebody is", () => {
  test.each<IdentityRow>([
    [
      "their sub in their org_id",
      {},
      {},
      { subject: "alice", orgId: "org_test", name: "alice", email: null },
    ],
    [
      "their oid in their tid",
      { oid: "o-1", tid: "t-1" },
      { OIDC_SUBJECT_CLAIM: "oid", OIDC_ORG_CLAIM: "tid" },
      { subject: "o-1", orgId: "t-1" },
    ],
    [
      "in the one organisation there is",
      { org_id: "org_other" },
      { OIDC_ORG: "org_one" },
      { orgId: "org_one" },
    ],
    [
      "in the one organisation, though the token names none that could be",
      { org_id: 7 },
      { OIDC_ORG: "org_one" },
      { orgId: "org_one" },
    ],
    [
      "in an organisation within a list",
      { organization: ["acme"] },
      { OIDC_ORG_CLAIM: "/organization/0" },
      { orgId: "acme" },
    ],
    [
      "in an organisation within an object",
      { "a/b": { "c~d": "acme" } },
      { OIDC_ORG_CLAIM: "/a~1b/c~0d" },
      { orgId: "acme" },
    ],
    [
      "who namespaced claims say, by their names and by pointers",
      {
        "https://acme.example/id": "n-1",
        "https://acme.example/org": { id: "acme" },
        "https://acme.example/mail": "al@acme.example",
        "a/b": [{ "c/d": "Al" }],
      },
      {
        OIDC_SUBJECT_CLAIM: "https://acme.example/id",
        OIDC_ORG_CLAIM: "/https:~1~1acme.example~1org/id",
        OIDC_EMAIL_CLAIM: "https://acme.example/mail",
        OIDC_NAME_CLAIM: "/a~1b/0/c~1d",
      },
      { subject: "n-1", orgId: "acme", email: "al@acme.example", name: "Al" },
    ],
    [
      "called by other claims",
      { nickname: "Al", upn: "al@acme.example" },
      { OIDC_NAME_CLAIM: "nickname", OIDC_EMAIL_CLAIM: "upn" },
      { name: "Al", email: "al@acme.example" },
    ],
    [
      "called as people see it",
      { name: "\u200bAlice  Ander\u00adsson" },
      {},
      { name: "Alice Andersson", subject: "alice" },
    ],
    ["called by their subject where nothing is seen of the name", { name: "\u200b" }, {}, { name: "alice" }],
    [
      "called by their subject where the name is none",
      { name: { first: "Al" }, email: 7 },
      {},
      { name: "alice", email: null },
    ],
    ["reached at no address of half a character", { email: "\ud800@b.example" }, {}, { email: null }],
    [
      "called by the beginning of a name without end, and by no address that is too long",
      { name: "é".repeat(300), email: `${"a".repeat(320)}@b.example` },
      {},
      { name: "é".repeat(256), email: null },
    ],
    [
      "not known by an address that nobody confirmed",
      { email: "a@b.example", email_verified: false },
      {},
      { email: "a@b.example", emailVerified: false },
    ],
    [
      "not known by an address that nobody confirmed, said in a text",
      { email_verified: "false" },
      {},
      { emailVerified: false },
    ],
    ...["False", " FALSE ", 0, "0", "no", ""].map((value): IdentityRow => [
      `not known by an address that nobody confirmed, said as ${JSON.stringify(value)}`,
      { email_verified: value },
      {},
      { emailVerified: false },
    ]),
    ...[null, true, "True", 1, "1"].map((value): IdentityRow => [
      `known by an address of which is said ${JSON.stringify(value)}`,
      { email_verified: value },
      {},
      { emailVerified: true },
    ]),
    ["without an address that has letters nobody sees", { email: "a\u202e@b.example" }, {}, { email: null }],
    ["known by an address of which nothing is said", { email: "a@b.example" }, {}, { emailVerified: true }],
  ])("%s", (_, claims, variables, expected) => {
    expect(read(claims, variables)).toMatchObject(expected);
  });

  test.each<[string, Payload, Variables, string]>([
    ["without a subject", { sub: "" }, {}, "claim missing: sub"],
    ["without the claim of the subject", {}, { OIDC_SUBJECT_CLAIM: "oid" }, "claim missing: oid"],
    ["with a subject that is a number", { sub: 7 }, {}, "claim of another type: sub is no text"],
    [
      "without an organisation",
      { org_id: null },
      {},
      "claim missing: org_id (OIDC_ORG_CLAIM, or OIDC_ORG for one organisation)",
    ],
    ["with a list of organisations", { org_id: ["a"] }, {}, "claim of another type: org_id is no text"],
    [
      "with an organisation by a pointer to nowhere",
      { a: "b" },
      { OIDC_ORG_CLAIM: "/a/b" },
      "claim missing: /a/b (OIDC_ORG_CLAIM, or OIDC_ORG for one organisation)",
    ],
    [
      "with an organisation that is inherited",
      {},
      { OIDC_ORG_CLAIM: "/constructor/name" },
      "claim missing: /constructor/name (OIDC_ORG_CLAIM, or OIDC_ORG for one organisation)",
    ],
    [
      "with a path for an organisation",
      { org_id: "../a" },
      {},
      "claim of another type: org_id is no id of an organisation",
    ],
  ])("nobody %s, and the reason says it", (_, claims, variables, reason) => {
    const fault = read(claims, variables);
    expect(fault instanceof TokenFault ? fault.toString() : fault).toBe(reason);
  });
});

describe("roles come from", () => {
  const ADMIN = { roles: ["admin"], vaultRoles: {} };
  const ALL = { roles: [], vaultRoles: { "*": ["developer"] } };
  const NONE = { roles: [], vaultRoles: {} };
  const names = (map: object): Variables => ({ OIDC_ROLE_NAMES: JSON.stringify(map) });
  test.each<[string, Payload, Variables, Pick<Identity, "roles" | "vaultRoles">]>([
    ["a list", { roles: ["admin", "viewer"] }, {}, ADMIN],
    ["a text", { roles: "admin" }, {}, ADMIN],
    [
      "any letters' case",
      { roles: ["ADMIN", "Vault_1:Developer"] },
      {},
      { roles: ["admin"], vaultRoles: { Vault_1: ["developer"] } },
    ],
    [
      "a vault's developers",
      { roles: ["vault_1:developer", "vault_2:developer"] },
      {},
      { roles: [], vaultRoles: { vault_1: ["developer"], vault_2: ["developer"] } },
    ],
    ["every vault's developers", { roles: ["*:developer"] }, {}, ALL],
    ["no developers without a vault", { roles: ["developer"] }, {}, NONE],
    [
      "an object's names",
      { roles: { admin: { "1": "acme.example" }, "*:developer": true } },
      {},
      { ...ALL, roles: ["admin"] },
    ],
    ["an object's names that are held alone", { roles: { admin: false, "*:developer": [] } }, {}, NONE],
    [
      "Keycloak's realm roles",
      { realm_access: { roles: ["admin"] } },
      { OIDC_ROLES_CLAIM: "/realm_access/roles" },
      ADMIN,
    ],
    ["Cognito's groups", { "cognito:groups": ["admin"] }, { OIDC_ROLES_CLAIM: "cognito:groups" }, ADMIN],
    [
      "a namespaced claim",
      { "https://acme.example/roles": ["admin"] },
      { OIDC_ROLES_CLAIM: "https://acme.example/roles" },
      ADMIN,
    ],
    [
      "a namespaced claim's member",
      { "https://acme.example/app": { "ro~les": ["admin"] } },
      { OIDC_ROLES_CLAIM: "/https:~1~1acme.example~1app/ro~0les" },
      ADMIN,
    ],
    ["no member that is escaped twice", { "a/b": ["admin"] }, { OIDC_ROLES_CLAIM: "/a~01b" }, NONE],
    ["permissions", { permissions: ["admin"] }, { OIDC_ROLES_CLAIM: "permissions" }, ADMIN],
    [
      "permissions in an object",
      { permissions: { admin: true } },
      { OIDC_ROLES_CLAIM: "permissions" },
      ADMIN,
    ],
    [
      "no groups that Entra has left out",
      {
        _claim_names: { groups: "src1" },
        _claim_sources: { src1: { endpoint: "https://graph.example/admin" } },
        hasgroups: true,
      },
      { OIDC_ROLES_CLAIM: "groups" },
      NONE,
    ],
    [
      "groups, and then not from roles",
      { groups: ["a"], roles: ["admin"] },
      { OIDC_ROLES_CLAIM: "groups" },
      NONE,
    ],
    [
      "names that are translated",
      { roles: ["custody-admins", "Custody Devs"] },
      names({ "Custody-Admins": ["admin"], "custody devs": ["*:developer"] }),
      { ...ALL, roles: ["admin"] },
    ],
    [
      "a translation in place of what the name says itself",
      { roles: ["admin"] },
      names({ admin: ["vault_1:developer"] }),
      { roles: [], vaultRoles: { vault_1: ["developer"] } },
    ],
    ["no name that is translated into none", { roles: ["admin"] }, names({ admin: [] }), NONE],
    [
      "no part of a name",
      { roles: ["admin,developer", "not admin", "a:b:developer", "administrator", ":developer"] },
      {},
      NONE,
    ],
    ["no name that is split", { roles: "viewer admin" }, {}, NONE],
    ["no list within a list", { roles: [["admin"], { name: "admin" }, 7, null] }, {}, NONE],
    ["no number", { roles: 7 }, {}, NONE],
    [
      "vault_roles, too",
      {
        roles: "admin",
        vault_roles: {
          vault_1: ["developer", "viewer"],
          vault_2: "developer",
          vault_3: ["viewer"],
          vault_4: 7,
        },
      },
      {},
      { roles: ["admin"], vaultRoles: { vault_1: ["developer"], vault_2: ["developer"] } },
    ],
    [
      "vault_roles in any letters' case, and as an object; a vault's id as it is written",
      {
        vault_roles: {
          Vault_1: ["Developer"],
          vault_2: " DEVELOPER ",
          vault_3: { Developer: true },
          vault_4: { developer: "false" },
          "/vault_5": "ｄeveloper",
          vault_6: "developers",
        },
      },
      {},
      {
        roles: [],
        vaultRoles: {
          "/vault_5": ["developer"],
          Vault_1: ["developer"],
          vault_2: ["developer"],
          vault_3: ["developer"],
        },
      },
    ],
    [
      "no member of an object that says it does not hold",
      { roles: { admin: "False", "vault_1:developer": "0", "vault_2:developer": {}, "*:developer": [] } },
      {},
      NONE,
    ],
    ["no vault_roles of another type", { vault_roles: ["*"] }, {}, NONE],
  ])("%s", (_, claims, variables, expected) => {
    const identity = read(claims, variables);
    expect(identity).toMatchObject(expected);
    expect((identity as Identity).vaultRoles).toEqual(expected.vaultRoles);
  });
});

test("an API without vaults has developers without one", () => {
  hasVaults = false;
  const all = { vaultRoles: { "*": ["developer"] } };
  expect(read({ roles: ["Developer"] })).toMatchObject(all);
  expect(read({ roles: "devs" }, { OIDC_ROLE_NAMES: '{"devs": ["developer"]}' })).toMatchObject(all);
  hasVaults = true;
});

describe("an operator is whoever has", () => {
  test.each<[string, Payload, Variables]>([
    ["the scope", { scope: "openid portcullis:ops" }, {}],
    ["the scope in a list", { scope: ["portcullis:ops"] }, {}],
    ["the scope in Entra's claim", { scp: "portcullis:ops" }, {}],
    ["the scope in Okta's claim", { scp: ["openid", "portcullis:ops"] }, {}],
    ["the permission", { permissions: ["portcullis:ops"] }, {}],
    ["the permission in a text", { permissions: "read portcullis:ops" }, {}],
    ["the scope beside what is no text", { scope: 7, scp: [null, {}, "portcullis:ops"] }, {}],
    ["the role", { roles: ["Portcullis:Ops"] }, {}],
    ["a role that stands for it", { roles: ["sre"] }, { OIDC_ROLE_NAMES: '{"sre": ["portcullis:ops"]}' }],
    ["a role that is listed", { roles: ["SRE"] }, { OIDC_OPERATORS: "gateway-ops,sre" }],
    ["a role that is listed in other letters", { roles: ["Site  Ｏps"] }, { OIDC_OPERATORS: "site ops" }],
    ["a scope that is listed", { scope: "gateway.cut" }, { OIDC_OPERATORS: "gateway.cut" }],
  ])("%s", (_, claims, variables) => {
    expect(read(claims, variables)).toMatchObject({ operator: true });
  });

  test.each<[string, Payload, Variables]>([
    ["no scope", {}, {}],
    ["part of the scope", { scope: "portcullis:opsx xportcullis:ops portcullis" }, {}],
    ["the scope in another letters' case", { scope: "Portcullis:Ops" }, {}],
    ["the role in another claim than that of roles", { groups: ["portcullis:ops"] }, {}],
    ["the admin role", { roles: ["admin"] }, {}],
    [
      "scopes of other types",
      { scope: { "portcullis:ops": true }, scp: [["portcullis:ops"]], permissions: 1 },
      {},
    ],
    ["a name that begins like a listed one", { roles: ["sre-eu"] }, { OIDC_OPERATORS: "sre" }],
    [
      "the role in a tenant of many",
      { roles: ["portcullis:ops"], scp: "portcullis:ops", tid: "t-1" },
      { OIDC_ISSUER: "https://login.example/common/v2.0", OIDC_ORG_CLAIM: "tid" },
    ],
  ])("not who has %s", (_, claims, variables) => {
    expect(read(claims, variables)).toMatchObject({ operator: false });
  });
});

const PAPE = "http://schemas.openid.net/pape/policies/2007/06/multi-factor";
const FRESH = { auth_time: NOW_S - 299 };
const OKTA = { OIDC_MFA: "acr:urn:okta:loa:2fa:any,amr:mfa" };
const ENTRA = { OIDC_MFA: "acrs:c1" };

describe("a second factor is fresh", () => {
  test.each<[string, Payload, Variables, Payload | null]>([
    ["by a list of methods", { ...FRESH, amr: ["pwd", "mfa"] }, {}, null],
    ["by a method as a text", { ...FRESH, amr: "mfa" }, {}, null],
    ["by PAPE's class", { ...FRESH, acr: PAPE }, {}, null],
    ["by a class within a list", { ...FRESH, acr: ["1", PAPE] }, {}, null],
    ["by a method among what is no text", { ...FRESH, amr: [7, null, { mfa: true }, "mfa"] }, {}, null],
    ["by the ID token's class where the access token's is no text", { ...FRESH, acr: 1 }, {}, { acr: PAPE }],
    ["by Okta's class", { ...FRESH, acr: "urn:okta:loa:2fa:any" }, OKTA, null],
    ["by Entra's context as a text", { ...FRESH, acrs: "c1" }, ENTRA, null],
    ["by Entra's contexts", { ...FRESH, acrs: ["c1", "c2"] }, ENTRA, null],
    ["by a time that is written as a text", { amr: ["mfa"], auth_time: `${NOW_S - 299}` }, {}, null],
    ["by the ID token of the same sign-in", {}, {}, { ...FRESH, amr: ["mfa"] }],
    ["by the ID token's methods and the access token's time", FRESH, {}, { amr: ["mfa"] }],
    ["by the access token's methods and the ID token's time", { amr: ["mfa"] }, {}, FRESH],
    [
      "by the ID token's methods where the access token has a class alone",
      { ...FRESH, acr: "1" },
      {},
      { amr: ["mfa"] },
    ],
    ["by a clock a little ahead", { amr: ["mfa"], auth_time: NOW_S + 29 }, {}, null],
    [
      "by the ID token's time where the access token's is none",
      { amr: ["mfa"], auth_time: "now" },
      {},
      FRESH,
    ],
  ])("%s", (_, claims, variables, signIn) => {
    expect(read(claims, variables, signIn)).toMatchObject({ mfaFault: null });
  });

  test.each<[string, Payload, Variables, Payload | null]>([
    ["without any claim of it", FRESH, {}, null],
    ["without a time", { amr: ["mfa"] }, {}, null],
    ["of long ago", { amr: ["mfa"], auth_time: NOW_S - 301 }, {}, null],
    ["of a time to come", { amr: ["mfa"], auth_time: NOW_S + 60 }, {}, null],
    ["of long ago, written as a text", { amr: ["mfa"], auth_time: `${NOW_S - 301}` }, {}, null],
    ["of a time that never is", { amr: ["mfa"], auth_time: 1e308 }, {}, null],
    ["by another method", { ...FRESH, amr: ["otp"] }, {}, null],
    ["by a method that is a member's name", { ...FRESH, amr: { mfa: true } }, {}, null],
    ["by a method within a list of lists", { ...FRESH, amr: [["mfa"]] }, {}, null],
    ["by classes in one text", { ...FRESH, acr: `1 ${PAPE}` }, {}, null],
    ["by a time in a list", { amr: ["mfa"], auth_time: [NOW_S] }, {}, null],
    ["by part of a method", { ...FRESH, amr: "mfa-none" }, {}, null],
    ["by a class that the settings do not name", { ...FRESH, acr: PAPE, amr: ["mfa"] }, ENTRA, null],
    ["by the value of one claim in another", { ...FRESH, amr: ["c1"] }, ENTRA, null],
    [
      "by the ID token where the access token says otherwise",
      { ...FRESH, amr: ["pwd"] },
      {},
      { amr: ["mfa"] },
    ],
    [
      "by the ID token's time where the access token has an older one",
      { amr: ["mfa"], auth_time: NOW_S - 600 },
      {},
      FRESH,
    ],
  ])("and not %s", (_, claims, variables, signIn) => {
    expect(read(claims, variables, signIn)).toMatchObject({
      mfaFault: expect.stringMatching(
        /^second factor: (none of a|claim missing: auth_time|too long ago|in the future)/,
      ),
    });
  });
});

describe("of any claims", () => {
  const NAMES = [
    "sub",
    "org_id",
    "roles",
    "vault_roles",
    "groups",
    "scope",
    "scp",
    "permissions",
    "amr",
    "*",
  ];
  const TEXTS = [
    "org_test",
    "org_other",
    "admin",
    "*:developer",
    "vault_1:developer",
    "developer",
    "mfa",
    "x",
  ];
  const ANY = jsonWith(NAMES, TEXTS);
  const TOKEN = fc.record(
    Object.fromEntries([...NAMES, "email", "name", "auth_time", "acr"].map((name) => [name, ANY])),
    { requiredKeys: [] },
  );
  const VARIABLES: readonly Variables[] = [
    {},
    { OIDC_ROLES_CLAIM: "/groups/0/roles", OIDC_SUBJECT_CLAIM: "/sub/sub", OIDC_ORG_CLAIM: "/org_id/0" },
    { OIDC_ORG: "org_one", OIDC_ROLES_CLAIM: "groups", OIDC_ROLE_NAMES: '{"x": ["*:developer"]}' },
    { OIDC_MFA: "acr:mfa,amr:mfa", OIDC_OPERATORS: "staff", OIDC_ROLES_CLAIM: "permissions" },
  ];

  test.each(VARIABLES)(
    "somebody is who the claims say and has no more than they give, or nobody: %j",
    (variables) => {
      always(
        fc.tuple(TOKEN, fc.option(TOKEN)),
        ([claims, signIn]) => {
          const identity = read(claims, variables, signIn);
          if (identity instanceof TokenFault) return;
          const text = JSON.stringify({ ...CLAIMS, ...claims });
          const { subject, orgId, roles, vaultRoles, operator } = identity;
          expect(text).toContain(JSON.stringify(subject));
          expect(orgId).toMatch(ORG_ID);
          if (variables["OIDC_ORG"] === undefined) expect(text).toContain(JSON.stringify(orgId));
          else expect(orgId).toBe(variables["OIDC_ORG"]);
          expect(roles.every((role) => role === "admin" && text.includes(role))).toBe(true);
          expect(Object.keys(vaultRoles).every((vault) => text.includes(vault) || text.includes("x"))).toBe(
            true,
          );
          expect(operator).toBe(false);
        },
        300,
      );
    },
  );
});
