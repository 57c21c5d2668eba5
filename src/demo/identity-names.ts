/** Names that the sample identity provider and those who use it agree on. */

export const CONSOLE_CLIENT = "portcullis-console";
export const COMMAND_LINE_CLIENT = "portcullis-command-line";

/** An access token for a sample user without signing in. Parameters: `user`, and `true` for `mfa` and `ops`. */
export const SAMPLE_USER_GRANT = "urn:portcullis:grant-type:sample-user";

export const OPERATOR_SCOPE = "portcullis:ops";

/** A sign-in with several factors (OpenID PAPE 1.0), as a step-up challenge asks for it (RFC 9470 section 3). */
export const SECOND_FACTOR_ACR = "http://schemas.openid.net/pape/policies/2007/06/multi-factor";
