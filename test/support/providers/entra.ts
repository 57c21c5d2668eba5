import { STANDARD_SIGN_OUT, type Claims, type Dialect, type Person } from "./dialect.ts";

export const TENANT = "72f988bf-86f1-41af-91ab-2d7cd011db47";

const API_ID = "11112222-bbbb-3333-cccc-4444dddd5555";

const ENTRA_ID = "00001111-aaaa-2222-bbbb-3333cccc4444";

const ENTRA_STEP_UP = { id_token: { acrs: { essential: true, value: "c1" } } };

/** App roles have values of the gateway's own, so that nothing needs translating. */
export const ENTRA_ROLES: Readonly<Record<string, string>> = {
  "custody-admins": "admin",
  "custody-developers": "*:developer",
  "custody-operators": "portcullis:ops",
};

export const entra = {
  pages: [
    "Access token claims reference",
    "ID token claims reference",
    "Optional claims reference",
    "Claims challenges, claims requests, and client capabilities",
    "OpenID Connect (OIDC) on the Microsoft identity platform",
  ],
  clientId: ENTRA_ID,
  complaint: (request) => (request.has("acr_values") ? "acr_values is not known" : null),
  accessToken: ({ person, request }) =>
    request.get("scope")?.includes(`api://${API_ID}/`)
      ? {
          ...entraClaims(person),
          aud: API_ID,
          sub: `pairwise-of-api-${person.id}`,
          azp: ENTRA_ID,
          azpacr: "1",
          scp: "access_as_user",
          roles: person.groups.map((group) => ENTRA_ROLES[group]),
        }
      : "EwBwA8l6BAAU-opaque-token-for-graph",
  idToken: ({ person, request, authTime }) => ({
    ...entraClaims(person),
    sub: `pairwise-of-client-${person.id}`,
    auth_time: authTime,
    acrs: request.get("claims") === JSON.stringify(ENTRA_STEP_UP) ? ["c1"] : undefined,
  }),
} as const satisfies Partial<Dialect>;

function entraClaims(person: Person): Claims {
  return {
    ver: "2.0",
    tid: TENANT,
    oid: person.id,
    name: person.name,
    preferred_username: person.login,
    rh: "0.AS8A",
    uti: crypto.randomUUID(),
  };
}

export const ENTRA_SETTINGS = {
  OIDC_AUDIENCE: API_ID,
  OIDC_CLIENT_ID: ENTRA_ID,
  OIDC_SCOPE: `openid profile email offline_access api://${API_ID}/access_as_user`,
  OIDC_SUBJECT_CLAIM: "oid",
  OIDC_ORG_CLAIM: "tid",
  OIDC_EMAIL_CLAIM: "preferred_username",
  OIDC_MFA: "acrs:c1",
  OIDC_MFA_REQUEST: JSON.stringify({ claims: ENTRA_STEP_UP }),
};

export const entraPaths = (tenant: string): Dialect["paths"] => ({
  authorization: `/${tenant}/oauth2/v2.0/authorize`,
  token: `/${tenant}/oauth2/v2.0/token`,
  keys: `/${tenant}/discovery/v2.0/keys`,
  signOut: { ...STANDARD_SIGN_OUT, path: `/${tenant}/oauth2/v2.0/logout` },
});
