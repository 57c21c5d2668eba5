import { type Claims, type Dialect, type Moment, STANDARD_SIGN_OUT } from "./dialect.ts";
import { ENTRA_ROLES, ENTRA_SETTINGS, TENANT, entra, entraPaths } from "./entra.ts";

const CLIENT = "portcullis-console";

const GATEWAY = "https://gateway.example.com";

const PAPE = "http://schemas.openid.net/pape/policies/2007/06/multi-factor";

/** What the organisation's own names stand for. */
const ROLE_NAMES =
  '{"custody-admins": ["admin"], "custody-developers": ["*:developer"], "custody-operators": ["portcullis:ops"]}';

const OKTA_2FA = "urn:okta:loa:2fa:any";

const COGNITO_POOL = "/eu-central-1_EXAMPLE01";

const AUTH0_ORGANIZATION = "org_9ybsU1dN2dKfDkBi";

const AUTH0_ROLES = `${GATEWAY}/roles`;

/** Roles of Auth0 are called as people read them. */
const AUTH0_NAMES: Readonly<Record<string, string>> = {
  "custody-admins": "Custody Admin",
  "custody-developers": "Custody Developer",
  "custody-operators": "Gateway Operator",
};

export const DIALECTS: readonly Dialect[] = [
  {
    ...entra,
    name: "Entra ID",
    issuer: (url) => `${url}/${TENANT}/v2.0`,
    paths: entraPaths(TENANT),
    settings: (url) => ({ ...ENTRA_SETTINGS, OIDC_ISSUER: `${url}/${TENANT}/v2.0` }),
    expected: { orgId: TENANT, id: ({ id }) => id, secondFactor: true, operators: true },
  },
  {
    ...entra,
    name: "Entra ID for every tenant",
    issuer: (url) => `${url}/${TENANT}/v2.0`,
    discoveredIssuer: (url) => `${url}/{tenantid}/v2.0`,
    paths: entraPaths("organizations"),
    settings: (url) => ({ ...ENTRA_SETTINGS, OIDC_ISSUER: `${url}/organizations/v2.0` }),
    expected: { orgId: TENANT, id: ({ id }) => id, secondFactor: true, operators: false },
  },
  {
    name: "Okta",
    pages: [
      "Step-up authentication using ACR values",
      "OpenID Connect & OAuth 2.0 API",
      "Customize tokens returned from Okta with a Groups claim",
    ],
    clientId: "0oa1b2c3d4e5f6g7h8i9",
    issuer: (url) => `${url}/oauth2/default`,
    paths: {
      authorization: "/oauth2/default/v1/authorize",
      token: "/oauth2/default/v1/token",
      keys: "/oauth2/default/v1/keys",
      signOut: { ...STANDARD_SIGN_OUT, path: "/oauth2/default/v1/logout" },
    },
    complaint: (request) =>
      [null, OKTA_2FA].includes(request.get("acr_values")) ? null : "acr_values is not supported",
    accessToken: ({ person, request, authTime }) => ({
      ver: 1,
      jti: `AT.${crypto.randomUUID()}`,
      aud: "api://portcullis",
      cid: "0oa1b2c3d4e5f6g7h8i9",
      uid: person.id,
      scp: ["openid", "profile", "email"],
      auth_time: authTime,
      acr: request.get("acr_values") ?? "urn:okta:loa:1fa:any",
      sub: person.login,
      groups: person.groups,
    }),
    idToken: ({ person, request, authTime }) => ({
      sub: person.id,
      name: person.name,
      preferred_username: person.login,
      auth_time: authTime,
      amr: request.has("acr_values") ? ["mfa", "otp", "pwd"] : ["pwd"],
      acr: request.get("acr_values") ?? "urn:okta:loa:1fa:any",
      at_hash: "77QmUPtjPfzWtF2AnpK9RQ",
      idp: "00o1",
      ver: 1,
    }),
    settings: (url) => ({
      OIDC_ISSUER: `${url}/oauth2/default`,
      OIDC_AUDIENCE: "api://portcullis",
      OIDC_CLIENT_ID: "0oa1b2c3d4e5f6g7h8i9",
      OIDC_SCOPE: "openid profile email offline_access",
      OIDC_SUBJECT_CLAIM: "uid",
      OIDC_EMAIL_CLAIM: "sub",
      OIDC_ORG: "acme",
      OIDC_ROLES_CLAIM: "groups",
      OIDC_ROLE_NAMES: ROLE_NAMES,
      OIDC_MFA: `acr:${OKTA_2FA}`,
      OIDC_MFA_REQUEST: JSON.stringify({ acr_values: OKTA_2FA }),
    }),
    expected: { orgId: "acme", id: ({ id }) => id, secondFactor: true, operators: true },
  },
  {
    name: "Auth0 with Organizations",
    pages: [
      "Work with Tokens and Organizations",
      "Configure Step-up Authentication for Web Apps",
      "Log Users Out of Auth0 with the Auth0 Logout Endpoint",
      "Create Custom Claims",
    ],
    clientId: CLIENT,
    issuer: (url) => `${url}/`,
    paths: {
      authorization: "/authorize",
      token: "/oauth/token",
      keys: "/.well-known/jwks.json",
      signOut: {
        path: "/v2/logout",
        discovered: false,
        parameters: ["client_id", "returnTo"],
        returnParameter: "returnTo",
      },
    },
    furtherMetadata: { mfa_challenge_endpoint: "https://acme.example/mfa/challenge" },
    complaint: (request) =>
      request.get("organization") === AUTH0_ORGANIZATION ? null : "parameter organization is required",
    accessToken: ({ person, request, url }) =>
      request.get("audience") === GATEWAY
        ? {
            sub: `auth0|${person.id}`,
            aud: [GATEWAY, `${url}/userinfo`],
            azp: CLIENT,
            scope: request.get("scope"),
            org_id: AUTH0_ORGANIZATION,
            [AUTH0_ROLES]: person.groups.map((group) => AUTH0_NAMES[group] ?? group),
          }
        : "eyJhbGciOiJkaXIifQ..opaque.token.x",
    idToken: ({ person, request, authTime }) => ({
      sub: `auth0|${person.id}`,
      sid: crypto.randomUUID(),
      org_id: AUTH0_ORGANIZATION,
      name: person.name,
      ...(request.has("max_age") && { auth_time: authTime }),
      ...(request.get("acr_values") === PAPE && { amr: ["mfa"] }),
    }),
    settings: (url) => ({
      OIDC_ISSUER: `${url}/`,
      OIDC_AUDIENCE: GATEWAY,
      OIDC_CLIENT_ID: CLIENT,
      OIDC_AUTHORIZE_PARAMS: `{"audience": "${GATEWAY}", "organization": "${AUTH0_ORGANIZATION}"}`,
      OIDC_ROLES_CLAIM: AUTH0_ROLES,
      OIDC_ROLE_NAMES:
        '{"Custody Admin": ["admin"], "Custody Developer": ["*:developer"], "Gateway Operator": ["portcullis:ops"]}',
    }),
    expected: {
      orgId: AUTH0_ORGANIZATION,
      id: ({ id }) => `auth0|${id}`,
      secondFactor: true,
      operators: true,
    },
  },
  {
    name: "Keycloak",
    pages: [
      "Server Administration Guide: Mapping organization claims",
      "Server Administration Guide: Step-up authentication",
      "Upgrading Guide 24.0.0: Nonce claim is only added to the ID token",
    ],
    clientId: CLIENT,
    issuer: (url) => `${url}/realms/acme`,
    paths: {
      authorization: "/realms/acme/protocol/openid-connect/auth",
      token: "/realms/acme/protocol/openid-connect/token",
      keys: "/realms/acme/protocol/openid-connect/certs",
      signOut: { ...STANDARD_SIGN_OUT, path: "/realms/acme/protocol/openid-connect/logout" },
    },
    accessToken: ({ person, request, authTime }) => ({
      typ: "Bearer",
      azp: CLIENT,
      // As versions up to 23 have it, and later ones with the mapper "Nonce backwards compatible".
      nonce: request.get("nonce"),
      session_state: "5b4f5f1e",
      sub: person.id,
      aud: ["portcullis", "account"],
      acr: request.get("acr_values") === "gold" ? "gold" : "silver",
      auth_time: authTime,
      realm_access: { roles: ["offline_access", ...person.groups] },
      organization: ["acme"],
      scope: "openid profile email organization",
      email_verified: true,
      name: person.name,
      email: person.login,
      preferred_username: person.login,
    }),
    idToken: ({ person, request, authTime }) => ({
      typ: "ID",
      azp: CLIENT,
      sub: person.id,
      acr: request.get("acr_values") === "gold" ? "gold" : "silver",
      auth_time: authTime,
      at_hash: "77QmUPtjPfzWtF2AnpK9RQ",
    }),
    settings: (url) => ({
      OIDC_ISSUER: `${url}/realms/acme`,
      OIDC_AUDIENCE: "portcullis",
      OIDC_CLIENT_ID: CLIENT,
      OIDC_SCOPE: "openid profile email organization",
      OIDC_ORG_CLAIM: "/organization/0",
      OIDC_ROLES_CLAIM: "/realm_access/roles",
      OIDC_ROLE_NAMES: ROLE_NAMES,
      OIDC_MFA: "acr:gold",
      OIDC_MFA_REQUEST: JSON.stringify({ acr_values: "gold" }),
    }),
    expected: { orgId: "acme", id: ({ id }) => id, secondFactor: true, operators: true },
  },
  {
    name: "Cognito",
    pages: [
      "Understanding the access token",
      "Scopes, M2M, and resource servers: Resource binding",
      "Pre token generation Lambda trigger",
      "The managed login sign-out endpoint: /logout",
    ],
    clientId: CLIENT,
    issuer: (url) => url + COGNITO_POOL,
    paths: {
      authorization: "/oauth2/authorize",
      token: "/oauth2/token",
      keys: `${COGNITO_POOL}/.well-known/jwks.json`,
      signOut: {
        path: "/logout",
        discovered: true,
        parameters: ["client_id", "logout_uri"],
        returnParameter: "logout_uri",
      },
    },
    ignoresMaxAge: true,
    accessToken: ({ person, request, authTime }) => ({
      sub: person.id,
      "cognito:groups": person.groups,
      version: 2,
      client_id: CLIENT,
      origin_jti: crypto.randomUUID(),
      token_use: "access",
      scope: request.get("scope"),
      auth_time: authTime,
      jti: crypto.randomUUID(),
      username: person.id,
      aud: request.get("resource") ?? undefined,
      // Of the Lambda trigger, in a pool that requires a second factor of everybody.
      acrs: ["mfa"],
    }),
    idToken: ({ person, authTime }) => ({
      sub: person.id,
      "cognito:groups": person.groups,
      "cognito:username": person.id,
      at_hash: "77QmUPtjPfzWtF2AnpK9RQ",
      token_use: "id",
      auth_time: authTime,
      email: person.login,
    }),
    settings: (url) => ({
      OIDC_ISSUER: url + COGNITO_POOL,
      OIDC_AUDIENCE: GATEWAY,
      OIDC_RESOURCE: GATEWAY,
      OIDC_CLIENT_ID: CLIENT,
      OIDC_SCOPE: "openid profile email",
      OIDC_ORG: "acme",
      OIDC_ROLES_CLAIM: "cognito:groups",
      OIDC_ROLE_NAMES: ROLE_NAMES,
      OIDC_MFA: "acrs:mfa",
      OIDC_MFA_REQUEST: '{"prompt":"login"}',
    }),
    expected: { orgId: "acme", id: ({ id }) => id, secondFactor: true, operators: true },
  },
  {
    name: "PingOne",
    pages: [
      "Token claims",
      "Specifying authentication journeys using ACR values",
      "OpenID Connect/OAuth 2: Authorize",
    ],
    clientId: CLIENT,
    issuer: (url) => `${url}/3b4e5f6a/as`,
    paths: {
      authorization: "/3b4e5f6a/as/authorize",
      token: "/3b4e5f6a/as/token",
      keys: "/3b4e5f6a/as/jwks",
      signOut: { ...STANDARD_SIGN_OUT, path: "/3b4e5f6a/as/signoff" },
    },
    complaint: (request) =>
      [null, "Multi_Factor"].includes(request.get("acr_values")) ? null : "no such sign-on policy",
    accessTokenType: "at+jwt",
    accessToken: ({ person, request }) => ({
      client_id: CLIENT,
      sub: person.id,
      sid: crypto.randomUUID(),
      aud: [GATEWAY],
      scope: request.get("scope"),
      groups: person.groups,
      email: person.login,
      name: person.name,
    }),
    idToken: ({ person, request, authTime }) => ({
      sub: person.id,
      acr: request.get("acr_values") ?? "Single_Factor",
      amr: request.has("acr_values") ? ["pwd", "otp", "mfa"] : ["pwd"],
      auth_time: authTime,
      at_hash: "77QmUPtjPfzWtF2AnpK9RQ",
    }),
    settings: (url) => ({
      OIDC_ISSUER: `${url}/3b4e5f6a/as`,
      OIDC_AUDIENCE: GATEWAY,
      OIDC_CLIENT_ID: CLIENT,
      OIDC_SCOPE: "openid profile email portcullis",
      OIDC_ORG: "acme",
      OIDC_ROLES_CLAIM: "groups",
      OIDC_ROLE_NAMES: ROLE_NAMES,
      OIDC_MFA: "acr:Multi_Factor",
      OIDC_MFA_REQUEST: JSON.stringify({ acr_values: "Multi_Factor" }),
    }),
    expected: { orgId: "acme", id: ({ id }) => id, secondFactor: true, operators: true },
  },
  {
    name: "authentik",
    pages: ["OAuth2 provider", "providers/oauth2/id_token.py of its source"],
    clientId: CLIENT,
    issuer: (url) => `${url}/application/o/portcullis/`,
    paths: {
      authorization: "/application/o/authorize/",
      token: "/application/o/token/",
      keys: "/application/o/portcullis/jwks/",
      signOut: { ...STANDARD_SIGN_OUT, path: "/application/o/portcullis/end-session/" },
    },
    accessToken: (moment) => ({
      ...authentikClaims(moment),
      aud: CLIENT,
      nonce: moment.request.get("nonce"),
      azp: CLIENT,
      uid: "c0ffee",
    }),
    idToken: (moment) => ({ ...authentikClaims(moment), at_hash: "77QmUPtjPfzWtF2AnpK9RQ" }),
    settings: (url) => ({
      OIDC_ISSUER: `${url}/application/o/portcullis/`,
      OIDC_AUDIENCE: CLIENT,
      OIDC_CLIENT_ID: CLIENT,
      OIDC_ORG: "acme",
      OIDC_ROLES_CLAIM: "groups",
      OIDC_ROLE_NAMES: ROLE_NAMES,
      OIDC_MFA_REQUEST: "{}",
    }),
    expected: { orgId: "acme", id: ({ id }) => id, secondFactor: true, operators: true },
  },
  {
    name: "WorkOS",
    pages: ["Session tokens", "WorkOS Connect: Metadata", "WorkOS Connect: Authorize"],
    clientId: CLIENT,
    issuer: (url) => url,
    paths: {
      authorization: "/oauth2/authorize",
      token: "/oauth2/token",
      keys: "/oauth2/jwks",
      signOut: null,
    },
    accessToken: ({ person, request }) => ({
      sub: `user_${person.id}`,
      aud: request.get("resource") ?? CLIENT,
      org_id: "org_01HRDMC6CM357W30QMHMQ96Q0S",
      role: "member",
      roles: ["member"],
      permissions: person.groups.map((group) => ENTRA_ROLES[group]),
      sid: "session_01HQSXZGF8FHF7A9ZZFCW4387R",
      jti: crypto.randomUUID(),
    }),
    idToken: ({ person }) => ({ sub: `user_${person.id}`, email: person.login }),
    settings: (url) => ({
      OIDC_ISSUER: url,
      OIDC_AUDIENCE: GATEWAY,
      OIDC_RESOURCE: GATEWAY,
      OIDC_CLIENT_ID: CLIENT,
      OIDC_ROLES_CLAIM: "permissions",
    }),
    expected: {
      orgId: "org_01HRDMC6CM357W30QMHMQ96Q0S",
      id: ({ id }) => `user_${id}`,
      secondFactor: false,
      operators: true,
    },
  },
  {
    name: "Google",
    pages: ["OpenID Connect", "Using OAuth 2.0 to Access Google APIs"],
    clientId: CLIENT,
    issuer: (url) => url,
    paths: { authorization: "/o/oauth2/v2/auth", token: "/token", keys: "/oauth2/v3/certs", signOut: null },
    accessToken: () => "ya29.a0AfH6SMC-opaque",
    idToken: ({ person }) => ({
      sub: person.id,
      azp: CLIENT,
      email: person.login,
      email_verified: true,
      hd: "acme.example",
      at_hash: "77QmUPtjPfzWtF2AnpK9RQ",
    }),
    settings: (url) => ({ OIDC_ISSUER: url, OIDC_ORG: "acme" }),
    expected: null,
  },
];

function authentikClaims({ person, authTime }: Moment): Claims {
  return {
    sub: person.id,
    auth_time: authTime,
    acr: "goauthentik.io/providers/oauth2/default",
    amr: ["pwd", "mfa"],
    sid: "5b4f5f1e",
    name: person.name,
    email: person.login,
    email_verified: true,
    groups: person.groups,
  };
}
