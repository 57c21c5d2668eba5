/** The people of the sample organisation. */

interface SampleUser {
  readonly name: string;
  readonly email: string;
  /** Shown where one picks a user to sign in as. */
  readonly summary: string;
  readonly roles: readonly string[];
  readonly vaultRoles: Readonly<Record<string, readonly string[]>>;
}

export const SAMPLE_ORGANIZATION = "org_demo";

export const SAMPLE_USERS: ReadonlyMap<string, SampleUser> = new Map([
  [
    "alice",
    {
      name: "Alice Andersson",
      email: "alice@demo.example",
      summary: "Admin, developer on every vault",
      roles: ["admin"],
      vaultRoles: { "*": ["developer"] },
    },
  ],
  [
    "bob",
    {
      name: "Bob Baker",
      email: "bob@demo.example",
      summary: "Developer on the Treasury vault",
      roles: [],
      vaultRoles: { vault_3f8a2c1d9b: ["developer"] },
    },
  ],
  [
    "carol",
    { name: "Carol Chen", email: "carol@demo.example", summary: "No role", roles: [], vaultRoles: {} },
  ],
]);

export const PASSWORD_ONLY: readonly string[] = ["pwd"];
export const WITH_SECOND_FACTOR: readonly string[] = ["pwd", "otp", "mfa"];

/** What an access token says of a user beyond the registered claims (RFC 9068 section 2.2). */
export function accessTokenClaims(user: SampleUser): Record<string, unknown> {
  return {
    org_id: SAMPLE_ORGANIZATION,
    name: user.name,
    email: user.email,
    roles: user.roles,
    vault_roles: user.vaultRoles,
  };
}
