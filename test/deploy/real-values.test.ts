import { afterAll, describe, expect, test } from "vitest";
import { problemsOf } from "../../src/deploy/checks.ts";
import { readTarget } from "../../src/deploy/configuration.ts";
import { FILLED_IN, writeConfig } from "../support/deployment.ts";

const { path, remove } = writeConfig(...FILLED_IN);
afterAll(remove);
const TARGET = readTarget({
  config: path,
  environment: "production",
  dryRun: false,
  url: null,
  rollbackTo: null,
});
const KV = TARGET.kv_namespaces.find(({ binding }) => binding === "KEY_RECORDS");
const GUID = "9b1f6c2e-83d4-4f0a-b7a5-1c2d9e64f0a3";

const withVar = (name: string, value: string) =>
  problemsOf({ ...TARGET, vars: { ...TARGET.vars, [name]: value } });
const withRoute = (route: NonNullable<typeof TARGET.route>) => problemsOf({ ...TARGET, routes: [route] });

const REAL: readonly (readonly [string, string])[] = [
  ...[
    "https://dev-84519026.okta.com",
    "https://dev-1234567.okta.com/oauth2/default",
    "https://acme.okta.com/oauth2/aus8fk2q9XyZ1abcd5d7",
    `https://login.microsoftonline.com/${GUID}/v2.0`,
    `https://acme.ciamlogin.com/${GUID}/v2.0`,
    `https://acme.b2clogin.com/${GUID}/v2.0/`,
    "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbC3dEfGh",
    `https://auth.pingone.eu/${GUID}/as`,
    "https://dev-k3x8mzq1.eu.auth0.com/",
    "https://accounts.google.com",
    "https://id.custody.io/realms/custody",
    "https://login.acme.io/application/o/portcullis/",
    "https://acme.onelogin.com/oidc/2",
    "https://tenant.acme.io",
    "https://realm.acme.io/realms/main",
    "https://charming-tesla-9x2k.projects.oryapis.com",
    "https://id.acme.io/mandanten/%E4%BD%A0",
  ].map((issuer) => ["OIDC_ISSUER", issuer] as const),
  ...[
    "https://api.custody.io",
    "https://your.bank",
    "https://api.your.bank/v2",
    "https://todo.acme.io",
    "https://static.17.clients.your-server.de",
    "https://todos-123456.acme.io",
    "https://api.foo.dev",
    "https://bar.io/v1",
    "https://foobar.com",
    "https://www.your-travel.com",
    "https://your-krone.at/api",
    "https://api.not-your-bank.io",
  ].map((origin) => ["ORIGIN_URL", origin] as const),
  ...[
    "928374650192-k2j8f0s9d7a6q5w4e3r2t1y0u9i8o7p6.apps.googleusercontent.com",
    "xW3rTbd7QkLm9ZpYvNcHsJgFuEa2D5oI",
    "aB123456cDeFgHiJkLmNoPqRsTuVwXyZ",
    "7f1234569c0e4b6f8a2d3c5e7b9a1f0d",
    GUID,
    "0oa8fk2q9XyZ1abcd5d7",
    "4kd81xxx0q2mtodo7v9s3r6bfj",
    "284537123456890217@custody",
    "portcullis-console",
  ].map((client) => ["OIDC_CLIENT_ID", client] as const),
  ["ORIGIN_AUDIENCE", "api://portcullis"],
  ["OIDC_AUDIENCE", `api://${GUID}`],
  ["OIDC_AUDIENCE", "account"],
  ["OIDC_RESOURCE", "https://api.custody.io/v1"],
  ["OIDC_ORG", "org_8fk2q9XyZ1abcd5d"],
  ["OIDC_AUTHORIZE_PARAMS", '{"organization_id": "org_8fk2q9XyZ1"}'],
  ["OIDC_AUTHORIZE_PARAMS", `{"tenant":"${GUID}"}`],
  ["OIDC_ORG_CLAIM", "user.company.id"],
  ["OIDC_ROLES_CLAIM", "https://custody.io/claims/roles"],
  ["ORIGINS", '{"tenant": "https://tenants.custody.io"}'],
  ["CORS_ORIGINS", "https://tenant.acme.io, https://console.your.bank"],
];

describe("what a deployment really has is let through:", () => {
  test.each(REAL)("%s = %s", (name, value) => expect(withVar(name, value)).toEqual([]));

  test.each([
    "gateway.acme.dev",
    "tenant.acme.io",
    "gateway.foo.dev",
    "gw.your-travel.com",
    "api.your.bank",
    "api-123456.custody.io",
    "gw.bücher.io",
  ])("the custom domain %s", (pattern) => expect(withRoute({ pattern, custom_domain: true })).toEqual([]));

  test.each([
    { pattern: "gateway.acme.dev/*", zone_name: "acme.dev" },
    { pattern: "*.gw.acme.co.uk/*", zone_name: "acme.co.uk" },
    { pattern: "*gateway.your.bank/*", zone_name: "your.bank" },
    { pattern: "https://tenant.acme.io/*", zone_name: "acme.io" },
  ])("the route $pattern", (route) => expect(withRoute(route)).toEqual([]));

  test.each(["portcullis-production", "portcullis", "acme-gateway", "edge-tenant-gateway", "api-keys-2"])(
    "the Worker %s",
    (name) => expect(problemsOf({ ...TARGET, name })).toEqual([]),
  );

  test.each(["0f2ac74b498b48028cb68387c421e279", "e5b1123456f04d7c9a83f2d07be1c94a"])("the id %s", (id) => {
    const namespaces = TARGET.kv_namespaces.map((each) => (each === KV ? { ...each, id } : each));
    expect(problemsOf({ ...TARGET, kv_namespaces: namespaces, account_id: id })).toEqual([]);
  });
});

describe("what looks like it, and is in no deployment, is refused:", () => {
  test.each([
    ["OIDC_ISSUER", "https://tenant.okta.com"],
    ["OIDC_ISSUER", "https://tenant.eu.auth0.com/"],
    ["OIDC_ISSUER", "https://dev-12345678.okta.com"],
    ["OIDC_ISSUER", "https://login.acme.io/realms/realm"],
    ["OIDC_ISSUER", "https://login.acme.io/123456789"],
    ["ORIGIN_URL", "https://api.your.domain"],
    ["ORIGIN_URL", "https://your-api.acme.io"],
    ["ORIGIN_URL", "https://api.your-domain.com"],
    ["ORIGIN_URL", "https://your-company.com/v1"],
    ["OIDC_ISSUER", "https://your-tenant.eu.auth0.com"],
    ["OIDC_CLIENT_ID", "your client id"],
    ["KEY_PREFIX", "your"],
    ["ORIGIN_URL", "https://xxx.acme.io"],
    ["OIDC_CLIENT_ID", "1234567890"],
    ["OIDC_CLIENT_ID", "12345678901234567890"],
    ["OIDC_CLIENT_ID", "123456789012-abc.apps.googleusercontent.com"],
    ["OIDC_CLIENT_ID", "changeme123"],
    ["OIDC_AUTHORIZE_PARAMS", '{"organization_id": "ORG_ID"}'],
    ["ORIGINS", '{"uploads": "https://TENANT.custody.io"}'],
  ])("%s = %s", (name, value) => {
    expect(withVar(name, value)).toEqual([expect.stringMatching(/ is a placeholder$/)]);
  });

  test.each([
    ["gateway.*.dev/*", /\* that is not at the front/],
    ["gate*way.acme.dev/*", /\* that is not at the front/],
    ["*.gw.*.acme.dev/*", /\* that is not at the front/],
    ["**.acme.dev/*", /\* that is not at the front/],
    ["gateway.acme.dev:8443/*", /has a port/],
    ["https://gateway.acme.dev:443/*", /has a port/],
    ["10.0.0.1/*", /is an address/],
    ["203.0.113.7/*", /is an address/],
    ["[2001.db8::1]/*", /is an address/],
    ["gateway..acme.dev/*", /is no host's name/],
    ["gate way.acme.dev/*", /is no host's name/],
    ["-gateway.acme.dev/*", /is no host's name/],
    ["gateway.acme.dev/*/*", /leaves out paths/],
    ["gateway.acme.dev/*?v=1", /leaves out paths/],
  ])("the route %s", (route, says) => {
    expect(withRoute(route)).toEqual([expect.stringMatching(says)]);
  });

  test.each([
    ["*.gw.acme.dev", /takes no \*/],
    ["*gw.acme.dev", /takes no \*/],
    ["gateway.acme.dev:8443", /has a port/],
    ["203.0.113.7", /is an address/],
    ["gateway.acme.dev/*", /leaves out paths/],
  ])("the custom domain %s", (pattern, says) => {
    expect(withRoute({ pattern, custom_domain: true })).toEqual([expect.stringMatching(says)]);
  });
});
