import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { ConfigError, readConfig } from "../src/settings.ts";

const REQUIRED = { ORIGIN_URL: "https://api.example", OIDC_ISSUER: "https://id.example/" };

const PAPE = "http://schemas.openid.net/pape/policies/2007/06/multi-factor";

const IDENTITY_DEFAULTS = {
  audience: "portcullis",
  clientId: "portcullis-console",
  subjectClaim: "sub",
  orgClaim: "org_id",
  organization: null,
  rolesClaim: "roles",
  roleNames: new Map(),
  emailClaim: "email",
  nameClaim: "name",
  operators: [],
  secondFactors: [
    { claim: "amr", value: "mfa" },
    { claim: "acr", value: PAPE },
  ],
};

const DEFAULTS = {
  originTimeoutMs: 30_000,
  maxBodyBytes: 10 * 1024 * 1024,
  rolesMaxAgeMs: null,
  client: {
    id: "portcullis-console",
    secret: null,
    scope: "openid profile email",
    resource: null,
    authorizeParams: {},
    mfaRequest: { acr_values: PAPE },
  },
  keyPrefix: "fkc",
  keyPrefixes: ["fkc"],
  importedKeys: null,
  defaultKeyExpiryMs: 365 * 86_400_000,
  auditRetentionMs: 34_560_000_000,
  maxKeysPerOwner: 20,
  leaseMs: 200,
  leaseMaxMs: 1000,
  requestLog: 1,
  serverTiming: false,
  connectionCheckMs: 5000,
  leaseSlackMs: 20,
  rateLimit: { requests: 1000, windowSeconds: 60 },
  tokensPerMinute: 60,
  signingKeyLifetimeMs: 90 * 86_400_000,
  origins: new Map(),
  originAudience: null,
  originIdentity: "both",
  corsOrigins: new Set(),
  scimRoleNames: new Map(),
  controlHostname: null,
  publicOrigin: null,
  githubKeysUrl: "https://api.github.com/meta/public_keys/secret_scanning",
};

const read = (variables: object) => readConfig({ ...REQUIRED, ...variables });

test("what is not set has its default", () => {
  expect(read({})).toEqual({
    origin: { url: "https://api.example", authorization: null },
    identity: { issuer: "https://id.example/", ...IDENTITY_DEFAULTS },
    ...DEFAULTS,
  });
});

test("the variables that the project comes with are the defaults", () => {
  expect(readConfig(env as unknown as Record<string, unknown>)).toMatchObject({
    identity: IDENTITY_DEFAULTS,
    ...DEFAULTS,
  });
});

test.each([
  [{ ADMISSION_LEASE_MS: "11000" }, 11_000],
  [{ ADMISSION_LEASE_MAX_MS: "100" }, 200],
  [{ ADMISSION_LEASE_MS: "0", ADMISSION_LEASE_MAX_MS: "0" }, 0],
])("the longest lease is never shorter than the others: %j", (variables, longest) => {
  expect(read(variables).leaseMaxMs).toBe(longest);
});

describe("a setting", () => {
  test.each<[string, string, string, unknown]>([
    ["ORIGIN_URL", "http://127.0.0.1:8788", "origin", { url: "http://127.0.0.1:8788", authorization: null }],
    ["ORIGIN_URL", "https://api.example/", "origin", { url: "https://api.example", authorization: null }],
    [
      "ORIGIN_URL",
      "https://api.example/base/",
      "origin",
      { url: "https://api.example/base", authorization: null },
    ],
    ["ORIGIN_URL", "https://api.example//", "origin", { url: "https://api.example", authorization: null }],
    ["ORIGIN_URL", "HTTPS://API.example:443", "origin", { url: "https://api.example", authorization: null }],
    ["ORIGIN_TIMEOUT_MS", "1", "originTimeoutMs", 1],
    ["MAX_BODY_BYTES", "0", "maxBodyBytes", 0],
    ["OIDC_ISSUER", "https://id.example/tenant", "identity.issuer", "https://id.example/tenant"],
    ["OIDC_AUDIENCE", "https://api.example", "identity.audience", "https://api.example"],
    ["OIDC_CLIENT_ID", "the-console", "client.id", "the-console"],
    ["OIDC_CLIENT_SECRET", "a-secret", "client.secret", "a-secret"],
    ["OIDC_SCOPE", "openid api", "client.scope", "openid api"],
    ["OIDC_RESOURCE", "urn:api", "client.resource", "urn:api"],
    ["KEY_PREFIX", "live2", "keyPrefix", "live2"],
    ["KEY_PREFIX", "live2", "keyPrefixes", ["live2"]],
    ["KEY_PREFIXES_ACCEPTED", "old, older,fkc", "keyPrefixes", ["fkc", "old", "older"]],
    ["IMPORTED_KEYS", "on", "importedKeys", "on"],
    ["IMPORTED_KEYS", "off", "importedKeys", "off"],
    ["DEFAULT_KEY_EXPIRY", "12h", "defaultKeyExpiryMs", 43_200_000],
    ["AUDIT_RETENTION", "30d", "auditRetentionMs", 2_592_000_000],
    ["OIDC_ROLES_MAX_AGE", "5m", "rolesMaxAgeMs", 300_000],
    ["OIDC_ROLES_MAX_AGE", "", "rolesMaxAgeMs", null],
    ["MAX_KEYS_PER_OWNER", "1", "maxKeysPerOwner", 1],
    ["ADMISSION_LEASE_MS", "0", "leaseMs", 0],
    ["LEASE_SLACK_MS", "0", "leaseSlackMs", 0],
    [
      "SCIM_ROLE_NAMES",
      '{"Custody-Admins": ["admin", "v1:Developer"]}',
      "scimRoleNames",
      new Map([["custody-admins", ["admin", "v1:Developer"]]]),
    ],
    ["RATE_LIMIT_REQUESTS", "5", "rateLimit", { requests: 5, windowSeconds: 60 }],
    ["RATE_LIMIT_WINDOW_S", "5", "rateLimit", { requests: 1000, windowSeconds: 5 }],
    ["SERVER_TIMING", "on", "serverTiming", true],
    ["REQUEST_LOG", "all", "requestLog", 1],
    ["REQUEST_LOG", "refused", "requestLog", 0],
    ["REQUEST_LOG", "0.01", "requestLog", 0.01],
    ["REQUEST_LOG", "1", "requestLog", 1],
    ["TOKENS_PER_MINUTE", "5", "tokensPerMinute", 5],
    ["SIGNING_KEY_LIFETIME", "1h", "signingKeyLifetimeMs", 3_600_000],
    ["ORIGIN_AUDIENCE", "custody", "originAudience", "custody"],
    ["ORIGIN_AUDIENCE", "", "originAudience", null],
    ["ORIGIN_IDENTITY", "assertion", "originIdentity", "assertion"],
    [
      "ORIGIN_AUTHORIZATION",
      "Basic eDp5",
      "origin",
      { url: "https://api.example", authorization: "Basic eDp5" },
    ],
    ["ORIGIN_AUTHORIZATION", "", "origin", { url: "https://api.example", authorization: null }],
    ["CORS_ORIGINS", "*", "corsOrigins", "*"],
    [
      "CORS_ORIGINS",
      "https://App.example:443/, http://localhost:3000,capacitor://localhost",
      "corsOrigins",
      new Set(["https://app.example", "http://localhost:3000", "capacitor://localhost"]),
    ],
    [
      "ORIGINS",
      '{"uploads":"https://Uploads.example/","https://files.example/v2/":"http://127.0.0.1:9000/files"}',
      "origins",
      new Map([
        ["uploads", { url: "https://uploads.example", authorization: null }],
        ["https://files.example/v2", { url: "http://127.0.0.1:9000/files", authorization: null }],
      ]),
    ],
    ["ORIGIN_ASSERTION", "off", "originIdentity", "headers"],
    ["CONTROL_HOSTNAME", "", "controlHostname", null],
    ["CONTROL_HOSTNAME", "control.example", "controlHostname", "control.example"],
    ["CONTROL_HOSTNAME", "control.example", "publicOrigin", "https://control.example"],
    ["PUBLIC_ORIGIN", "", "publicOrigin", null],
    ["PUBLIC_ORIGIN", "https://docs.example", "publicOrigin", "https://docs.example"],
    [
      "GITHUB_SECRET_SCANNING_KEYS_URL",
      "http://127.0.0.1:9/keys",
      "githubKeysUrl",
      "http://127.0.0.1:9/keys",
    ],
  ])("%s=%s is read", (name, value, field, expected) => {
    expect(read({ [name]: value })).toHaveProperty(field, expected);
  });

  test.each<[string, unknown]>([
    ["ORIGIN_URL", undefined],
    ["ORIGIN_URL", ""],
    ["ORIGIN_URL", "api.example"],
    ["ORIGIN_URL", "ftp://api.example"],
    ["ORIGIN_URL", "https://api.example/?a=b"],
    ["ORIGIN_URL", "https://api.example/#top"],
    ["ORIGIN_URL", "https://api.example/?"],
    ["ORIGIN_URL", "https://api.example/#"],
    ["ORIGIN_URL", "https:api.example"],
    ["ORIGIN_URL", "https:\\\\api.example"],
    ["ORIGIN_URL", "https://api.ex\nample"],
    ["OIDC_ISSUER", "https:id.example"],
    ["OIDC_ISSUER", "https://id.example/?"],
    ["PUBLIC_ORIGIN", "https:docs.example"],
    ["ORIGINS", '{"uploads":"https://uploads.example/#"}'],
    ["RATE_LIMIT_REQUESTS", 500],
    ["SERVER_TIMING", true],
    ["OIDC_OPERATORS", ["ops"]],
    ["IMPORTED_KEYS", 1],
    ["ORIGINS", { uploads: "https://uploads.example" }],
    ["ORIGIN_TIMEOUT_MS", "0"],
    ["ORIGIN_TIMEOUT_MS", "30s"],
    ["ORIGIN_TIMEOUT_MS", "600001"],
    ["MAX_BODY_BYTES", "-1"],
    ["MAX_BODY_BYTES", "1e6"],
    ["OIDC_ISSUER", undefined],
    ["OIDC_ISSUER", ""],
    ["OIDC_ISSUER", "id.example"],
    ["OIDC_AUDIENCE", ""],
    ["OIDC_CLIENT_ID", ""],
    ["OIDC_SCOPE", "profile email"],
    ["OIDC_SCOPE", 'openid "api"'],
    ["OIDC_AUDIENCE", " "],
    ["OIDC_AUDIENCE", "portcullis\n"],
    ["OIDC_CLIENT_ID", " "],
    ["OIDC_ISSUER", " https://id.example"],
    ["OIDC_ISSUER", "https://id.example\u00a0"],
    ["ORIGIN_URL", "https://api.example "],
    ["ORIGIN_AUDIENCE", " custody"],
    ["PUBLIC_ORIGIN", "\thttps://docs.example"],
    ["OIDC_RESOURCE", "x"],
    ["OIDC_RESOURCE", "https://a#b"],
    ["OIDC_RESOURCE", "https://a#"],
    ["OIDC_RESOURCE", "https://a.example/b c"],
    ["CONTROL_HOSTNAME", "control..example"],
    ["CONTROL_HOSTNAME", "control-.example"],
    ["KEY_PREFIX", ""],
    ["KEY_PREFIX", "FKC"],
    ["KEY_PREFIX", "fkc_"],
    ["KEY_PREFIX", "2fkc"],
    ["KEY_PREFIX", "a".repeat(17)],
    ["KEY_PREFIXES_ACCEPTED", "old,"],
    ["KEY_PREFIXES_ACCEPTED", "old older"],
    ["KEY_PREFIXES_ACCEPTED", "old_"],
    ["KEY_PREFIXES_ACCEPTED", '["old"]'],
    ["IMPORTED_KEYS", "yes"],
    ["TOKENS_PER_MINUTE", "0"],
    ["SIGNING_KEY_LIFETIME", "59m"],
    ["SIGNING_KEY_LIFETIME", "for ever"],
    ["ORIGIN_ASSERTION", "no"],
    ["ORIGIN_IDENTITY", "jwt"],
    ["SERVER_TIMING", "yes"],
    ["REQUEST_LOG", "none"],
    ["REQUEST_LOG", "ALL"],
    ["REQUEST_LOG", "-0.1"],
    ["REQUEST_LOG", "1.5"],
    ["REQUEST_LOG", "10%"],
    ["REQUEST_LOG", "1e-2"],
    ["REQUEST_LOG", "NaN"],
    ["KEY_PREFIX", "LIVE"],
    ["KEY_PREFIX", "my_key"],
    ["KEY_PREFIXES_ACCEPTED", "old,Older"],
    ["KEY_PREFIXES_ACCEPTED", "old,my_key"],
    ["CORS_ORIGINS", "app.example"],
    ["CORS_ORIGINS", "https://app.example/path"],
    ["CORS_ORIGINS", "https://*.example"],
    ["CORS_ORIGINS", "null"],
    ["CORS_ORIGINS", "https://a.example https://b.example"],
    ["ORIGINS", "uploads=https://uploads.example"],
    ["ORIGINS", '["https://uploads.example"]'],
    ["ORIGINS", '{"uploads":"uploads.example"}'],
    ["ORIGINS", '{"uploads":7}'],
    ["ORIGINS", '{"":"https://uploads.example"}'],
    ["DEFAULT_KEY_EXPIRY", "0d"],
    ["AUDIT_RETENTION", "0d"],
    ["AUDIT_RETENTION", "forever"],
    ["OIDC_ROLES_MAX_AGE", "59s"],
    ["OIDC_ROLES_MAX_AGE", "never"],
    ["DEFAULT_KEY_EXPIRY", "a year"],
    ["MAX_KEYS_PER_OWNER", "0"],
    ["MAX_KEYS_PER_OWNER", "twenty"],
    ["ADMISSION_LEASE_MS", ""],
    ["ADMISSION_LEASE_MS", "-200"],
    ["ADMISSION_LEASE_MS", "60001"],
    ["LEASE_SLACK_MS", "1.5"],
    ["SCIM_ROLE_NAMES", "admins"],
    ["SCIM_ROLE_NAMES", "[]"],
    ["SCIM_ROLE_NAMES", '{"staff":7}'],
    ["SCIM_ROLE_NAMES", '{"staff":["owner"]}'],
    ["RATE_LIMIT_REQUESTS", "0"],
    ["RATE_LIMIT_WINDOW_S", "0"],
    ["RATE_LIMIT_WINDOW_S", " 60"],
    ["CONTROL_HOSTNAME", "https://control.example"],
    ["CONTROL_HOSTNAME", "control.example:8443"],
    ["CONTROL_HOSTNAME", "Control.example"],
    ["PUBLIC_ORIGIN", "https://docs.example/errors"],
    ["PUBLIC_ORIGIN", "docs.example"],
    ["GITHUB_SECRET_SCANNING_KEYS_URL", ""],
    ["GITHUB_SECRET_SCANNING_KEYS_URL", "api.github.com"],
  ])("%s=%j stops it, and is named with what it is", (name, value) => {
    const start = (): unknown => read({ [name]: value });
    expect(start).toThrow(ConfigError);
    expect(start).toThrow(
      new RegExp(`^${name} .+\\(is ${RegExp.escape(JSON.stringify(value) ?? "undefined")}\\)$`),
    );
    expect(start).not.toThrow(/invalid input/i);
  });
});

test.each([
  ["ORIGIN_URL", "https://jane:hunter@two@api.example"],
  ["OIDC_ISSUER", "https://jane:hunter2@id.example/"],
  ["ORIGINS", '{"uploads":"https://jane:hunter2@uploads.example"}'],
  ["PUBLIC_ORIGIN", " https://jane:hunter2@docs.example"],
])("a password in a URL stops the start and is not shown: %s=%j", (name, value) => {
  const start = (): unknown => read({ [name]: value });
  expect(start).toThrow(ConfigError);
  expect(start).toThrow(new RegExp(`^${name} must .*//…@`));
  expect(start).not.toThrow(/jane|hunter|two/);
});

test("a secret with white space around it stops the start and is not shown", () => {
  const start = (): unknown => read({ OIDC_CLIENT_SECRET: "s3cret\n" });
  expect(start).toThrow(/^OIDC_CLIENT_SECRET must have no white space around it \(is a secret\)$/);
});

describe("the credentials that origins are shown are secrets", () => {
  const ORIGINS = '{"uploads":"https://uploads.example","https://files.example/v2":"https://files.example"}';

  test("one for each, by its name", () => {
    const { origin, origins } = read({
      ORIGINS,
      ORIGIN_AUTHORIZATION: "Bearer api",
      ORIGIN_AUTHORIZATION_UPLOADS: "Bearer uploads",
      ORIGIN_AUTHORIZATION_HTTPS_FILES_EXAMPLE_V2: "Bearer files",
    });
    expect(origin.authorization).toBe("Bearer api");
    expect([...origins.values()].map(({ authorization }) => authorization)).toEqual([
      "Bearer uploads",
      "Bearer files",
    ]);
  });

  test.each([
    ["ORIGIN_AUTHORIZATION", "secret\r\nX: y", {}],
    ["ORIGIN_AUTHORIZATION", "s\u00e9cret", {}],
    ["ORIGIN_AUTHORIZATION_UPLOADS", " secret", { ORIGINS }],
    ["ORIGIN_AUTHORIZATION_DOWNLOADS", "secret", { ORIGINS }],
    ["ORIGIN_AUTHORIZATION_UPLOADS", "secret", {}],
  ])("and a bad one stops the start by its name alone: %s=%j", (name, value, others) => {
    const start = (): unknown => read({ ...others, [name]: value });
    expect(start).toThrow(ConfigError);
    expect(start).toThrow(new RegExp(`^${name} `));
    expect(start).not.toThrow(/cret/);
  });

  test("two origins do not share one by accident", () => {
    const start = (): unknown => read({ ORIGINS: '{"a-b":"https://a.example","a_b":"https://b.example"}' });
    expect(start).toThrow(/^ORIGINS /);
  });
});

test("an origin that shall hear who calls by assertion alone cannot be without it", () => {
  expect(() => read({ ORIGIN_ASSERTION: "off", ORIGIN_IDENTITY: "assertion" })).toThrow(/^ORIGIN_ASSERTION /);
});
