import { describe, expect, test } from "vitest";
import { isSafeEndpoint, issuerTemplate, stepUpContexts } from "../../../src/core/identity/settings.ts";
import { ConfigError, readConfig } from "../../../src/settings.ts";

const REQUIRED = { ORIGIN_URL: "https://api.example", OIDC_ISSUER: "https://id.example" };
const read = (variables: object) => readConfig({ ...REQUIRED, ...variables });
const PAPE = "http://schemas.openid.net/pape/policies/2007/06/multi-factor";

describe("a setting of the claim mapping", () => {
  test.each<[string, string, string, unknown]>([
    ["OIDC_SUBJECT_CLAIM", "oid", "identity.subjectClaim", "oid"],
    ["OIDC_ORG_CLAIM", "/organization/0", "identity.orgClaim", "/organization/0"],
    ["OIDC_ORG", "org_acme", "identity.organization", "org_acme"],
    ["OIDC_ORG", "", "identity.organization", null],
    ["OIDC_ROLES_CLAIM", "cognito:groups", "identity.rolesClaim", "cognito:groups"],
    ["OIDC_ROLES_CLAIM", "/realm_access/roles", "identity.rolesClaim", "/realm_access/roles"],
    [
      "OIDC_ROLES_CLAIM",
      "/https:~1~1acme.example~1roles",
      "identity.rolesClaim",
      "/https:~1~1acme.example~1roles",
    ],
    ["OIDC_EMAIL_CLAIM", "preferred_username", "identity.emailClaim", "preferred_username"],
    ["OIDC_NAME_CLAIM", "nickname", "identity.nameClaim", "nickname"],
    ["OIDC_OPERATORS", "", "identity.operators", []],
    ["OIDC_OPERATORS", "gateway-ops, On-call ", "identity.operators", ["gateway-ops", "On-call"]],
    [
      "OIDC_ROLE_NAMES",
      '{"Custody-Admins": ["admin"], "devs": ["*:developer"], "none": []}',
      "identity.roleNames",
      new Map([
        ["custody-admins", ["admin"]],
        ["devs", ["*:developer"]],
        ["none", []],
      ]),
    ],
    ["OIDC_ROLE_NAMES", "", "identity.roleNames", new Map()],
    [
      "OIDC_MFA",
      `acr:urn:okta:loa:2fa:any, amr:otp,acrs:c1`,
      "identity.secondFactors",
      [
        { claim: "acr", value: "urn:okta:loa:2fa:any" },
        { claim: "amr", value: "otp" },
        { claim: "acrs", value: "c1" },
      ],
    ],
    [
      "OIDC_MFA",
      "",
      "identity.secondFactors",
      [
        { claim: "amr", value: "mfa" },
        { claim: "acr", value: PAPE },
      ],
    ],
    ["OIDC_MFA_REQUEST", "", "client.mfaRequest", { acr_values: PAPE }],
    ["OIDC_MFA_REQUEST", "{}", "client.mfaRequest", {}],
    [
      "OIDC_MFA_REQUEST",
      '{"acr_values": ["a", "b"], "prompt": null}',
      "client.mfaRequest",
      { acr_values: "a b", prompt: null },
    ],
    [
      "OIDC_MFA_REQUEST",
      '{"claims": {"id_token": {"acrs": {"essential": true, "value": "c1"}}}}',
      "client.mfaRequest",
      { claims: '{"id_token":{"acrs":{"essential":true,"value":"c1"}}}' },
    ],
    [
      "OIDC_AUTHORIZE_PARAMS",
      '{"audience": "https://gateway.example", "organization": "org_1"}',
      "client.authorizeParams",
      { audience: "https://gateway.example", organization: "org_1" },
    ],
    ["OIDC_AUTHORIZE_PARAMS", '{"max_age": 0}', "client.authorizeParams", { max_age: "0" }],
    ["OIDC_AUTHORIZE_PARAMS", '{"x": ["a", 1]}', "client.authorizeParams", { x: '["a",1]' }],
  ])("%s=%s is read", (name, value, field, expected) => {
    expect(read({ [name]: value })).toHaveProperty(field, expected);
  });

  test.each([
    ["OIDC_SUBJECT_CLAIM", ""],
    ["OIDC_ORG_CLAIM", "/a~2b"],
    ["OIDC_ROLES_CLAIM", ""],
    ["OIDC_EMAIL_CLAIM", ""],
    ["OIDC_NAME_CLAIM", "/~"],
    ["OIDC_ORG", "an organisation"],
    ["OIDC_ORG", "../org"],
    ["OIDC_ORG", "."],
    ["OIDC_ORG", ".."],
    ["OIDC_SUBJECT_CLAIM", " sub"],
    ["OIDC_SUBJECT_CLAIM", " "],
    ["OIDC_NAME_CLAIM", "name "],
    ["OIDC_ROLE_NAMES", '{"a": ["nosuchrole"]}'],
    ["OIDC_ROLE_NAMES", '{"a": ["admin", "v1:owner"]}'],
    ["OIDC_ROLE_NAMES", '{" ": ["admin"]}'],
    ["OIDC_OPERATORS", '["a"]'],
    ["OIDC_OPERATORS", '"a", "b"'],
    ["OIDC_MFA", "amr: mfa"],
    ["OIDC_MFA_REQUEST", '{"prompt": "none"}'],
    ["OIDC_MFA_REQUEST", '{"prompt": ["none", "login"]}'],
    ["OIDC_MFA_REQUEST", '{"max_age": "soon"}'],
    ["OIDC_MFA_REQUEST", '{"claims": "acrs"}'],
    ["OIDC_MFA_REQUEST", '{"": "x"}'],
    ["OIDC_AUTHORIZE_PARAMS", '{"prompt": "none"}'],
    ["OIDC_AUTHORIZE_PARAMS", '{"max_age": -1}'],
    ["OIDC_ROLE_NAMES", "admins=admin"],
    ["OIDC_ROLE_NAMES", '["admin"]'],
    ["OIDC_ROLE_NAMES", '"admin"'],
    ["OIDC_ROLE_NAMES", "null"],
    ["OIDC_ROLE_NAMES", '{"a": 1}'],
    ["OIDC_ROLE_NAMES", '{"a": "admin"}'],
    ["OIDC_ROLE_NAMES", '{"a": ["admin", 1]}'],
    ["OIDC_ROLE_NAMES", '{"a": {"admin": true}}'],
    ["OIDC_ROLE_NAMES", '{"Staff": ["admin"], "staff ": []}'],
    ["OIDC_OPERATORS", "a,,b"],
    ["OIDC_MFA", "mfa"],
    ["OIDC_MFA", "amr:"],
    ["OIDC_MFA", "amr:mfa,"],
    ["OIDC_MFA", "method:mfa"],
    ["OIDC_MFA_REQUEST", "acr_values=a"],
    ["OIDC_MFA_REQUEST", "[]"],
    ["OIDC_MFA_REQUEST", '{"state": "mine"}'],
    ...[
      "client_id", "response_type", "response_mode", "redirect_uri", "nonce", "code_challenge",
      "code_challenge_method", "request", "request_uri", "scope", "resource",
    ].map((name): [string, string] => ["OIDC_AUTHORIZE_PARAMS", JSON.stringify({ [name]: "mine" })]), // prettier-ignore
    ["OIDC_AUTHORIZE_PARAMS", "audience"],
    ["OIDC_AUTHORIZE_PARAMS", '{"redirect_uri": "https://evil.example"}'],
    ["OIDC_AUTHORIZE_PARAMS", '{"code_challenge": "a"}'],
    ["OIDC_AUTHORIZE_PARAMS", '{"nonce": null}'],
  ])("%s=%j stops the start, and is named with what it is", (name, value) => {
    const start = (): unknown => read({ [name]: value });
    expect(start).toThrow(ConfigError);
    expect(start).toThrow(new RegExp(`^${name} must .+\\(is ${RegExp.escape(JSON.stringify(value))}\\)$`));
  });
});

test("a name may stand for a name of operators", () => {
  const names = '{"sre": ["portcullis:ops", "Gateway Ops"]}';
  const { identity } = read({ OIDC_OPERATORS: "gateway  ops", OIDC_ROLE_NAMES: names });
  expect(identity.roleNames.get("sre")).toEqual(["portcullis:ops", "Gateway Ops"]);
});

describe("with an issuer that every tenant signs in by", () => {
  const ISSUER = "https://login.microsoftonline.com/organizations/v2.0";
  test.each([
    ["OIDC_ORG", { OIDC_ORG: "org_acme" }],
    ["OIDC_ORG_CLAIM", {}],
    ["OIDC_ORG_CLAIM", { OIDC_ORG_CLAIM: "extn.org" }],
  ])("%s stops the start if one tenant could name another's organisation", (name, variables) => {
    const start = (): unknown => read({ OIDC_ISSUER: ISSUER, ...variables });
    expect(start).toThrow(ConfigError);
    expect(start).toThrow(new RegExp(`^${name} must `));
  });

  test.each(["https://id.example/realms/common", "https://id.example/common/realm", "https://common/v2.0"])(
    "%s is not meant",
    (issuer) => {
      expect(read({ OIDC_ISSUER: issuer }).identity.orgClaim).toBe("org_id");
    },
  );

  test.each([
    [ISSUER, "https://login.microsoftonline.com/{tenantid}/v2.0"],
    ["https://login.microsoftonline.com/common/", "https://login.microsoftonline.com/{tenantid}/"],
    ["http://127.0.0.1:1/consumers", "http://127.0.0.1:1/{tenantid}"],
    ["https://login.microsoftonline.com/8d2c/v2.0", null],
  ])("tokens of %s name it as %s", (issuer, expected) => {
    expect(issuerTemplate(issuer)).toBe(expected);
  });

  test("the tenant is the organisation", () => {
    const config = read({ OIDC_ISSUER: ISSUER, OIDC_ORG_CLAIM: "tid" });
    expect(config.identity.orgClaim).toBe("tid");
  });
});

describe("a step-up challenge names", () => {
  test.each<[string, object, string | null]>([
    ["PAPE's policy by default", {}, PAPE],
    ["what the console asks for", { OIDC_MFA_REQUEST: '{"acr_values": "gold"}' }, "gold"],
    ["several of them", { OIDC_MFA_REQUEST: '{"acr_values": ["gold", "silver"]}' }, "gold silver"],
    [
      "what counts, where it is asked for otherwise",
      { OIDC_MFA_REQUEST: '{"claims": {}}', OIDC_MFA: "acrs:c1,acr:gold,amr:mfa,acrs:gold" },
      "c1 gold",
    ],
    ["what counts, where nothing is asked for", { OIDC_MFA_REQUEST: "{}", OIDC_MFA: "acr:gold" }, "gold"],
    ["nothing where methods alone count", { OIDC_MFA_REQUEST: "{}", OIDC_MFA: "amr:mfa" }, null],
    ["nothing that no header can hold", { OIDC_MFA_REQUEST: '{"acr_values": "gold\\n"}' }, null],
  ])("%s", (_, variables, expected) => {
    const { client, identity } = read(variables);
    expect(stepUpContexts(client.mfaRequest, identity)).toBe(expected);
  });
});

test.each([
  ["https://id.example/keys", "https://id.example", true],
  ["HTTPS://id.example/keys", "https://id.example", true],
  ["http://id.example/keys", "https://id.example", false],
  ["javascript:alert(1)", "https://id.example", false],
  ["", "https://id.example", false],
  ["/keys", "https://id.example", false],
  ["http://127.0.0.1:1/keys", "http://127.0.0.1:1", true],
  ["https://id.example/keys", "http://127.0.0.1:1", true],
  ["data:application/json,{}", "http://127.0.0.1:1", false],
])("that %j may be used which %s names: %s", (url, issuer, expected) => {
  expect(isSafeEndpoint(url, { issuer })).toBe(expected);
});
