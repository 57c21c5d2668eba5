import { COMMAND_LINE_CLIENT, SAMPLE_USER_GRANT } from "./identity-names.ts";
import { SAMPLE_USERS } from "./sample-users.ts";

export interface TokenRequest {
  readonly user: string;
  /** With a second factor, this moment. */
  readonly mfa?: boolean;
  /** With the operators' scope. */
  readonly ops?: boolean;
}

/**
 * An identity token (access token for the control API) of a sample user from the sample identity provider, good for an
 * hour. Throws when the provider does not know the user; `fetch` rejects when there is no provider.
 */
export async function requestToken(issuer: string, { user, mfa = false, ops = false }: TokenRequest) {
  if (!SAMPLE_USERS.has(user)) throw new Error(`There is no sample user ${user}`);
  const response = await fetch(`${issuer}/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: SAMPLE_USER_GRANT,
      client_id: COMMAND_LINE_CLIENT,
      user,
      mfa: `${mfa}`,
      ops: `${ops}`,
    }),
  });
  if (!response.ok)
    throw new Error(`The identity provider answered ${response.status}: ${await response.text()}`);
  const { access_token: token } = await response.json<{ access_token: string }>();
  return token;
}
